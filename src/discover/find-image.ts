/** From a discover task to the one image that it means, in the layout that is there now. */
import path from 'node:path'
import type { Answer } from '../bitbake/query/answer.js'
import { findDeployed, findNamed, type Candidate, type Candidates, type OutdatedLink } from '../bitbake/deploy.js'
import { blobFile } from '../oci/digest.js'
import { annotationKeys } from '../oci/documents.js'
import { openLayout, type Layout } from '../oci/read/layout.js'
import { formatPlatform } from '../oci/platform.js'
import { listImages, selectImage, type SelectedImage } from '../oci/image/select.js'
import type { DiscoverTask } from '../plan/task.js'
import { realPath } from '../util/fs.js'
import { fail, ok, type DiscoverProblem, type LayoutProblem, type LookedAt, type Result } from '../problem/problem.js'
import { completePlatform, expectImage, unknownPlatform, type ExpectedPlatform } from './platform-agreement.js'
import type { Notice } from '../problem/notice.js'

type BitbakeSource = Extract<DiscoverTask['source'], { kind: 'bitbake' }>

export interface FoundImage {
  readonly image: SelectedImage
  readonly notices: readonly Notice[]
  /** Every file and directory that this was decided from. Absolute. */
  readonly evidence: readonly string[]
}

/**
 * Looks in the best places first. A place that holds no readable layout is passed over, and told when none does.
 * @param answer what BitBake says of the recipe; without it the conventions hold.
 */
export async function findImage(
  task: DiscoverTask,
  answer: Answer | undefined,
): Promise<Result<FoundImage, DiscoverProblem | LayoutProblem>> {
  const expected = expectImage(task, answer)
  if (!expected.ok) return expected
  const wanted: Wanted = { task, answer, ...expected.value }
  const candidates = await candidatesOf(task, answer)
  const evidence = new Set(candidates.evidence)
  const looked = [...candidates.looked]
  const unreadable: LookedAt[] = []
  for (const group of candidates.groups) {
    const layouts = openAll(group, looked, unreadable, evidence)
    if (layouts.length === 0) continue
    const layout = onlyOne(layouts, wanted)
    if (!layout.ok) return layout
    const outdated = group.find((candidate) => candidate.path === layout.value.path)?.outdated
    if (outdated !== undefined) return fail(outdatedLayout(wanted, outdated))
    const image = chooseImage(layout.value, wanted)
    if (!image.ok) return image
    const taken = layout.value.path
    const passedOver = unreadable.map(({ place, found }): Notice => ({
      code: 'layout-passed-over',
      place,
      found,
      taken,
    }))
    return ok({ image: image.value, notices: passedOver, evidence: [...evidence] })
  }
  return fail({
    code: 'layout-not-found',
    target: task.target,
    platform: labelOf(wanted),
    looked,
    ...(task.source.kind === 'bitbake' ? { request: requestOf(task.source) } : {}),
    asked: task.bitbake !== undefined,
    ...(isAsked(task.source) && answer?.DEPLOY_DIR_IMAGE !== undefined && answer.STAMP !== undefined
      ? { answer: { deployDirectory: answer.DEPLOY_DIR_IMAGE, stamp: answer.STAMP } }
      : {}),
  })
}

function outdatedLayout(wanted: Wanted, outdated: OutdatedLink): DiscoverProblem {
  const { target, bitbake } = wanted.task
  return {
    code: 'layout-outdated',
    target,
    platform: labelOf(wanted),
    ...outdated,
    asked: bitbake !== undefined,
    ...(wanted.answer?.OCI_IMAGE_TAG === undefined ? {} : { tag: wanted.answer.OCI_IMAGE_TAG }),
  }
}

/** Whether it was looked for where BitBake says. */
function isAsked(source: DiscoverTask['source']): boolean {
  return source.kind === 'bitbake' && source.layout === undefined && source.deployDirectory === undefined
}

function requestOf({
  multiconfig,
  recipe,
  task,
}: BitbakeSource): Pick<BitbakeSource, 'multiconfig' | 'recipe' | 'task'> {
  return { multiconfig, recipe, task }
}

/** What is to be found. */
interface Wanted extends ExpectedPlatform {
  readonly task: DiscoverTask
  readonly answer: Answer | undefined
}

function labelOf({ task, platform }: Wanted): string {
  return platform === undefined ? task.platformKey : formatPlatform(platform)
}

