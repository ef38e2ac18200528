/** Multiconfigs that put one recipe's image in one place: each overwrites the other's, and exit codes say nothing of it. */
import path from 'node:path'
import type { Answer } from '../bitbake/answer.js'
import { recipeArgument } from '../bitbake/command.js'
import { requestKey } from '../plan/plan.js'
import type { DiscoverTask, Plan, Task } from '../plan/task.js'
import { realPath } from '../util/fs.js'
import { compareCodeUnits } from '../util/json.js'
import { distinctImages } from '../util/bitbake-problem.js'
import type { DiscoverProblem } from '../util/problem.js'
import { wantedImage } from './agree.js'
import type { TaskContext } from './handler.js'

type SharedPlace = Extract<DiscoverProblem, { code: 'image-shared' }>
type BitbakeSource = Extract<DiscoverTask['source'], { kind: 'bitbake' }>
type BitbakeDiscover = DiscoverTask & { readonly source: BitbakeSource }

/**
 * Known before the build: by BitBake's answers, and by the places that the config names.
 * @param tasks of one build directory
 */
export function findShared(
  tasks: readonly DiscoverTask[],
  answerOf: (task: DiscoverTask) => Answer | undefined,
): SharedPlace[] {
  const byPlace = new Map<string, { readonly place: string; readonly sharing: BitbakeDiscover[] }>()
  for (const task of tasks.filter(isBitbake)) {
    const answer = answerOf(task)
    for (const [key, place] of placesOf(task, answer)) {
      const known = byPlace.get(key) ?? { place, sharing: [] }
      known.sharing.push(task)
      byPlace.set(key, known)
    }
  }
  // What shares TMPDIR and MACHINE mostly shares the deploy directory too: said once.
  const found = new Map<string, SharedPlace>()
  for (const { place, sharing } of byPlace.values()) {
    const problem = problemOf(place, sharing, answerOf)
    if (problem !== undefined && !found.has(problem.requests.join(' '))) found.set(problem.requests.join(' '), problem)
  }
  return [...found.values()]
}

/** Known only where the layouts are: another multiconfig's request has led to the very image. */
export async function findSameImage(task: DiscoverTask, context: TaskContext): Promise<SharedPlace[]> {
  if (!isBitbake(task)) return []
  const found = await context.image(task)
  if (!found.ok) return []
  const { layout, digest } = found.value.image
  const place = realPath(layout.path)
  const sharing = [task]
  for (const other of rivals(context.plan, task)) {
    // Where it was not built, an old image may lie, or another's.
    if (other.dependsOn.some((id) => !context.outputOf(id, 'bitbake').built.includes(requestKey(other.source))))
      continue
    const theirs = await context.image(other)
    if (!theirs.ok || theirs.value.image.digest !== digest) continue
    if (realPath(theirs.value.image.layout.path) === place) sharing.push(other)
  }
  const inOrder = sharing.toSorted((a, b) => compareCodeUnits(a.id, b.id))
  const problem = problemOf(`layout ${place}`, inOrder, (of) => context.answers.of(of))
  return problem === undefined ? [] : [problem]
}

function isBitbake(task: Task): task is BitbakeDiscover {
  return task.kind === 'discover' && task.source.kind === 'bitbake'
}

/** What is looked for of the same recipe in the same build directory, but of another multiconfig. */
function rivals(plan: Plan, { source }: BitbakeDiscover): BitbakeDiscover[] {
  return plan.tasks
    .filter(isBitbake)
    .filter(
      (other) =>
        other.source.recipe === source.recipe &&
        other.source.multiconfig !== source.multiconfig &&
        other.source.build.directory === source.build.directory,
    )
}

/** With a key each: what differs in it does not overwrite. */
function placesOf(task: BitbakeDiscover, answer: Answer | undefined): [key: string, place: string][] {
  const { source, reference } = task
  const { recipe, machine } = source
  const image = [reference ?? '', wantedImage(task, answer).platform]
  if (source.layout !== undefined) {
    // One layout may hold the images of several.
    const layout = path.resolve(source.layout.root, source.layout.pattern)
    return [[JSON.stringify([recipe, layout, ...image]), `layout ${layout}`]]
  }
  const places: string[][] = []
  if (source.deployDirectory !== undefined && answer === undefined) {
    const { deployDirectory } = source
    places.push([`deployDirectory ${deployDirectory}`, machine ?? '', ...image])
  }
  const { TMPDIR, MACHINE, DEPLOY_DIR_IMAGE, IMAGE_BASENAME = recipe, OCI_IMAGE_TAG = 'latest' } = answer ?? {}
  if (TMPDIR !== undefined && MACHINE !== undefined) places.push([`TMPDIR ${TMPDIR} and MACHINE ${MACHINE}`])
  if (DEPLOY_DIR_IMAGE !== undefined) {
    const name = `${IMAGE_BASENAME}-${OCI_IMAGE_TAG.replaceAll(':', '_')}-oci`
    places.push([`DEPLOY_DIR_IMAGE ${DEPLOY_DIR_IMAGE} and name ${name}`])
  }
  return places.map((place) => [JSON.stringify([recipe, ...place]), place[0]!])
}

function problemOf(
  place: string,
  sharing: readonly BitbakeDiscover[],
  answerOf: (task: DiscoverTask) => Answer | undefined,
): SharedPlace | undefined {
  const requests = [...new Set(sharing.map(({ source }) => recipeArgument(source)))]
  if (requests.length < 2) return undefined
  const images = sharing.map((task) => wantedImage(task, answerOf(task)))
  return { code: 'image-shared', requests, place, images: distinctImages(images) }
}
