/** When BitBake is asked where recipes deploy, and for what: only what is not known, and only for those who need it. */
import { recipeArgument } from '../../../bitbake/command.js'
import { withMcdependsPlace } from '../../../bitbake/output/mcdepends.js'
import { explainUnknownMulticonfigs, inUnknownMulticonfig } from '../../../bitbake/query/multiconfigs.js'
import { queryBitbake } from '../../../bitbake/query/query.js'
import { requestKey } from '../../../plan/plan.js'
import type { BitbakeRequest, BitbakeTask, DiscoverTask, Plan } from '../../../plan/task.js'
import type { BitbakeProblem, WantedImage } from '../../../problem/bitbake-problem.js'
import { ok, type DiscoverProblem, type Result } from '../../../problem/problem.js'
import { expectImage, wantedImage } from '../../../discover/platform-agreement.js'
import type { TaskContext } from '../../handler.js'
import { findShared } from '../../../discover/shared-place.js'

/** Of each plan, what looks for the images of each request: there may be thousands. */
const dependentsOf = new WeakMap<Plan, ReadonlyMap<string, readonly DiscoverTask[]>>()

/** The discover tasks that take what the request makes. */
export function dependents(
  task: BitbakeTask,
  request: Pick<BitbakeRequest, 'multiconfig' | 'recipe' | 'task'>,
  { plan }: Pick<TaskContext, 'plan'>,
): readonly DiscoverTask[] {
  let byRequest = dependentsOf.get(plan)
  if (byRequest === undefined) {
    const found = new Map<string, DiscoverTask[]>()
    for (const other of plan.tasks) {
      if (other.kind !== 'discover' || other.bitbake === undefined || other.source.kind !== 'bitbake') continue
      const key = `${other.bitbake} ${requestKey(other.source)}`
      found.set(key, [...(found.get(key) ?? []), other])
    }
    dependentsOf.set(plan, (byRequest = found))
  }
  return byRequest.get(`${task.id} ${requestKey(request)}`) ?? []
}

/** Not when the config says both where the image is and which platform it has. */
export function needsAnswer({ source, platform }: DiscoverTask): boolean {
  if (source.kind !== 'bitbake') return false
  return platform === undefined || (source.layout === undefined && source.deployDirectory === undefined)
}

/** Requests whose remembered answers do not count. */
export interface AskAnew {
  readonly requests: readonly BitbakeRequest[]
  /** In a few words. */
  readonly because: string
}

/**
 * Learns the answers for the requests, as far as BitBake gives them: a call that fails is no problem here, because the
 * build that follows or went before says more; but when BitBake cannot parse, that would take as long again.
 * @param name of the query's log in this run
 * @returns whether BitBake was called
 */
export async function askBitbake(
  task: BitbakeTask,
  requests: readonly BitbakeRequest[],
  context: TaskContext,
  name: 'query' | 'query again',
  anew?: AskAnew,
): Promise<Result<boolean, BitbakeProblem>> {
  const needed = requests.filter((request) => dependents(task, request, context).some(needsAnswer))
  if (needed.length === 0) return ok(false)
  const { force } = context.options
  const { build } = task
  const known = context.answers.recall(build)
  const outdated = known.outdated ?? (force && !context.answers.wasAsked(build) ? 'forced' : undefined)
  const answers = new Map(outdated === undefined ? [...known.answers, ...context.answers.learnt(build)] : [])
  for (const recipe of anew?.requests.map(recipeArgument) ?? []) {
    if (!context.answers.wasAsked(build, recipe)) answers.delete(recipe)
  }
  const unknown = inUnknownMulticonfig(needed, answers)
  const targets = needed.filter((request) => !answers.has(recipeArgument(request)) && !unknown.includes(request))
  if (targets.length > 0) {
    const because = outdated ?? anew?.because
    context.progress({ text: `asking where the images are${because === undefined ? '' : `: ${because}`}` })
    const log = context.logFile(`${task.id} ${name}`)
    const { stop, stopNow } = context
    const prepared = await context.prepared(task)
    if (!prepared.ok) return prepared
    const found = await queryBitbake({
      prepared: prepared.value,
      targets,
      log,
      stop,
      stopNow,
      onParsed: (parsed) => context.progress({ phase: 'parsing', ...parsed, text: 'parsing recipes', running: [] }),
      neededBy: (target) => imagesOf(task, target, context),
    })
    context.stop.throwIfAborted()
    const isRefused = answers.size + found.answers.size === 0 && found.problems.some(isUnknownMulticonfig)
    if (found.halted || isRefused) {
      // The files that earlier answers name are those to look into, though the answers do not count any more.
      const earlier = [...known.answers.values()]
      return { ok: false, problems: await Promise.all(found.problems.map((one) => withMcdependsPlace(one, earlier))) }
    }
    for (const [recipe, answer] of found.answers) answers.set(recipe, answer)
    await context.answers.learn(build, answers, targets.map(recipeArgument))
  } else context.answers.use(build, answers)
  context.lookAgain()
  return ok(targets.length > 0)
}

