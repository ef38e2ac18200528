/** Choosing the one image in a layout: by its reference and platform, never by its position. */
import { fail, ok, type LayoutProblem, type Result } from '../util/problem.js'
import { subjectOf } from './documents.js'
import { allManifests, manifestsOf, type FoundManifest, type FoundManifests } from './entries.js'
import { readImage, type Image } from './image.js'
import type { Layout } from './layout.js'
import { formatPlatform, type Platform } from './platform.js'

/** An image, and where what is attested of it lies. */
export interface SelectedImage extends Image {
  readonly attestations: readonly FoundManifest[]
  /** Attestations beside it whose image is not there: nobody's, so nobody takes them along. */
  readonly strayAttestations: readonly FoundManifest[]
}

/**
 * The image that `reference` names. Without one, the entry named `latest`, or else the only image there is.
 * Nested indexes and several entries of one name are searched for `wanted`.
 */
export function selectImage(
  layout: Layout,
  reference: string | undefined,
  wanted: Platform,
): Result<SelectedImage, LayoutProblem> {
  const found = manifestsOf(layout, reference)
  if (!found.ok) return found
  const images: Image[] = []
  const others: string[] = []
  const contradictions: LayoutProblem[] = []
  for (const { descriptor, at } of found.value.manifests) {
    const image = readImage(layout, descriptor, at, wanted)
    if (image.ok) images.push(image.value)
    else if (allAre('platform-contradiction', image.problems)) {
      contradictions.push(...image.problems)
      others.push(...image.problems.map((problem) => problem.found))
    } else if (allAre('not-an-image', image.problems)) others.push(...image.problems.map((problem) => problem.found))
    else return image
  }
  const [first] = images
  if (first !== undefined && images.length === 1) return ok(withAttestations(first, found.value))
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
    const next = `correct the platform in the config (mab merge: behind LAYOUT=), or build the image for ${platform} (BitBake: MACHINE, OCI_IMAGE_ARCH)`
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

/** All images that `reference` names, of whatever platform; without one, as `selectImage` has it. At least one. */
export function listImages(
  layout: Layout,
  reference: string | undefined,
): Result<readonly SelectedImage[], LayoutProblem> {
  const found = manifestsOf(layout, reference)
  return found.ok ? readImages(layout, found.value) : found
}

/** All images of a layout, under whatever name. At least one. */
export function listAllImages(layout: Layout): Result<readonly SelectedImage[], LayoutProblem> {
  const found = allManifests(layout)
  return found.ok ? readImages(layout, found.value) : found
}

function readImages(layout: Layout, found: FoundManifests): Result<readonly SelectedImage[], LayoutProblem> {
  const images: SelectedImage[] = []
  const problems: LayoutProblem[] = []
  const others: LayoutProblem[] = []
  for (const { descriptor, at } of found.manifests) {
    const image = readImage(layout, descriptor, at, undefined)
    if (image.ok) images.push(withAttestations(image.value, found))
    else if (allAre('not-an-image', image.problems)) others.push(...image.problems)
    else problems.push(...image.problems)
  }
  if (problems.length > 0) return { ok: false, problems }
  if (images.length > 0) return ok(images)
  const expected = 'at least one image'
  return others.length > 0
    ? { ok: false, problems: others }
    : fail({ code: 'manifests-empty', layout: layout.path, at: ['index.json'], expected, found: 'none' })
}

function allAre(code: LayoutProblem['code'], problems: readonly LayoutProblem[]): boolean {
  return problems.every((problem) => problem.code === code)
}

function withAttestations(image: Image, { manifests, attestations }: FoundManifests): SelectedImage {
  const there = new Set(manifests.map(({ descriptor }) => descriptor.digest))
  return {
    ...image,
    attestations: attestations.filter(({ descriptor }) => subjectOf(descriptor) === image.digest),
    strayAttestations: attestations.filter(({ descriptor }) => !there.has(subjectOf(descriptor) ?? '')),
  }
}
