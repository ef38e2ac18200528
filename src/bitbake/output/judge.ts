/**
 * What a finished BitBake invocation means for each target. Decided from what BitBake said, never from what lies in
 * the deploy directory: a failed multiconfig leaves its old image there.
 */
import {
  distinctImages,
  type BitbakeCause,
  type BitbakeProblem,
  type WantedImage,
} from '../../problem/bitbake-problem.js'
import { findBadRecipe, findCause, findTaskCause } from './cause.js'
import type { BitbakeTarget } from '../command.js'
import { taskKey, type ErrorMessage, type FailedTask, type Transcript, type UnknownMulticonfig } from './transcript.js'
import { explainUnknown } from '../query/unknown.js'

export interface Judgement {
  /** The targets that BitBake built, or found to be built. */
  readonly built: readonly BitbakeTarget[]
  /**
   * With other targets failed, those that BitBake said nothing of: up to date, or given up for something they need.
   * What lies in the deploy directory may be old.
   */
  readonly unsure: readonly BitbakeTarget[]
  readonly problems: readonly BitbakeProblem[]
  /** Errors that the config accepts, each once. */
  readonly accepted: readonly string[]
}

export type TaskFailure = Extract<BitbakeProblem, { code: 'bitbake-task-failed' }>

/** How a process ended. */
export interface Exited {
  readonly code: number | null
  readonly signal: string | null
}

export interface JudgeOptions {
  readonly exit: Exited
  /** It was ended because its server was gone. */
  readonly serverDied?: boolean
  readonly keepGoing: boolean
  /** `build.acceptErrors`: an error that contains one of these texts is none, unless a task failed with it. */
  readonly acceptErrors?: readonly string[] | undefined
  /** The build directory, for messages. */
  readonly directory: string
  /** Our log of the invocation. */
  readonly log: string
  /** The images that need a BitBake target. */
  neededBy(target: BitbakeTarget): readonly WantedImage[]
}

export function judge(transcript: Transcript, targets: readonly BitbakeTarget[], options: JudgeOptions): Judgement {
  const { exit, log } = options
  const { summary } = transcript
  const errors = unacceptedErrors(transcript, options.acceptErrors)
  const accepted = [...new Set(transcript.errors.filter((error) => !errors.includes(error)).map(({ text }) => text))]
  if (exit.code === 0 || hasOnly(accepted, errors, transcript)) {
    if (summary !== undefined && summary.failed === 0) return { built: targets, unsure: [], problems: [], accepted }
    // SIGTERM to the server: nothing is deployed, and the client exits 0.
    const expected = `the line "NOTE: Tasks Summary: Attempted … tasks … all succeeded." (is -q among build.args?)`
    const images = distinctImages(targets.flatMap(options.neededBy))
    return { built: [], unsure: [], problems: [{ code: 'bitbake-incomplete', expected, images, log }], accepted }
  }
  const problems = explain(transcript, targets, options)
  if (problems.length === 0) {
    const how = exit.signal === null ? `exit code ${exit.code}` : `signal ${exit.signal}`
    const telling = tellingErrors(transcript, errors)
    const cause = causeOf(transcript, telling, options)
    const images = distinctImages(targets.flatMap(options.neededBy))
    problems.push({
      code: 'bitbake-failed',
      exit: how,
      errors: telling,
      images,
      ...(cause === undefined ? {} : { cause }),
      log,
    })
  }
  const failed = new Set([
    ...transcript.failedTasks.map(({ multiconfig }) => multiconfig),
    ...errors.map(({ multiconfig }) => multiconfig),
  ])
  const missing = new Set(transcript.unknownRecipes.map(({ recipe }) => recipe))
  // Without -k BitBake begins nothing after the first failure, and does not say what it left undone.
  const attributed = errors.every(({ multiconfig }) => multiconfig !== undefined)
  const explained = exit.code === 1 && failed.size + missing.size > 0
  const complete = options.keepGoing && summary !== undefined && explained && attributed && !hasSetupProblem(transcript)
  if (!complete) return { built: [], unsure: [], problems, accepted }
  const rest = targets.filter(({ multiconfig }) => !failed.has(multiconfig))
  const isBegun = (target: BitbakeTarget): boolean => transcript.begun.has(taskKey(target))
  // BitBake does not say for which multiconfig a recipe is missing.
  const unsure = rest.filter((target) => !isBegun(target) && !missing.has(target.recipe))
  return { built: rest.filter(isBegun), unsure, problems, accepted }
}

function causeOf(
  transcript: Transcript,
  errors: readonly string[],
  { exit, serverDied }: JudgeOptions,
): BitbakeCause | undefined {
  const { halted, lastWords, summary } = transcript
  if (serverDied) return { kind: 'server-died' }
  const known = findCause([...errors, ...lastWords]) ?? programCause(transcript.errors)
  if (known !== undefined) return known
  if (halted) return findBadRecipe(errors)
  return exit.code === 1 && summary?.failed === 0 ? { kind: 'reported-errors' } : undefined
}

const maximumErrors = 5
/** Said after an error that says more. */
const afterword = /^(Parsing halted due to errors|Command execution failed: \d)/

/** The first ones: what follows are mostly their consequences. */
export function tellingErrors(
  transcript: Transcript,
  errors: readonly ErrorMessage[] = transcript.errors,
): readonly string[] {
  const texts = new Set(errors.map(({ text }) => text))
  const telling = [...texts].filter((text) => !afterword.test(text))
  return telling.length > 0 ? telling.slice(0, maximumErrors) : [...texts, ...transcript.lastWords]
}

