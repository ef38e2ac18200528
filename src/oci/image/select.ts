/** Choosing the one image in a layout: by its reference and platform, never by its position. */
import { fail, ok, type LayoutProblem, type Result } from '../../problem/problem.js'
import { subjectOf } from '../documents.js'
import { findArtifactType } from './artifact.js'
import { collect, manifestsOf, type FoundManifest, type FoundManifests } from './entries.js'
import { readImage, type Image } from './image.js'
import type { Layout } from '../read/layout.js'
import { formatPlatform, platformId, reconcilePlatform, type Platform } from '../platform.js'
import { isAbsentEntry, locateBlob } from '../read/read-blob.js'
import type { Step } from '../read/references.js'

/** An image, and where what is attested of it lies. */
export interface SelectedImage extends Image {
  readonly attestations: readonly FoundManifest[]
  /** Attestations next to it whose image is not listed: they are not taken along. */
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
  const absent: LayoutProblem[] = []
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
  const exact = images.filter((image) => platformId(ownPlatform(image)) === platformId(wanted))
  let isExactAbsent = false
  for (const { descriptor, at } of found.value.absent) {
    const { platform } = descriptor
    if (platform !== undefined && reconcilePlatform(wanted, platform) === undefined) {
      others.push(`the index says ${formatPlatform(platform)}`)
    } else absent.push(...problemsOf(locateBlob(layout, descriptor, at)))
    isExactAbsent ||= platform !== undefined && platformId(platform) === platformId(wanted)
  }
  // An image that merely does not contradict is taken only when none is for the very platform.
  const candidates = exact.length > 0 || isExactAbsent ? exact : images
  const [first] = candidates
  if (first !== undefined && candidates.length === 1) return ok(withAttestations(first, found.value))
  if (candidates.length > 1) {
    return fail({
      code: 'reference-ambiguous',
      layout: layout.path,
      at: ['index.json'],
      expected: `one image for ${formatPlatform(wanted)}`,
      found: candidates.map((image) => `${formatPlatform(ownPlatform(image))} ${image.digest}`).join(', '),
      next: 'name the platform in full (config: `platform`, `osVersion`; mab merge: LAYOUT=PLATFORM), or remove one of the images',
    })
  }
  if (absent.length > 0) return { ok: false, problems: absent }
  if (contradictions.length === 1 && others.length === 1) {
    const platform = formatPlatform(wanted)
    const next = `correct the platform in the config (mab merge: LAYOUT=PLATFORM), or build the image for ${platform} (BitBake: MACHINE, OCI_IMAGE_ARCH)`
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

/** What a layout lists. */
export interface Listing {
  readonly images: readonly SelectedImage[]
  /** Also attestations whose image is not there. */
  readonly artifacts: readonly FoundArtifact[]
  /** What a sparse layout does not hold. */
  readonly absent: readonly FoundManifest[]
}

export interface FoundArtifact extends FoundManifest {
  readonly type: string
}

/** The platform that the image has when none is wanted. */
function ownPlatform({ layout, descriptor, at, platform }: Image): Platform {
  const own = readImage(layout, descriptor, at, undefined)
  return own.ok ? own.value.platform : platform
}

/** All images that `reference` names, of whatever platform; without one, as `selectImage` has it. At least one. */
export function listImages(layout: Layout, reference: string | undefined): Result<Listing, LayoutProblem> {
  const found = manifestsOf(layout, reference)
  if (!found.ok) return found
  const listing = readListing(layout, found.value)
  if (!listing.ok || listing.value.images.length > 0) return listing
  return { ok: false, problems: explainNoImage(layout, listing.value) }
}

/** Lists everything to which entries of `index.json` lead; that may be nothing. */
export function listEntries(layout: Layout, steps: readonly Step[]): Result<Listing, LayoutProblem> {
  const found = collect(layout, steps)
  return found.ok ? readListing(layout, found.value) : found
}

/** Says why there is no image in the listing. */
export function explainNoImage(layout: Layout, { artifacts, absent }: Listing): LayoutProblem[] {
  const problems = absent.flatMap(({ descriptor, at }) => problemsOf(locateBlob(layout, descriptor, at)))
  for (const { at, type } of artifacts) {
    const [expected, found] = ['a container image', `an artifact of type ${type}`]
    problems.push({ code: 'not-an-image', layout: layout.path, at, expected, found })
  }
  if (problems.length > 0) return problems
  const [at, expected] = [['index.json'], 'at least one image']
  return [{ code: 'manifests-empty', layout: layout.path, at, expected, found: 'none', ...layout.whenEmpty }]
}

function readListing(layout: Layout, found: FoundManifests): Result<Listing, LayoutProblem> {
  const images: SelectedImage[] = []
  const artifacts: FoundArtifact[] = found.others.map((other) => ({ ...other, type: other.descriptor.mediaType }))
  const problems: LayoutProblem[] = []
  for (const { descriptor, at } of found.manifests) {
    const type = findArtifactType(layout, descriptor)
    if (type !== undefined) {
      artifacts.push({ descriptor, at, type })
      continue
    }
    const image = readImage(layout, descriptor, at, undefined)
    if (image.ok) images.push(withAttestations(image.value, found))
    else problems.push(...image.problems)
  }
  if (problems.length > 0) return { ok: false, problems }
  for (const { descriptor, at } of found.attestations) {
    if (isAbsentEntry(layout, descriptor) || images.some(({ digest }) => digest === subjectOf(descriptor))) continue
    artifacts.push({ descriptor, at, type: findArtifactType(layout, descriptor) ?? descriptor.mediaType })
  }
  return ok({ images, artifacts, absent: found.absent })
}

function problemsOf(result: Result<unknown, LayoutProblem>): readonly LayoutProblem[] {
  return result.ok ? [] : result.problems
}

function allAre(code: LayoutProblem['code'], problems: readonly LayoutProblem[]): boolean {
  return problems.every((problem) => problem.code === code)
}

function withAttestations(image: Image, { manifests, absent, attestations }: FoundManifests): SelectedImage {
  const listed = new Set([...manifests, ...absent].map(({ descriptor }) => descriptor.digest))
  return {
    ...image,
    attestations: attestations.filter(({ descriptor }) => subjectOf(descriptor) === image.digest),
    strayAttestations: attestations.filter(({ descriptor }) => !listed.has(subjectOf(descriptor) ?? '')),
  }
}
