/**
 * What a finished BitBake invocation means for each target. Decided from what BitBake said, never from what lies in
 * the deploy directory: a failed multiconfig leaves its old image there.
 */
import type { BitbakeProblem } from '../util/problem.js'
import { targetArgument, type BitbakeTarget } from './command.js'
import type { Transcript } from './transcript.js'

export interface Judgement {
  /** The targets that BitBake built, or found to be built. */
  readonly built: readonly BitbakeTarget[]
  readonly problems: readonly BitbakeProblem[]
}

export interface JudgeOptions {
  readonly exit: { readonly code: number | null; readonly signal: string | null }
  readonly keepGoing: boolean
  /** The build directory, for messages. */
  readonly directory: string
  /** Our log of the invocation. */
  readonly log: string
  /** `<target> <platform>` for each that needs a BitBake target. */
  neededBy(target: BitbakeTarget): readonly string[]
}

export function judge(transcript: Transcript, targets: readonly BitbakeTarget[], options: JudgeOptions): Judgement {
  const { exit, log } = options
  const { summary } = transcript
  if (exit.code === 0) {
    if (summary !== undefined && summary.failed === 0) return { built: targets, problems: [] }
    // SIGTERM to the server: nothing is deployed, and the client exits 0.
    const expected = `the line "NOTE: Tasks Summary: Attempted … tasks … all succeeded." (is -q among build.args?)`
    return { built: [], problems: [{ code: 'bitbake-incomplete', expected, log }] }
  }
  const problems = explain(transcript, targets, options)
  if (problems.length === 0) {
    const how = exit.signal === null ? `exit code ${exit.code}` : `signal ${exit.signal}`
    const errors = transcript.errors.map(({ text }) => text)
    problems.push({ code: 'bitbake-failed', exit: how, errors: errors.slice(-5), log })
  }
  // Without -k BitBake begins nothing after the first failure, and does not say what it left undone.
  const attributed = transcript.errors.every(({ multiconfig }) => multiconfig !== undefined)
  const complete = options.keepGoing && summary !== undefined && attributed && !hasSetupProblem(transcript)
  if (!complete) return { built: [], problems }
  const failed = new Set([
    ...transcript.failedTasks.map(({ multiconfig }) => multiconfig),
    ...transcript.errors.map(({ multiconfig }) => multiconfig),
  ])
  const missing = new Set(transcript.unknownRecipes.map(({ recipe }) => recipe))
  const built = targets.filter(({ multiconfig, recipe }) => !failed.has(multiconfig) && !missing.has(recipe))
  return { built, problems }
}

function hasSetupProblem(transcript: Transcript): boolean {
  return transcript.unknownMulticonfigs.length > 0 || transcript.unknownTasks.length > 0
}

function explain(
  transcript: Transcript,
  targets: readonly BitbakeTarget[],
  { directory, log, neededBy }: JudgeOptions,
): BitbakeProblem[] {
  const problems: BitbakeProblem[] = []
  for (const multiconfig of new Set(transcript.unknownMulticonfigs)) {
    problems.push({ code: 'unknown-multiconfig', multiconfig, directory, log })
  }
  for (const { recipe, closeMatches, reasons } of transcript.unknownRecipes) {
    const reason = reasons.join('; ')
    problems.push({ code: 'unknown-recipe', recipe, closeMatches, ...(reason === '' ? {} : { reason }), log })
  }
  for (const { recipe, task } of transcript.unknownTasks) problems.push({ code: 'unknown-task', recipe, task, log })
  for (const failed of transcript.failedTasks) {
    const affected = targets.filter(({ multiconfig }) => multiconfig === failed.multiconfig)
    const said = transcript.errors.filter(({ multiconfig }) => multiconfig === failed.multiconfig)
    problems.push({
      code: 'bitbake-task-failed',
      multiconfig: failed.multiconfig,
      recipe: failed.recipe,
      task: failed.task,
      platforms: [...new Set(affected.flatMap(neededBy))],
      errors: said.map(({ text }) => text),
      ...(failed.log === undefined ? {} : { taskLog: failed.log }),
      log,
    })
  }
  return problems
}

export function describeTargets(targets: readonly BitbakeTarget[]): string {
  return targets.map(targetArgument).join(' ')
}
