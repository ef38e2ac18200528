/**
 * Ending a BitBake before it is done, as a person would: by SIGINT to its client. SIGTERM or SIGKILL would leave the
 * build running, detached; they come only when it does not heed the interrupts.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from './log.js'
import { endServer, serverPid, serverStarts, signalProcess } from './server.js'

type Client = ChildProcessByStdio<null, Readable, Readable>

export interface Stopping {
  /** Finish the running tasks and stop. */
  readonly stop: AbortSignal
  /** Stop the running tasks too. */
  readonly stopNow: AbortSignal
  /** ms from the second interrupt until BitBake counts as hung and is ended by force. */
  readonly grace: number
  /** The build directory. */
  readonly directory: string
  /** The server that was there before: it is not ours to end. */
  readonly serverBefore: number | undefined
  readonly log: Log
}

/** ms in which a client has come so far that it hears, if it says nothing. */
const startTime = 1_500
/** ms that its server may need on a machine that has much else to do. */
const serverStartTime = 10_000
/** ms between two interrupts: BitBake counts them, and two that arrive as one would be one. */
const betweenInterrupts = 100

/** An interrupt while BitBake starts leaves a server behind that nobody asks for anything, for 30 s. */
async function hasStarted(client: Client, directory: string): Promise<void> {
  await Promise.any([once(client.stdout, 'data'), once(client.stderr, 'data'), pause(startTime)])
  const end = performance.now() + serverStartTime
  while (isRunning(client) && performance.now() < end && (await serverStarts(directory))) await pause(100)
}

function isRunning({ exitCode, signalCode }: Client): boolean {
  return exitCode === null && signalCode === null
}

/** The first SIGINT ends the build after the running tasks, the second ends those too. @returns what ends the vigil. */
export function stopOnSignals(client: Client, stopping: Stopping): () => void {
  const { stop, stopNow, directory } = stopping
  const started = hasStarted(client, directory)
  let over = false
  const interrupt = (): void => {
    if (!over && client.pid !== undefined) signalProcess(-client.pid, 'SIGINT')
  }
  let first: Promise<void> | undefined
  const onStop = (): void => {
    first ??= started.then(interrupt)
  }
  const onStopNow = (): void => {
    onStop()
    void first
      ?.then(() => pause(betweenInterrupts))
      .then(interrupt)
      .then(() => pause(stopping.grace))
      .then(() => (over ? undefined : endByForce(client, stopping)))
  }
  stop.addEventListener('abort', onStop)
  stopNow.addEventListener('abort', onStopNow)
  return () => {
    over = true
    stop.removeEventListener('abort', onStop)
    stopNow.removeEventListener('abort', onStopNow)
  }
}

/** ms that a hung server has to end on SIGTERM. */
const serverGrace = 5_000

async function endByForce(client: Client, { directory, serverBefore, log, grace }: Stopping): Promise<void> {
  log.line('# BitBake does not heed its interrupts: it is ended by force')
  const server = await serverPid(directory)
  if (server !== undefined && server !== serverBefore) await endServer(server, Math.min(grace, serverGrace))
  if (client.pid !== undefined) signalProcess(-client.pid, 'SIGKILL')
}

/**
 * Reads until its input ends. The line `ended` before means that BitBake has ended; none means that mab was killed: then,
 * when BitBake has started, it interrupts BitBake twice, and takes its output ($3, $4) over: a client that cannot write dies without telling its
 * server to stop, and one that nobody reads from waits for ever.
 */
const guardScript = `
read -r state || sleep 3
[ "$state" != started ] || read -r state
[ "$state" != ended ] || exit 0
echo "# mab was killed: BitBake is told to stop" >>"$2"
kill -s INT -- "-$1"; sleep 1; kill -s INT -- "-$1"
left=30
while kill -s 0 -- "-$1"; do
  cat <&3 >>"$2"; cat <&4 >>"$2"
  [ $((left -= 1)) -gt 0 ] || kill -s KILL -- "-$1"
  sleep 1
done`

/** Sees to it that BitBake ends with mab, even when mab is killed. @returns what to call when BitBake has ended. */
export function guard(client: Client, directory: string, log: Log): () => void {
  if (client.pid === undefined) return () => {}
  const watcher = spawn('/bin/sh', ['-c', guardScript, 'mab-guard', String(client.pid), log.file], {
    // A session of its own: what ends mab's group or terminal is not to end it.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore', client.stdout, client.stderr],
  })
  // Handing them on has paused them here.
  client.stdout.resume()
  client.stderr.resume()
  // Without a shell BitBake is merely unguarded.
  watcher.on('error', () => {})
  watcher.stdin?.on('error', () => {})
  watcher.unref()
  void hasStarted(client, directory).then(() => watcher.stdin?.writable && watcher.stdin.write('started\n'))
  return () => watcher.stdin?.end('ended\n')
}

/** Keeps no process alive that would end otherwise. */
function pause(milliseconds: number): Promise<void> {
  return delay(milliseconds, undefined, { ref: false })
}
