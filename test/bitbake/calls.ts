/** Calls of runBitbake for tests: with signals to stop them, and everything they say kept. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { BitbakeTarget } from '../../src/bitbake/command.js'
import { prepareBuild } from '../../src/bitbake/process/prepare.js'
import { runBitbake, type BitbakeCall, type BitbakeRun } from '../../src/bitbake/process/run.js'
import type { Progress } from '../../src/bitbake/output/progress.js'
import type { Build } from '../../src/targets/target.js'
import type { BitbakeProblem } from '../../src/problem/bitbake-problem.js'
import type { Result } from '../../src/problem/problem.js'
import { temporaryDirectory } from '../rig/temp.js'

export function image(multiconfig: string, recipe = 'hello-container'): BitbakeTarget {
  return { multiconfig, recipe, task: 'image_complete' }
}

export interface StartedCall {
  readonly result: Promise<Result<BitbakeRun, BitbakeProblem>>
  readonly progress: readonly Progress[]
  readonly lines: readonly string[]
  readonly failures: readonly BitbakeProblem[]
  /** The content of the log; nothing before there is one. */
  logged(): string
  stop(): void
  stopNow(): void
}

const begun: AbortController[] = []

/** For after a test: if it failed half-way, its BitBake may still run. */
export function stopCalls(): void {
  for (const stopNow of begun.splice(0)) stopNow.abort()
}

export interface CallOptions extends Partial<BitbakeCall> {
  /** What mab itself would run in. */
  readonly environment?: Readonly<Record<string, string | undefined>>
}

export function startCall(
  build: Build,
  targets: readonly BitbakeTarget[],
  { environment = process.env, ...more }: CallOptions = {},
): StartedCall {
  const [stop, stopNow] = [new AbortController(), new AbortController()]
  begun.push(stopNow)
  const progress: Progress[] = []
  const lines: string[] = []
  const failures: BitbakeProblem[] = []
  const call: Omit<BitbakeCall, 'prepared'> = {
    targets,
    keepGoing: false,
    log: path.join(temporaryDirectory(), 'logs', 'bitbake.log'),
    stop: stop.signal,
    stopNow: stopNow.signal,
    wait: Number.POSITIVE_INFINITY,
    onWait: () => {},
    onProgress: (step) => progress.push(step),
    onLine: (line) => lines.push(line),
    onFailure: (failure) => failures.push(failure),
    neededBy: ({ multiconfig }) => [{ target: 'hello', platform: multiconfig }],
    ...more,
  }
  return {
    result: prepareBuild(build, environment, call.stop).then((prepared) =>
      prepared.ok ? runBitbake({ prepared: prepared.value, ...call }) : prepared,
    ),
    progress,
    lines,
    failures,
    logged: () => (existsSync(call.log) ? readFileSync(call.log, 'utf8') : ''),
    stop: () => stop.abort(),
    stopNow: () => stopNow.abort(),
  }
}

/** The run of a call that could be started. */
export async function finished(call: StartedCall): Promise<BitbakeRun> {
  const result = await call.result
  if (!result.ok) throw new Error(`not started: ${JSON.stringify(result.problems)}`)
  return result.value
}

export function namesOf(targets: readonly BitbakeTarget[]): string[] {
  return targets.map(({ multiconfig }) => multiconfig)
}

/** Waits until it holds; fails after 30 s. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const end = Date.now() + 30_000
  while (!holds()) {
    if (Date.now() > end) throw new Error(`waited 30 s in vain: ${what}`)
    await delay(20)
  }
}

/** Not so a zombie: whoever should have noticed its end is no business of ours. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !/^State:\s+Z/m.test(existsSync('/proc/self') ? readFileSync(`/proc/${pid}/status`, 'utf8') : '')
  } catch {
    return false
  }
}

/** For the end of a test with BitBake: its server outlives the call a little, and writes where it ran. */
export async function serverGone({ directory }: Build): Promise<void> {
  await until('the server is gone', () => !existsSync(path.join(directory, 'bitbake.lock')))
}
