/**
 * Multiconfigs that put one recipe's image in one place, also those of two build directories, and build directories that
 * work in one TMPDIR: each overwrites what the other makes, and exit codes say nothing of it.
 */
import path from 'node:path'
import type { Answer } from '../bitbake/query/answer.js'
import { recipeArgument } from '../bitbake/command.js'
import type { DiscoverTask, Plan, Task } from '../plan/task.js'
import { distinctImages } from '../problem/bitbake-problem.js'
import { realPath } from '../util/fs.js'
import { canonicalJson, compareCodeUnits } from '../util/json.js'
import type { DiscoverProblem, Result } from '../problem/problem.js'
import { wantedImage } from './platform-agreement.js'
import type { FoundImage } from './find-image.js'

type SharedPlace = Extract<DiscoverProblem, { code: 'image-shared' }>
type BitbakeSource = Extract<DiscoverTask['source'], { kind: 'bitbake' }>
type BitbakeDiscover = DiscoverTask & { readonly source: BitbakeSource }
type AnswerOf = (task: DiscoverTask) => Answer | undefined

/** Known before the build: by BitBake's answers, and by the places that the config names. */
export function findShared(tasks: readonly Task[], answerOf: AnswerOf): SharedPlace[] {
  const byPlace = new Map<string, { readonly place: string; readonly sharing: BitbakeDiscover[] }>()
  for (const task of tasks.filter(isBitbake)) {
    for (const [key, place] of placesOf(task, answerOf(task))) {
      const known = byPlace.get(key) ?? { place, sharing: [] }
      known.sharing.push(task)
      byPlace.set(key, known)
    }
  }
  // What shares a TMPDIR mostly shares the deploy directory too: said once.
  const found: SharedPlace[] = []
  for (const [key, { place, sharing }] of byPlace) {
    const inOneBuild = new Set(sharing.map(({ source }) => source.build.directory)).size < 2
    const problem = key.startsWith(workKey) && inOneBuild ? undefined : problemOf(place, sharing, answerOf)
    if (problem !== undefined && !found.some((other) => covers(other, problem))) found.push(problem)
  }
  return found
}

/** What is known of the images of a run. */
interface RunImages {
  readonly plan: Plan
  readonly answers: { of(task: DiscoverTask): Answer | undefined }
  /** Whether the image was built in this run, or is not to be built. */
  isBuilt(task: DiscoverTask): boolean
  image(task: DiscoverTask): Promise<Result<FoundImage>>
}

/** Known only where the layouts are: another multiconfig's request has led to the very image. */
export async function findSameImage(task: DiscoverTask, context: RunImages): Promise<SharedPlace[]> {
  if (!isBitbake(task)) return []
  const found = await context.image(task)
  if (!found.ok) return []
  const { layout, digest } = found.value.image
  const place = realPath(layout.path)
  const sharing = [task]
  for (const other of rivals(context.plan, task)) {
    // Where it was not built, an old image may lie, or another's.
    if (!context.isBuilt(other)) continue
    const theirs = await context.image(other)
    if (!theirs.ok || theirs.value.image.digest !== digest) continue
    if (realPath(theirs.value.image.layout.path) === place) sharing.push(other)
  }
  const inOrder = sharing.toSorted((a, b) => compareCodeUnits(a.id, b.id))
  const problem = problemOf(`layout ${place}`, inOrder, (of) => context.answers.of(of))
  return problem === undefined ? [] : [problem]
}

/**
 * What other build directories are to build for the same recipe, where nothing told the places apart beforehand: the
 * task must see what they have made.
 */
export function undecidedRivals(task: DiscoverTask, plan: Plan, answerOf: AnswerOf): DiscoverTask[] {
  if (!isBitbake(task)) return []
  const isKnown = (one: BitbakeDiscover): boolean => one.source.layout === undefined && answerOf(one) !== undefined
  const elsewhere = rivals(plan, task).filter(({ source }) => source.build.directory !== task.source.build.directory)
  return elsewhere.filter((other) => !isKnown(task) || !isKnown(other))
}