/** The image of the layout that is meant, with its platform agreed on by all who know it. */
function chooseImage(layout: Layout, wanted: Wanted): Result<SelectedImage, DiscoverProblem | LayoutProblem> {
  const { task, answer, searched } = wanted
  const tag = answer?.OCI_IMAGE_TAG
  // BitBake's tag is a hint only: what the config names must be there.
  const reference = task.reference ?? (tag !== undefined && hasTag(layout, tag.replaceAll(':', '_')) ? tag : undefined)
  if (searched !== undefined) {
    const image = selectImage(layout, reference, searched)
    return image.ok ? completePlatform(image.value, wanted) : image
  }
  const listing = listImages(layout, reference)
  if (!listing.ok) return listing
  const { images, absent } = listing.value
  const listed = images.length + absent.length
  return listed === 1
    ? completePlatform(images[0]!, wanted)
    : fail({ ...unknownPlatform(task), reason: `${layout.path} lists ${listed} images` })
}

function candidatesOf(
  { source, reference }: DiscoverTask,
  answer: Answer | undefined,
): Candidates | Promise<Candidates> {
  if (source.kind === 'layout') return findNamed(source.path)
  if (source.layout !== undefined) return findNamed(source.layout)
  return findDeployed({
    buildDirectory: source.build.directory,
    multiconfig: source.multiconfig,
    recipe: source.recipe,
    ...defined('basename', answer?.IMAGE_BASENAME),
    ...defined('machine', answer?.MACHINE ?? source.machine),
    ...defined('deployDirectory', source.deployDirectory ?? answer?.DEPLOY_DIR_IMAGE),
    // The name of the link has OCI_IMAGE_TAG, whatever entry of the layout the config's `reference` means.
    ...defined('reference', answer?.OCI_IMAGE_TAG ?? reference),
  })
}

function defined<K extends string>(name: K, value: string | undefined): { readonly [key in K]?: string } {
  return value === undefined || value === '' ? {} : ({ [name]: value } as { readonly [key in K]: string })
}

function describeFault({ at, expected, found }: LayoutProblem): string {
  const place = at.length === 0 ? '' : `${at.join(' -> ')}: `
  return `${place}expected ${expected}, found ${found}`
}

function openAll(
  group: readonly Candidate[],
  looked: LookedAt[],
  unreadable: LookedAt[],
  evidence: Set<string>,
): Layout[] {
  // Two names of one layout are one candidate.
  const distinct = new Map<string, Layout>()
  for (const candidate of group) {
    const real = realPath(candidate.path)
    for (const name of ['index.json', 'oci-layout']) evidence.add(path.join(candidate.path, name))
    const layout = openLayout(candidate.path)
    if (!layout.ok || layout.value.kind === 'archive') evidence.add(candidate.path)
    if (!layout.ok) {
      const found = layout.problems.map(describeFault).join('; ')
      looked.push({ place: candidate.path, found: `no readable layout: ${found}` })
      unreadable.push({ place: candidate.path, found })
    } else if (candidate.tag !== undefined && !hasTag(layout.value, candidate.tag)) {
      const found = `a layout without the reference "${candidate.tag}" of its name, so probably of another recipe`
      looked.push({ place: candidate.path, found })
    } else if (!distinct.has(real)) distinct.set(real, traced(layout.value, evidence))
  }
  return [...distinct.values()]
}

/** The same layout; each blob that is looked for in it becomes evidence. */
function traced(layout: Layout, evidence: Set<string>): Layout {
  if (layout.kind === 'archive') return layout
  return {
    ...layout,
    locate: (digest) => {
      evidence.add(blobFile(layout.path, digest))
      return layout.locate(digest)
    },
  }
}

/** `OCI_IMAGE_TAG` is in the name of the deployed layout with `:` as `_`, and in its index.json as it is. */
function hasTag(layout: Layout, tag: string): boolean {
  return (layout.index.manifests ?? []).some(
    (entry) => entry.annotations?.[annotationKeys.reference]?.replaceAll(':', '_') === tag,
  )
}

function onlyOne(layouts: readonly Layout[], wanted: Wanted): Result<Layout, DiscoverProblem> {
  if (layouts.length === 1) return ok(layouts[0]!)
  // Without MACHINE, other machines' images are found too: the platform tells them apart.
  const fitting: Layout[] = []
  for (const layout of layouts) {
    if (chooseImage(layout, wanted).ok) fitting.push(layout)
  }
  if (fitting.length === 1) return ok(fitting[0]!)
  return fail({
    code: 'layout-ambiguous',
    target: wanted.task.target,
    platform: labelOf(wanted),
    candidates: (fitting.length > 0 ? fitting : layouts).map((layout) => layout.path),
  })
}
