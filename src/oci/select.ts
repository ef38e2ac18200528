/** Choosing the one image in a layout: by its reference and platform, never by its position. */
import { fail, ok, type LayoutProblem, type Result, type TreePath } from '../util/problem.js'
import type { Digest } from './digest.js'
import {
  annotationKeys,
  isAttestation,
  isConfigType,
  isIndexType,
  isManifestType,
  type Descriptor,
  type ManifestDocument,
} from './documents.js'
import { imageConfigSchema, indexSchema, manifestSchema } from './schemas.js'
import type { Layout } from './layout.js'
import { formatPlatform, matchKey, normalizePlatform, reconcilePlatform, type Platform } from './platform.js'
import { readDocument } from './read.js'
import { indexSteps, manifestSteps, maximumIndexDepth, type Step } from './walk.js'

/** One single-platform image, its manifest and image config read and checked against their digests. */
export interface Image {
  readonly layout: Layout
  readonly at: TreePath
  readonly descriptor: Descriptor
  readonly digest: Digest
  readonly manifest: ManifestDocument
  /** For the new index: what was wanted, completed as `reconcilePlatform` says. */
  readonly platform: Platform
}

/**
 * The image that `reference` names. Without one, the entry named `latest`, or else the only image there is.
 * Nested indexes and several entries of one name are searched for `wanted`.
 */
export async function selectImage(
  layout: Layout,
  reference: string | undefined,
  wanted: Platform,
): Promise<Result<Image, LayoutProblem>> {
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

  const manifests = await expand(layout, named, ['index.json'], new Set())
  if (!manifests.ok) return manifests
  const distinct = [...new Map(manifests.value.map((found) => [found.step.descriptor.digest, found])).values()]
  const images: Image[] = []
  const others: string[] = []
  const contradictions: LayoutProblem[] = []
  for (const { step, at } of distinct) {
    const image = await readImage(layout, step.descriptor, at, wanted)
    if (image.ok) images.push(image.value)
    else if (image.problems.every((problem) => problem.code === 'platform-contradiction')) {
      contradictions.push(...image.problems)
      others.push(...image.problems.map((problem) => problem.found))
    } else if (isForAnother(step.descriptor, wanted)) others.push(formatPlatform(step.descriptor.platform!))
    else return image
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

function entriesOf(roots: readonly Step[], reference: string | undefined): readonly Step[] | undefined {
  const withName = (name: string): readonly Step[] =>
    roots.filter(({ descriptor }) => descriptor.annotations?.[annotationKeys.reference] === name)
  const matches = withName(reference ?? 'latest')
  if (matches.length > 0) return matches
  if (reference !== undefined) return undefined
  return new Set(roots.map(({ descriptor }) => descriptor.digest)).size === 1 ? roots : undefined
}

/** A sparse layout lists platforms whose blobs it lacks (image-layout.md): the one that is wanted may be there. */
function isForAnother({ platform }: Descriptor, wanted: Platform): boolean {
  return platform !== undefined && reconcilePlatform(wanted, platform) === undefined
}

interface FoundManifest {
  readonly step: Step
  readonly at: TreePath
}

/** @param expanded the indexes that were met so far: each is read once, or a few that list one another never end. */
async function expand(
  layout: Layout,
  steps: readonly Step[],
  at: TreePath,
  expanded: Set<string>,
): Promise<Result<FoundManifest[], LayoutProblem>> {
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
    const index = await readDocument(layout, step.descriptor, place, indexSchema)
    if (!index.ok) return index
    const inner = await expand(layout, indexSteps(index.value.value), place, expanded)
    if (!inner.ok) return inner
    for (const manifest of inner.value) found.push(manifest)
  }
  return ok(found)
}

/** Reads manifest and image config and compares the platforms; layers are not looked at. */
async function readImage(
  layout: Layout,
  descriptor: Descriptor,
  at: TreePath,
  wanted: Platform,
): Promise<Result<Image, LayoutProblem>> {
  const manifest = await readDocument(layout, descriptor, at, manifestSchema)
  if (!manifest.ok) return manifest
  const platform = await checkImageConfig(layout, manifest.value.value, at, wanted)
  if (!platform.ok) return platform
  return ok({
    layout,
    at,
    descriptor,
    digest: manifest.value.digest,
    manifest: manifest.value.value,
    platform: platform.value,
  })
}

/**
 * Checks what a manifest and its image config say together: at least one layer, one diff ID for each, and the platform
 * that is `wanted` (any, when nothing is).
 * @returns the platform for the image's descriptor.
 */
export async function checkImageConfig(
  layout: Layout,
  manifest: ManifestDocument,
  at: TreePath,
  wanted: Platform | undefined,
): Promise<Result<Platform, LayoutProblem>> {
  const problems: LayoutProblem[] = []
  const add = (code: LayoutProblem['code'], place: TreePath, expected: string, found: string): void => {
    problems.push({ code, layout: layout.path, at: place, expected, found })
  }
  if (manifest.layers.length === 0) add('layers-empty', at, 'at least one layer', 'an image without layers')
  const configAt = [...at, manifestSteps(manifest)[0]!.label]
  if (!isConfigType(manifest.config.mediaType)) {
    add('document-malformed', configAt, 'the config of a container image', `media type ${manifest.config.mediaType}`)
    return { ok: false, problems }
  }
  const config = await readDocument(layout, manifest.config, configAt, imageConfigSchema)
  if (!config.ok) return { ok: false, problems: [...problems, ...config.problems] }
  const { os, architecture, variant, rootfs } = config.value.value
  const stated: Platform = { os, architecture, variant }
  const platform = wanted === undefined ? normalizePlatform(stated) : reconcilePlatform(wanted, stated)
  if (platform === undefined) {
    add('platform-contradiction', configAt, formatPlatform(wanted!), describeStated(stated))
  }
  const diffIds = rootfs.diff_ids?.length ?? 0
  if (diffIds !== manifest.layers.length) {
    const expected = `${manifest.layers.length} diff IDs in the image config, as the manifest has layers`
    add('layer-count', at, expected, `${diffIds} diff IDs`)
  }
  return problems.length > 0 || platform === undefined ? { ok: false, problems } : ok(platform)
}

function describeStated(stated: Platform): string {
  const normal = formatPlatform(normalizePlatform(stated))
  const written = formatPlatform(stated)
  return written === normal ? `the image config says ${written}` : `the image config says ${written} (${normal})`
}

/**
 * What a whole set of images must be together: no platform twice, no image twice under different platforms.
 * Places are given by `place`.
 */
export function checkTogether(
  images: readonly { readonly platform: Platform; readonly digest: string }[],
  layout: string,
  place: (index: number) => TreePath,
): LayoutProblem[] {
  const problems: LayoutProblem[] = []
  const byPlatform = new Map<string, number>()
  const byDigest = new Map<string, number>()
  images.forEach(({ platform, digest }, index) => {
    const key = matchKey(platform)
    const twin = byPlatform.get(key)
    if (twin !== undefined) {
      problems.push({
        code: 'platform-duplicate',
        layout,
        at: place(index),
        expected: `one image for ${formatPlatform(platform)}`,
        found: `another at ${place(twin).at(-1)}`,
      })
    } else byPlatform.set(key, index)
    const same = byDigest.get(digest)
    if (same !== undefined && twin === undefined) {
      problems.push({
        code: 'platform-same-image',
        layout,
        at: place(index),
        expected: `another image than that of ${formatPlatform(images[same]!.platform)}`,
        found: `the same image ${digest} for ${formatPlatform(platform)}`,
      })
    } else byDigest.set(digest, index)
  })
  return problems
}
