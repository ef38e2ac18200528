/** Choosing the one image in a layout: by its reference and platform, never by its position. */
import { fail, ok, type LayoutProblem, type Result, type TreePath } from '../util/problem.js'
import { annotationKeys, isAttestation, isIndexType, isManifestType } from './documents.js'
import { readImage, type Image } from './image.js'
import { indexSchema } from './schemas.js'
import type { Layout } from './layout.js'
import { formatPlatform, type Platform } from './platform.js'
import { readDocument } from './read.js'
import { indexSteps, maximumIndexDepth, type Step } from './walk.js'

/**
 * The image that `reference` names. Without one, the entry named `latest`, or else the only image there is.
 * Nested indexes and several entries of one name are searched for `wanted`.
 */
export function selectImage(
  layout: Layout,
  reference: string | undefined,
  wanted: Platform,
): Result<Image, LayoutProblem> {
  const found = manifestsOf(layout, reference)
  if (!found.ok) return found
  const images: Image[] = []
  const others: string[] = []
  const contradictions: LayoutProblem[] = []
  for (const { step, at } of found.value) {
    const image = readImage(layout, step.descriptor, at, wanted)
    if (image.ok) images.push(image.value)
    else if (image.problems.every((problem) => problem.code === 'platform-contradiction')) {
      contradictions.push(...image.problems)
      others.push(...image.problems.map((problem) => problem.found))
    } else return image
  }
  if (images.length === 1) return ok(images[0]!)
  if (images.length > 1) {
    return fail({
      code: 'reference-ambiguous',
      layout: layout.path,
      at: ['index.json'],
      expected: `one image for ${formatPlatform(wanted)}`,
      found: images.map((image) => image.digest).join(', '),
    })
  }
  if (contradictions.length === 1 && others.length === 1) {
    const platform = formatPlatform(wanted)
    const next = `correct the platform in the config, or build the image for ${platform} (BitBake: MACHINE, OCI_IMAGE_ARCH)`
    return fail({ ...contradictions[0]!, next })
  }
  return fail({
    code: 'platform-missing',
    layout: layout.path,
    at: ['index.json'],
    expected: `an image for ${formatPlatform(wanted)}`,
    found: others.length > 0 ? others.join(', ') : 'no image at all',
  })
}

/** All images that `reference` names, of whatever platform; without one, as `selectImage` has it. */
export function listImages(layout: Layout, reference: string | undefined): Result<readonly Image[], LayoutProblem> {
  const found = manifestsOf(layout, reference)
  return found.ok ? readImages(layout, found.value) : found
}

/** All images of a layout, under whatever name. */
export function listAllImages(layout: Layout): Result<readonly Image[], LayoutProblem> {
  const found = expand(layout, indexSteps(layout.index), ['index.json'], new Set())
  return found.ok ? readImages(layout, distinct(found.value)) : found
}

function readImages(layout: Layout, manifests: readonly FoundManifest[]): Result<readonly Image[], LayoutProblem> {
  const images: Image[] = []
  const problems: LayoutProblem[] = []
  for (const { step, at } of manifests) {
    const image = readImage(layout, step.descriptor, at, undefined)
    if (image.ok) images.push(image.value)
    else problems.push(...image.problems)
  }
  return problems.length > 0 ? { ok: false, problems } : ok(images)
}

/** Each manifest under a name, once. */
function manifestsOf(layout: Layout, reference: string | undefined): Result<readonly FoundManifest[], LayoutProblem> {
  const roots = indexSteps(layout.index)
  if (roots.length === 0) {
    return fail({
      code: 'manifests-empty',
      layout: layout.path,
      at: ['index.json', 'manifests'],
      expected: 'at least one image',
      found: 'none: the layout is empty',
    })
  }
  const named = entriesOf(roots, reference)
  if (named === undefined) {
    const names = roots.map(
      ({ descriptor }) => descriptor.annotations?.[annotationKeys.reference] ?? 'one without a name',
    )
    return fail({
      code: 'reference-missing',
      layout: layout.path,
      at: ['index.json'],
      expected: reference === undefined ? 'the reference "latest", or a single image' : `the reference "${reference}"`,
      found: [...new Set(names)].join(', '),
      next: `set the target's \`reference\` to the image that you mean`,
    })
  }

  const manifests = expand(layout, named, ['index.json'], new Set())
  if (!manifests.ok) return manifests
  return ok(distinct(manifests.value))
}

function distinct(manifests: readonly FoundManifest[]): FoundManifest[] {
  return [...new Map(manifests.map((found) => [found.step.descriptor.digest, found])).values()]
}

function entriesOf(roots: readonly Step[], reference: string | undefined): readonly Step[] | undefined {
  const withName = (name: string): readonly Step[] =>
    roots.filter(({ descriptor }) => descriptor.annotations?.[annotationKeys.reference] === name)
  const matches = withName(reference ?? 'latest')
  if (matches.length > 0) return matches
  if (reference !== undefined) return undefined
  return new Set(roots.map(({ descriptor }) => descriptor.digest)).size === 1 ? roots : undefined
}

interface FoundManifest {
  readonly step: Step
  readonly at: TreePath
}

/** @param expanded the indexes that were met so far: each is read once, or a few that list one another never end. */
function expand(
  layout: Layout,
  steps: readonly Step[],
  at: TreePath,
  expanded: Set<string>,
): Result<FoundManifest[], LayoutProblem> {
  const found: FoundManifest[] = []
  for (const step of steps) {
    if (isAttestation(step.descriptor)) continue
    const place = [...at, step.label]
    if (!isIndexType(step.descriptor.mediaType)) {
      if (isManifestType(step.descriptor.mediaType)) found.push({ step, at: place })
      continue
    }
    if (expanded.has(step.descriptor.digest)) continue
    expanded.add(step.descriptor.digest)
    if (at.length > maximumIndexDepth) {
      const expected = `at most ${maximumIndexDepth} levels of indexes`
      return fail({ code: 'index-too-deep', layout: layout.path, at: place, expected, found: 'one more' })
    }
    const index = readDocument(layout, step.descriptor, place, indexSchema)
    if (!index.ok) return index
    const inner = expand(layout, indexSteps(index.value.value), place, expanded)
    if (!inner.ok) return inner
    for (const manifest of inner.value) found.push(manifest)
  }
  return ok(found)
}
