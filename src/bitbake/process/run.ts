/** One BitBake invocation: started in the build directory, every line of it logged, stopped as a person would stop it. */
import { errorCode, errorText } from '../../util/fs.js'
import { distinctImages, type BitbakeProblem, type WantedImage } from '../../problem/bitbake-problem.js'
import { fail, ok, type Result } from '../../problem/problem.js'
import { checkBuildDirectory, waitForBuildDirectory } from '../build-directory.js'
import { runClient, type Exit } from './client.js'
import { buildArguments, type BitbakeTarget } from '../command.js'
import { explainFailure, judge, refusedTargets, type JudgeOptions, type TaskFailure } from '../output/judge.js'
import { openLog, type Log } from './log.js'
import type { PreparedBuild } from './prepare.js'
import { ProgressReader, type Progress, type Sstate } from '../output/progress.js'
import type { ServerAtWork } from './server.js'
import { taskKey, Transcript, type Summary } from '../output/transcript.js'

export interface BitbakeCall {
  readonly prepared: PreparedBuild
  readonly targets: readonly BitbakeTarget[]
  /** `-k`: the other multiconfigs go on when one fails. */
  readonly keepGoing: boolean
  /** Ask BitBake what it would do (`-n`). */
  readonly dryRun?: boolean
  readonly log: string
  /** Finish the running tasks and stop. */
  readonly stop: AbortSignal
  /** Stop the running tasks too. */
  readonly stopNow: AbortSignal
  /** ms to wait for another BitBake that is at work in the build directory. */
  readonly wait: number
  /** ms that BitBake has to end in by itself when it was told to stop now, or its server is gone; 30 s by default. */
  readonly grace?: number
  /** Called once, when there is one to wait for. */
  onWait(atWork: ServerAtWork): void
  onProgress(progress: Progress): void
  /** Called as soon as BitBake reports that a task failed; not for tasks that were stopped by `stopNow`. */
  onFailure?(failure: TaskFailure): void
  onLine?(line: string): void
  neededBy(target: BitbakeTarget): readonly WantedImage[]
}

export interface BitbakeRun {
  /** The targets that BitBake built, or found to be built. */
  readonly built: readonly BitbakeTarget[]
  /** When it was told to stop: only of the tasks that had failed before they were stopped. */
  readonly problems: readonly BitbakeProblem[]
  readonly summary: Summary | undefined
  readonly sstate: Sstate | undefined
  readonly warnings: Warnings
  /** Errors that `build.acceptErrors` accepts, each once. */
  readonly accepted: readonly string[]
  /** The multiconfigs of the targets for which a task was run. */
  readonly begun: readonly string[]
  /** It was told to stop before it was done. */
  readonly interrupted: boolean
}

export interface Warnings {
  /** As BitBake counts them. */
  readonly count: number
  /** Each once, with the multiconfig and the task that said it. */
  readonly texts: readonly string[]
  /** Tasks that were forced at some time: `mc:<multiconfig>:<recipe>:do_<task>`. */
  readonly tainted: readonly string[]
}

/**
 * Problems are those of starting; what BitBake found is in the run's own `problems`. Throws when the log cannot be
 * written.
 */
export async function runBitbake(call: BitbakeCall): Promise<Result<BitbakeRun, BitbakeProblem>> {
  const { prepared, targets, keepGoing, neededBy } = call
  const { build, withheld } = prepared
  const unfit = (await checkBuildDirectory(build)) ?? (await waitForBuildDirectory(build.directory, call))
  if (unfit !== undefined) return fail(unfit)
  const log = await openLog(call.log)
  const invoke = (args: readonly string[], onProgress: BitbakeCall['onProgress']): Promise<Invocation | undefined> =>
    invokeBitbake(args, log, { ...call, onProgress })
  try {
    if (withheld.length > 0) log.line(`# withheld from BitBake's environment: ${withheld.join(' ')}`)
    return await ask(targets)
  } finally {
    await log.close()
  }

  async function ask(asked: readonly BitbakeTarget[]): Promise<Result<BitbakeRun, BitbakeProblem>> {
    const args = buildArguments(asked, keepGoing)
    const ran = await invoke(call.dryRun === true ? ['-n', ...args] : args, call.onProgress)
    if (ran === undefined) return ok({ ...nothing, interrupted: true })
    const { exit, transcript, serverDied } = ran
    if ('error' in exit) {
      return fail(cannotStart(build.command[0]!, exit.error))
    }
    const { directory, acceptErrors } = build
    const options = { exit, serverDied, keepGoing, directory, acceptErrors, log: call.log, neededBy }
    const { built, unsure, problems, accepted } = judge(transcript, asked, options)
    const current = unsure.length > 0 && !call.stop.aborted && (await areCurrent(unsure, options))
    const interrupted = call.stop.aborted || call.stopNow.aborted
    if (interrupted) {
      const failures = problems.filter(
        (problem) => problem.code === 'bitbake-task-failed' && ran.failures.has(taskKey(problem)),
      )
      return ok({ ...nothing, problems: failures, interrupted })
    }
    const refused = keepGoing ? refusedTargets(transcript, asked) : []
    const others = asked.filter((target) => !refused.includes(target))
    if (refused.length > 0 && others.length > 0) {
      const ofOthers = await ask(others)
      if (!ofOthers.ok) return ofOthers
      return ok({
        ...ofOthers.value,
        problems: joinProblems(problems, ofOthers.value.problems),
        accepted: [...new Set([...accepted, ...ofOthers.value.accepted])],
      })
    }
    return ok({
      built: current ? [...built, ...unsure] : built,
      problems,
      summary: transcript.summary,
      sstate: ran.sstate,
      warnings: {
        count: transcript.warnings,
        texts: [...transcript.warningTexts],
        tainted: [...transcript.tainted],
      },
      accepted,
      begun: begunMulticonfigs(transcript, asked),
      interrupted,
    })
  }

  /** Asks BitBake, which is quick and changes nothing, whether nothing is left to do for all of them. */
  async function areCurrent(unsure: readonly BitbakeTarget[], options: JudgeOptions): Promise<boolean> {
    const ran = await invoke(['-n', ...buildArguments(unsure, false)], () => {})
    if (ran === undefined || 'error' in ran.exit) return false
    const { exit, transcript } = ran
    const { built } = judge(transcript, unsure, { ...options, exit, keepGoing: false })
    return built.length > 0 && transcript.summary?.upToDate === transcript.summary?.attempted
  }
}