/** The errors that the config does not accept. */
export function unacceptedErrors(
  { errors }: Transcript,
  acceptErrors: readonly string[] = [],
): readonly ErrorMessage[] {
  return errors.filter(({ text }) => !acceptErrors.some((accepted) => text.includes(accepted)))
}

/** Whether nothing but accepted errors is the reason for a bad exit. */
function hasOnly(accepted: readonly string[], errors: readonly ErrorMessage[], transcript: Transcript): boolean {
  const { failedTasks, halted, summary, unbuildable, unknownRecipes } = transcript
  return (
    accepted.length > 0 &&
    errors.every(({ text }) => afterword.test(text)) &&
    summary !== undefined &&
    !halted &&
    !hasSetupProblem(transcript) &&
    failedTasks.length + unbuildable.length + unknownRecipes.length === 0
  )
}

/** The targets that BitBake refuses before it builds anything, `-k` or not: it would build the others without them. */
export function refusedTargets(transcript: Transcript, targets: readonly BitbakeTarget[]): readonly BitbakeTarget[] {
  const { unknownMulticonfigs, unknownTasks } = transcript
  const unknown = new Set(unknownTasks.map(taskKey))
  return targets.filter(
    (target) => unknownMulticonfigs.some((one) => wants(target, one)) || unknown.has(taskKey(target)),
  )
}

/** Whether the target is built in the multiconfig, or in the one whose tasks depend on it. */
function wants({ multiconfig }: BitbakeTarget, unknown: UnknownMulticonfig): boolean {
  const [, dependent] = unknown.dependency?.split(':') ?? []
  return multiconfig === (dependent ?? unknown.multiconfig)
}

function hasSetupProblem(transcript: Transcript): boolean {
  return transcript.unknownMulticonfigs.length > 0 || transcript.unknownTasks.length > 0
}

function explain(
  transcript: Transcript,
  targets: readonly BitbakeTarget[],
  { directory, keepGoing, log, neededBy }: JudgeOptions,
): BitbakeProblem[] {
  const problems: BitbakeProblem[] = []
  const needing = (holds: (target: BitbakeTarget) => boolean): readonly WantedImage[] =>
    distinctImages(targets.filter(holds).flatMap(neededBy))
  for (const unknown of transcript.unknownMulticonfigs) {
    const wanting = targets.filter((target) => wants(target, unknown))
    // For an `mcdepends` BitBake gives up the whole call, whichever recipe has it.
    const affected = unknown.dependency !== undefined && (wanting.length === 0 || !keepGoing) ? targets : wanting
    const images = distinctImages(affected.flatMap(neededBy))
    problems.push({ code: 'unknown-multiconfig', ...unknown, images, directory, log })
  }
  problems.push(...explainUnknown(transcript, targets, { keepGoing, log, neededBy }))
  for (const unknown of transcript.unknownTasks) {
    const { multiconfig, recipe, task, closeMatches } = unknown
    // Without -k BitBake names the first multiconfig only, and builds the recipe for none.
    const images = needing(
      (target) =>
        target.recipe === recipe && target.task === task && (!keepGoing || target.multiconfig === multiconfig),
    )
    problems.push({ code: 'unknown-task', multiconfig, recipe, task, images, closeMatches, log })
  }
  problems.push(
    ...transcript.failedTasks.map((failed) => explainFailure(failed, transcript, targets, { log, neededBy })),
  )
  return problems
}

/** Also before BitBake has ended: what a failed task reports comes before BitBake names the task as failed. */
export function explainFailure(
  failed: FailedTask,
  transcript: Transcript,
  targets: readonly BitbakeTarget[],
  { log, neededBy }: Pick<JudgeOptions, 'log' | 'neededBy'>,
): TaskFailure {
  const { multiconfig, recipe, task } = failed
  const ofMulticonfig = transcript.errors.filter((error) => error.multiconfig === multiconfig)
  const own = ofMulticonfig.filter((error) => isTask(error.task, failed))
  const said = own.length > 0 ? own : ofMulticonfig
  const errors = said.map(({ text }) => text)
  const rest = transcript.errors.filter((error) => error.multiconfig === undefined)
  // An error that BitBake attributes to no task may belong to this one, when it has none of its own.
  const cause =
    said.length > 0
      ? (findTaskCause(errors) ?? programCause(said))
      : (findCause(rest.map(({ text }) => text)) ?? programCause(rest))
  return {
    code: 'bitbake-task-failed',
    multiconfig,
    recipe,
    task,
    images: distinctImages(targets.filter((target) => target.multiconfig === multiconfig).flatMap(neededBy)),
    errors,
    ...(failed.log === undefined ? {} : { taskLog: failed.log }),
    ...(cause === undefined ? {} : { cause }),
    log,
  }
}

function programCause(errors: readonly ErrorMessage[]): BitbakeCause | undefined {
  const program = errors.find((error) => error.program !== undefined)?.program
  return program === undefined ? undefined : { kind: 'program-missing', programs: [program] }
}

/** Whether `<recipe>-<version> do_<task>` is that task. */
function isTask(
  name: string | undefined,
  { recipe, task }: { readonly recipe: string; readonly task: string },
): boolean {
  return name !== undefined && name.startsWith(`${recipe}-`) && name.endsWith(` do_${task}`)
}
