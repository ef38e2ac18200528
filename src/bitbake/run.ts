/**
 * One BitBake invocation: started in the build directory, every line of it logged, stopped as a person would stop it.
 *
 * The client is told to stop by SIGINT only: SIGTERM or SIGKILL would leave the build running, detached.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { createWriteStream, promises as fs } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import type { Build } from '../targets/target.js'
import { errorCode, errorText, readFileIfThere } from '../util/fs.js'
import { fail, ok, type BitbakeProblem, type Result } from '../util/problem.js'
import { bitbakeArgv, bitbakeEnvironment, buildDirectoryMarker, type BitbakeTarget } from './command.js'
import { judge, type Judgement } from './judge.js'
import { Transcript, type Progress, type Summary } from './transcript.js'

export interface BitbakeCall {
  readonly build: Build
  readonly targets: readonly BitbakeTarget[]
  /** `-k`: the other multiconfigs go on when one fails. */
  readonly keepGoing: boolean
  /** What mab itself runs in. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly log: string
  /** Finish the running tasks and stop. */
  readonly stop: AbortSignal
  /** Stop the running tasks too. */
  readonly stopNow: AbortSignal
  onProgress(progress: Progress): void
  onLine?(line: string): void
  neededBy(target: BitbakeTarget): readonly string[]
}

export interface BitbakeRun extends Judgement {
  readonly summary: Summary | undefined
  readonly warnings: number
  /** It was told to stop before it was done. */
  readonly interrupted: boolean
}

/** Problems are those of starting; what BitBake found is in the run's own `problems`. */
export async function runBitbake(call: BitbakeCall): Promise<Result<BitbakeRun, BitbakeProblem>> {
  const { build } = call
  const unfit = await checkBuildDirectory(build.directory)
  if (unfit !== undefined) return fail(unfit)
  const serverBefore = await serverPid(build.directory)

  const argv = bitbakeArgv(build, call.targets, call.keepGoing)
  const { variables, withheld } = bitbakeEnvironment(call.environment, build.environment)
  await fs.mkdir(path.dirname(call.log), { recursive: true })
  const log = createWriteStream(call.log, { flags: 'wx' })
  log.write(`# cd ${build.directory}\n# ${argv.join(' ')}\n`)
  if (withheld.length > 0) log.write(`# withheld from BitBake's environment: ${withheld.join(' ')}\n`)

  // Its own process group: a terminal's Ctrl-C then reaches BitBake through us, and once.
  const child = spawn(argv[0]!, argv.slice(1), {
    cwd: build.directory,
    env: variables,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const transcript = new Transcript()
  const read = (stream: 'stdout' | 'stderr'): void => {
    createInterface({ input: child[stream], crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => {
      log.write(`${line}\n`)
      call.onLine?.(line)
      const progress = transcript.line(line, stream)
      if (progress !== undefined) call.onProgress(progress)
    })
  }
  read('stdout')
  read('stderr')

  const release = stopOnSignals(child, call)
  try {
    const exit = await ended(child)
    transcript.end()
    if ('error' in exit) {
      const found = errorCode(exit.error) === 'ENOENT' ? 'no such program on PATH' : errorText(exit.error)
      return fail({ code: 'command-not-found', command: argv[0]!, found })
    }
    log.write(`# ended with ${exit.signal ?? `exit code ${exit.code}`}\n`)
    const interrupted = call.stop.aborted || call.stopNow.aborted
    if (interrupted && serverBefore === undefined) await serverGone(build.directory)
    const judgement = judge(transcript, call.targets, {
      exit,
      keepGoing: call.keepGoing,
      directory: build.directory,
      log: call.log,
      neededBy: call.neededBy,
    })
    return ok({ ...judgement, summary: transcript.summary, warnings: transcript.warnings, interrupted })
  } finally {
    release()
    await new Promise<void>((resolve) => log.end(resolve))
  }
}

/** BitBake would litter any directory that it is started in, so the check comes first. */
async function checkBuildDirectory(directory: string): Promise<BitbakeProblem | undefined> {
  const marker = buildDirectoryMarker(directory)
  const there = await fs.access(marker).then(
    () => true,
    () => false,
  )
  if (there) return undefined
  const found = await fs.readdir(directory).catch(() => null)
  return { code: 'not-a-build-directory', directory, missing: path.relative(directory, marker), found }
}

type Exit = { readonly code: number | null; readonly signal: string | null } | { readonly error: unknown }

function ended(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ error }))
    // Not `exit`: the pipes may still hold lines then.
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
}

/** The first SIGINT ends the build after the running tasks, the second ends those too. */
function stopOnSignals(child: ChildProcess, { stop, stopNow }: BitbakeCall): () => void {
  let sent = 0
  const interrupt = (): void => {
    if (child.pid === undefined || child.exitCode !== null) return
    sent++
    try {
      process.kill(-child.pid, 'SIGINT')
    } catch (error) {
      if (errorCode(error) !== 'ESRCH') throw error
    }
  }
  let second: NodeJS.Timeout | undefined
  const onStop = (): void => {
    if (sent === 0) interrupt()
  }
  const onStopNow = (): void => {
    onStop()
    // BitBake counts interrupts: two that arrive as one would be one.
    second ??= setTimeout(() => sent < 2 && interrupt(), 100)
  }
  stop.addEventListener('abort', onStop)
  stopNow.addEventListener('abort', onStopNow)
  if (stop.aborted) onStop()
  if (stopNow.aborted) onStopNow()
  return () => {
    stop.removeEventListener('abort', onStop)
    stopNow.removeEventListener('abort', onStopNow)
    clearTimeout(second)
  }
}

/** The live server of the build directory: BitBake keeps its pid in `bitbake.lock`, which may be stale. */
async function serverPid(directory: string): Promise<number | undefined> {
  const content = await readFileIfThere(path.join(directory, 'bitbake.lock'))
  const pid = Number.parseInt(content?.toString('latin1') ?? '', 10)
  if (!(pid > 1)) return undefined
  const command = await fs.readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => undefined)
  if (command !== undefined) return command.includes('bitbake') ? pid : undefined
  try {
    process.kill(pid, 0)
    return process.platform === 'linux' ? undefined : pid
  } catch {
    return undefined
  }
}

/** ms. A server that lost its client while it started gives up after 30 s (facts: BitBake's own time limit). */
const serverGrace = 35_000

/** Waits until the server that the interrupted call had started is gone, and with it the lock. */
async function serverGone(directory: string): Promise<void> {
  const end = Date.now() + serverGrace
  while (Date.now() < end && (await serverPid(directory)) !== undefined) await delay(100)
}