function isUnknownMulticonfig({ code }: BitbakeProblem): boolean {
  return code === 'unknown-multiconfig'
}

/** The images that are made from what the request makes. */
export function imagesOf(
  task: BitbakeTask,
  request: Pick<BitbakeRequest, 'multiconfig' | 'recipe' | 'task'>,
  context: TaskContext,
): readonly WantedImage[] {
  return dependents(task, request, context).map((dependent) => wantedImage(dependent, context.answers.of(dependent)))
}

/** Returns the requests whose images are not where BitBake said in an earlier run: something that it does not list has changed. */
export async function findLost(
  task: BitbakeTask,
  requests: readonly BitbakeRequest[],
  context: TaskContext,
): Promise<BitbakeRequest[]> {
  const lost: BitbakeRequest[] = []
  for (const request of requests) {
    for (const dependent of dependents(task, request, context)) {
      const found = await context.image(dependent)
      if (found.ok || !found.problems.some(({ code }) => lostCodes.has(code))) continue
      lost.push(request)
      break
    }
  }
  return lost
}

const lostCodes: ReadonlySet<string> = new Set(['layout-not-found', 'layout-outdated'])

/** Says for which of the requests BitBake gave no answer: their images are looked for by convention. */
export function noticeSilence(task: BitbakeTask, requests: readonly BitbakeRequest[], context: TaskContext): void {
  const answers = context.answers.learnt(task.build)
  const silent = requests
    .filter((request) => dependents(task, request, context).some(needsAnswer))
    .map(recipeArgument)
    .filter((recipe) => !answers.has(recipe))
  if (silent.length === 0) return
  context.notice({
    code: 'bitbake-silent',
    recipes: [...new Set(silent)],
    log: context.logFile(`${task.id} query again`),
  })
}

export interface Contradicted {
  readonly request: BitbakeRequest
  readonly problems: readonly (DiscoverProblem | BitbakeProblem)[]
}

/** The requests whose images nobody could take, or nobody could tell apart, found before hours are spent on them. */
export function contradicted(
  task: BitbakeTask,
  requests: readonly BitbakeRequest[],
  context: TaskContext,
): Contradicted[] {
  const answers = context.answers.learnt(task.build)
  const shared = findShared(context.plan.tasks, (of) => context.answers.current(of))
  const { directory } = task.build
  const unknown = inUnknownMulticonfig(requests, answers)
  const neededBy = (request: BitbakeRequest): readonly WantedImage[] => imagesOf(task, request, context)
  const unknownProblems = explainUnknownMulticonfigs(unknown, answers, directory, neededBy)
  return requests.flatMap((request) => {
    const name = recipeArgument(request)
    const answer = answers.get(name)
    const expected = dependents(task, request, context).map((dependent) => expectImage(dependent, answer))
    const isConcerned = (one: (typeof shared)[number]): boolean =>
      one.requests.some((other) => other.request === name && other.directory === directory)
    const refused = expected.every((one) => !one.ok) ? expected.flatMap((one) => (one.ok ? [] : one.problems)) : []
    const foreign = unknown.includes(request) ? unknownProblems.filter(isOf(request)) : []
    const problems = [...foreign, ...refused, ...shared.filter(isConcerned)]
    return problems.length > 0 ? [{ request, problems }] : []
  })
}

function isOf({ multiconfig }: BitbakeRequest): (problem: BitbakeProblem) => boolean {
  return (problem) => problem.code === 'unknown-multiconfig' && problem.multiconfig === multiconfig
}
