/**
 * Ending a BitBake before it is done, as a person would: by SIGINT to its client. SIGTERM or SIGKILL would leave the
 * build running, detached; they come only when it does not heed the interrupts.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { clientInContainer } from './container.js'
import type { Log } from './log.js'
import { endServer, serverPid, serverStarts, signalProcess } from './server.js'

type Client = ChildProcessByStdio<null, Readable, Readable>

interface Invocation {
  /** See `hasStarted`. */
  readonly started: Promise<void>
  /** The build directory. */
  readonly directory: string
  readonly log: Log
  /** The last words of BitBake's command line, whatever it is wrapped in. */
  readonly words: readonly string[]
}

export interface Stopping extends Invocation {
  /** Finish the running tasks and stop. */
  readonly stop: AbortSignal
  /** Stop the running tasks too. */
  readonly stopNow: AbortSignal
  /** ms from the second interrupt until BitBake counts as hung and is ended by force. */
  readonly grace: number
  /** The server that the run did not start: it is not ours to end. */
  readonly foreign: number | undefined
}

/** ms in which a client has come so far that it hears, if it says nothing. */
const startTime = 1_500
/** ms that its server may need on a machine that has much else to do. */
const serverStartTime = 10_000
/** ms between two interrupts: BitBake counts them, and two that arrive as one would be one. */
const betweenInterrupts = 100

/** An interrupt while BitBake starts leaves a server behind that nobody asks for anything, for 30 s. */
export async function hasStarted(client: Client, directory: string): Promise<void> {
  await Promise.any([once(client.stdout, 'data'), once(client.stderr, 'data'), pause(startTime)])
  const end = performance.now() + serverStartTime
  while (isRunning(client) && performance.now() < end && (await serverStarts(directory))) await pause(100)
}

function isRunning({ exitCode, signalCode }: Client): boolean {
  return exitCode === null && signalCode === null
}

/** The first SIGINT ends the build after the running tasks, the second ends those too. @returns what ends the vigil. */
export function stopOnSignals(client: Client, stopping: Stopping): () => void {
  const { stop, stopNow, started } = stopping
  let over = false
  const interrupt = async (): Promise<void> => {
    // What started it there may keep the interrupt to itself, or die of it and leave BitBake building.
    const contained = await containedClient(stopping)
    if (over || client.pid === undefined) return
    if (contained === undefined || !signalProcess(contained, 'SIGINT')) signalProcess(-client.pid, 'SIGINT')
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

async function containedClient({
  directory,
  words,
}: Pick<Invocation, 'directory' | 'words'>): Promise<number | undefined> {
  const server = await serverPid(directory)
  return server === undefined ? undefined : clientInContainer(server, words)
}

/** ms that a hung server has to end on SIGTERM. */
const serverGrace = 5_000

async function endByForce(client: Client, stopping: Stopping): Promise<void> {
  const { directory, foreign, log, grace } = stopping
  log.line('# BitBake does not heed its interrupts: it is ended by force')
  const contained = await containedClient(stopping)
  const server = await serverPid(directory)
  if (server !== undefined && server !== foreign) await endServer(server, Math.min(grace, serverGrace))
  if (contained !== undefined) signalProcess(contained, 'SIGKILL')
  if (client.pid !== undefined) signalProcess(-client.pid, 'SIGKILL')
}

/**
 * Reads until its input ends. The last line `ended` means that BitBake has ended; else mab was killed: then, when BitBake
 * has started (`started`, with its client's number when that is in a container), it interrupts BitBake twice, and takes its output (3, 4) over: a client that cannot write dies without telling its server to stop, and one
 * that nobody reads from waits for ever. They do not block, as Node had them: cat ends where nothing more is there yet.
 */
const guardScript = `
while read -r word number; do state=$word contained=$number; done
[ "$state" != ended ] || exit 0
[ "$state" = started ] || sleep 3
echo "# mab was killed: BitBake is told to stop" >>"$2"
client=\${contained:--$1}
kill -s INT -- "$client"; sleep 1; kill -s INT -- "$client"
left=30
while kill -s 0 -- "$client"; do
  cat <&3 >>"$2"; cat <&4 >>"$2"
  [ $((left -= 1)) -gt 0 ] || kill -s KILL -- "$client" "-$1"
  sleep 1
done`

/** Sees to it that BitBake ends with mab, even when mab is killed. @returns what to call when BitBake has ended. */
export function guard(client: Client, { started, directory, words, log }: Invocation): () => void {
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
  const tell = (line: string): void => void (watcher.stdin?.writable && watcher.stdin.write(`${line}\n`))
  void started.then(async () => {
    tell('started')
    // What comes before a container says something long before the BitBake in it.
    while (isRunning(client) && (await serverPid(directory)) === undefined) await pause(1_000)
    const contained = await containedClient({ directory, words })
    if (contained !== undefined) tell(`started ${contained}`)
  })
  return () => watcher.stdin?.end('ended\n')
}

/** Keeps no process alive that would end otherwise. */
function pause(milliseconds: number): Promise<void> {
  return delay(milliseconds, undefined, { ref: false })
}