function covers({ requests }: SharedPlace, problem: SharedPlace): boolean {
  const keys = new Set(requests.map(canonicalJson))
  return problem.requests.every((request) => keys.has(canonicalJson(request)))
}

function isBitbake(task: Task): task is BitbakeDiscover {
  return task.kind === 'discover' && task.source.kind === 'bitbake'
}

/** Of each plan, what is looked for of each recipe: there may be thousands. */
const byRecipe = new WeakMap<Plan, ReadonlyMap<string, readonly BitbakeDiscover[]>>()

/** What is looked for of the same recipe, but of another multiconfig or in another build directory. */
function rivals(plan: Plan, { source }: BitbakeDiscover): readonly BitbakeDiscover[] {
  const known = byRecipe.get(plan) ?? groupByRecipe(plan)
  byRecipe.set(plan, known)
  const { multiconfig, build } = source
  const isOther = (other: BitbakeSource): boolean =>
    other.multiconfig !== multiconfig || other.build.directory !== build.directory
  return (known.get(source.recipe) ?? []).filter((other) => isOther(other.source))
}

function groupByRecipe(plan: Plan): ReadonlyMap<string, readonly BitbakeDiscover[]> {
  const groups = new Map<string, BitbakeDiscover[]>()
  for (const task of plan.tasks.filter(isBitbake)) {
    const { recipe } = task.source
    groups.set(recipe, [...(groups.get(recipe) ?? []), task])
  }
  return groups
}

/** Of places where two BitBakes are in each other's way, whatever they build. */
const workKey = 'work '

/** With a key each: what differs in it does not overwrite. */
function placesOf(task: BitbakeDiscover, answer: Answer | undefined): [key: string, place: string][] {
  const { source, reference } = task
  const { recipe, machine, build } = source
  const image = [reference ?? '', wantedImage(task, answer).platform]
  if (source.layout !== undefined) {
    // One layout may hold the images of several.
    const layout = realPath(path.resolve(source.layout.root, source.layout.pattern))
    return [[JSON.stringify([recipe, layout, ...image]), `layout ${layout}`]]
  }
  const places: [key: string, place: string][] = []
  const add = (place: string, ...more: readonly string[]): void => {
    places.push([JSON.stringify([recipe, place, ...more]), place])
  }
  if (source.deployDirectory !== undefined && answer === undefined) {
    add(`deployDirectory ${realPath(source.deployDirectory)}`, machine ?? '', ...image)
  }
  const { TMPDIR, MACHINE, DEPLOY_DIR_IMAGE, IMAGE_BASENAME = recipe, OCI_IMAGE_TAG = 'latest' } = answer ?? {}
  // A wrapper may call another machine, or a container with paths of its own.
  const world = build.command.length === 1 ? '' : canonicalJson(build.command)
  if (TMPDIR !== undefined) {
    const tmpdir = `TMPDIR ${realPath(TMPDIR)}`
    places.push([`${workKey}${tmpdir} ${world}`, tmpdir])
    if (MACHINE !== undefined) add(`${tmpdir} and MACHINE ${MACHINE}`, world)
  }
  if (DEPLOY_DIR_IMAGE !== undefined) {
    const name = `${IMAGE_BASENAME}-${OCI_IMAGE_TAG.replaceAll(':', '_')}-oci`
    add(`DEPLOY_DIR_IMAGE ${realPath(DEPLOY_DIR_IMAGE)} and name ${name}`, world)
  }
  return places
}

function problemOf(place: string, sharing: readonly BitbakeDiscover[], answerOf: AnswerOf): SharedPlace | undefined {
  const requests = new Map(
    sharing.map(({ source }) => {
      const request = { request: recipeArgument(source), directory: source.build.directory }
      return [canonicalJson(request), request]
    }),
  )
  if (requests.size < 2) return undefined
  const images = distinctImages(sharing.map((task) => wantedImage(task, answerOf(task))))
  return { code: 'image-shared', requests: [...requests.values()], place, images }
}