/** Both calls may be refused for one `mcdepends`, which recipes of several multiconfigs have. */
function joinProblems(first: readonly BitbakeProblem[], second: readonly BitbakeProblem[]): readonly BitbakeProblem[] {
  const joined = new Map<string, BitbakeProblem>()
  for (const problem of [...first, ...second]) {
    const key = problem.code === 'unknown-multiconfig' ? problem.multiconfig : JSON.stringify(problem)
    const known = joined.get(key)
    if (problem.code !== 'unknown-multiconfig' || known?.code !== problem.code) joined.set(key, problem)
    else joined.set(key, { ...known, images: distinctImages([...known.images, ...problem.images]) })
  }
  return [...joined.values()]
}

export function cannotStart(command: string, error: unknown): BitbakeProblem {
  const missing = command.includes('/') ? 'no such file' : 'no such program on PATH'
  const found = errorCode(error) === 'ENOENT' ? missing : errorText(error)
  return { code: 'command-not-found', command, found }
}

const nothing = {
  built: [],
  problems: [],
  summary: undefined,
  sstate: undefined,
  warnings: { count: 0, texts: [], tainted: [] },
  accepted: [],
  begun: [],
}

/** A wrapper may leave out the lines that name tasks: then the numbers of the summary decide. */
function begunMulticonfigs({ begun, summary }: Transcript, targets: readonly BitbakeTarget[]): string[] {
  const all = [...new Set(targets.map(({ multiconfig }) => multiconfig))]
  if (begun.size === 0) return summary?.attempted === summary?.upToDate ? [] : all
  return all.filter((multiconfig) => [...begun].some((key) => key.startsWith(`${multiconfig}:`)))
}

interface Invocation {
  readonly exit: Exit
  readonly transcript: Transcript
  readonly serverDied: boolean
  /** `taskKey` of the tasks that failed before they were told to stop. */
  readonly failures: ReadonlySet<string>
  readonly sstate: Sstate | undefined
}

/** One process from its start to its end; `undefined` when it was told to stop before. */
async function invokeBitbake(args: readonly string[], log: Log, call: BitbakeCall): Promise<Invocation | undefined> {
  if (call.stop.aborted || call.stopNow.aborted) return undefined
  const { prepared } = call
  const argv = prepared.bitbake(args)
  log.line(`# cd ${prepared.cwd}\n# ${argv.join(' ')}`)
  const transcript = new Transcript()
  const reader = new ProgressReader()
  const failures = new Set<string>()
  const { exit, serverDied } = await runClient({
    ...call,
    argv,
    words: [...prepared.build.args, ...args],
    log,
    onLine: (line, stream) => {
      log.line(line)
      call.onLine?.(line)
      transcript.line(line, stream)
      for (const failed of call.stopNow.aborted ? [] : transcript.failedTasks) {
        if (failures.has(taskKey(failed))) continue
        failures.add(taskKey(failed))
        call.onFailure?.(explainFailure(failed, transcript, call.targets, call))
      }
      const progress = reader.line(line)
      if (progress !== undefined) call.onProgress(progress)
    },
  })
  transcript.end()
  if (!('error' in exit)) log.line(`# ended with ${exit.signal ?? `exit code ${exit.code}`}`)
  return { exit, transcript, serverDied, failures, sstate: reader.sstate }
}
