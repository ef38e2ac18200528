/** A client of BitBake, from its start to its end: every line of it, stopped as a person would stop it. */
import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { Exited } from '../output/judge.js'
import type { Log } from './log.js'
import type { PreparedBuild } from './prepare.js'
import { signalProcess, watchServer } from './server.js'
import { guard, hasStarted, stopOnSignals } from './stop.js'

export interface ClientCall {
  readonly argv: readonly string[]
  /** The last words of BitBake's own command line, which `argv` may wrap. */
  readonly words: readonly string[]
  readonly prepared: PreparedBuild
  readonly log: Log
  /** Finish the running tasks and stop. */
  readonly stop: AbortSignal
  /** Stop the running tasks too. */
  readonly stopNow: AbortSignal
  /** ms that BitBake has to end in when it was told to stop now; 30 s by default. */
  readonly grace?: number
  onLine(line: string, stream: 'stdout' | 'stderr'): void
}

/** `error`: it could not be started. */
export type Exit = Exited | { readonly error: unknown }

export interface ClientRun {
  readonly exit: Exit
  /** Its server was killed, and it with it. */
  readonly serverDied: boolean
}

/** ms. BitBake gives its tasks a few seconds. */
const defaultGrace = 30_000

export async function runClient(call: ClientCall): Promise<ClientRun> {
  const { argv, words, prepared, log, stop, stopNow, grace = defaultGrace } = call
  const { servers } = prepared
  const { directory } = prepared.build
  const foreign = await servers.foreign()
  let child: ChildProcessByStdio<null, Readable, Readable>
  try {
    // Its own process group: a terminal's Ctrl-C then reaches BitBake through us, and once.
    child = spawn(argv[0]!, argv.slice(1), {
      cwd: prepared.cwd,
      env: { ...prepared.variables },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  } catch (error) {
    return { exit: { error }, serverDied: false }
  }
  for (const stream of ['stdout', 'stderr'] as const) {
    createInterface({ input: child[stream], crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => {
      call.onLine(line, stream)
    })
  }
  const invocation = { started: hasStarted(child, directory), directory, words, log }
  const release = stopOnSignals(child, { ...invocation, stop, stopNow, grace, foreign })
  const unguard = guard(child, invocation)
  let serverDied = false
  const unwatch = watchServer(directory, grace, (pid) => {
    // Then its end is asked for, and the client is seen to.
    if (stopNow.aborted) return
    serverDied = true
    log.line(`# BitBake's server (process ${pid}) is gone: its client is ended`)
    signalProcess(-child.pid!, 'SIGKILL')
  })
  const exit = await ended(child)
  release()
  unguard()
  const seen = unwatch()
  await servers.claim(foreign)
  if ((stop.aborted || stopNow.aborted) && !('error' in exit)) await servers.end(foreign, seen, exit, grace, log)
  return { exit, serverDied }
}

function ended(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ error }))
    // Not `exit`: the pipes may still hold lines then.
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
}
