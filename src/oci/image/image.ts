/** One single-platform image: its manifest and image config, and what they must say together. */
import { count } from '../../util/format.js'
import { fail, ok, type LayoutProblem, type Result, type TreePath } from '../../problem/problem.js'
import { artifactTypeOf } from './artifact.js'
import { digestGrammar, isDigest, type Digest } from '../digest.js'
import type { Descriptor, ImageConfigDocument, ManifestDocument } from '../documents.js'
import { imageConfigSchema, manifestSchema } from '../json/schemas.js'
import type { Layout } from '../read/layout.js'
import {
  formatPlatform,
  judgePlatform,
  normalizePlatform,
  platformId,
  reconcilePlatform,
  type Platform,
} from '../platform.js'
import { judgeConfigPlatform } from '../platform-problem.js'
import { readDocument } from '../read/read-blob.js'
import { manifestSteps, withPlatform } from '../read/references.js'

/** One single-platform image, its manifest and image config read and checked against their digests. */
export interface Image {
  readonly layout: Layout
  readonly at: TreePath
  readonly descriptor: Descriptor
  readonly digest: Digest
  readonly manifest: ManifestDocument
  readonly config: ImageConfigDocument
  /** For the new index: what was wanted, completed as `reconcilePlatform` says. */
  readonly platform: Platform
}

/**
 * Reads manifest and image config, and compares the platforms of what is wanted, the descriptor and the image config;
 * layers are not looked at. A descriptor of another platform is a contradiction whatever its blob holds: a sparse layout
 * may lack it (image-layout.md).
 */
export function readImage(
  layout: Layout,
  descriptor: Descriptor,
  at: TreePath,
  wanted: Platform | undefined,
): Result<Image, LayoutProblem> {
  const described = usableFor(wanted, describedPlatform(descriptor))
  if (wanted !== undefined && described !== undefined && reconcilePlatform(wanted, described) === undefined) {
    const found = `the index says ${describe(described)}`
    return fail({ code: 'platform-contradiction', layout: layout.path, at, expected: describe(wanted), found })
  }
  const manifest = readDocument(layout, descriptor, at, manifestSchema)
  if (!manifest.ok) return manifest
  const artifactType = artifactTypeOf(layout, descriptor, manifest.value.value)
  if (artifactType !== undefined) {
    const found = `an artifact of type ${artifactType}`
    return fail({ code: 'not-an-image', layout: layout.path, at, expected: 'a container image', found })
  }
  const checked = checkImageConfig(layout, manifest.value.value, at, described, wanted)
  if (!checked.ok) return checked
  return ok({
    layout,
    at: withPlatform(at, descriptor, checked.value.platform),
    descriptor,
    digest: manifest.value.digest,
    manifest: manifest.value.value,
    config: checked.value.config,
    platform: checked.value.platform,
  })
}

/** A variant that no machine has does not count against the platform that is wanted. */
function usableFor(wanted: Platform | undefined, described: Platform | undefined): Platform | undefined {
  if (wanted === undefined || !described || judgePlatform(described)?.kind !== 'unreal-variant') return described
  const { variant: _, ...bare } = described
  return bare
}

/**
 * Checks what a manifest and its image config say together: one diff ID for each layer, and the platform that the index
 * says and that is wanted (any, when nothing is).
 * @returns the image config, the platform that it states, and the platform for the image's descriptor.
 */
export function checkImageConfig(
  layout: Layout,
  manifest: ManifestDocument,
  at: TreePath,
  described: Platform | undefined,
  wanted?: Platform,
): Result<
  { readonly platform: Platform; readonly stated: Platform; readonly config: ImageConfigDocument },
  LayoutProblem
> {
  const problems: LayoutProblem[] = []
  const add = (code: LayoutProblem['code'], place: TreePath, expected: string, found: string): void => {
    problems.push({ code, layout: layout.path, at: place, expected, found })
  }
  const configAt = [...at, manifestSteps(manifest)[0]!.label]
  const config = readDocument(layout, manifest.config, configAt, imageConfigSchema)
  if (!config.ok) return { ok: false, problems: [...problems, ...config.problems] }
  const stated = statedPlatform(config.value.value)
  const expected = wanted && described ? reconcilePlatform(wanted, described) : (wanted ?? described)
  const platform = expected === undefined ? normalizePlatform(stated) : reconcilePlatform(expected, stated)
  if (platform === undefined) {
    const isOfWanted = wanted !== undefined && reconcilePlatform(wanted, stated) === undefined
    problems.push(contradiction(layout.path, configAt, stated, isOfWanted ? { wanted } : { described: described! }))
  }
  const diffIds = config.value.value.rootfs.diff_ids
  if (diffIds.length !== manifest.layers.length) {
    const needed = `${count(manifest.layers.length, 'diff ID')} in the image config, as the manifest has layers`
    add('layer-count', at, needed, count(diffIds.length, 'diff ID'))
  }
  for (const [position, diffId] of diffIds.entries()) {
    if (isDigest(diffId)) continue
    add('digest-invalid', [...configAt, `rootfs.diff_ids[${position}]`], digestGrammar, diffId.slice(0, 160))
  }
  return problems.length > 0 || platform === undefined
    ? { ok: false, problems }
    : ok({ platform, stated, config: config.value.value })
}

/**
 * @param stated what the image config says.
 * @param by who says another platform: the index, or who wants the image.
 */
export function contradiction(
  layout: string,
  at: TreePath,
  stated: Platform,
  by: { readonly wanted: Platform } | { readonly described: Platform },
): LayoutProblem {
  const fault = judgePlatform(stated)
  if (fault?.kind === 'incomplete') return judgeConfigPlatform({ layout, at, strict: false }, stated, true)[0]!
  const found = `the image config says ${describe(stated)}`
  if ('wanted' in by) return { code: 'platform-contradiction', layout, at, expected: describe(by.wanted), found }
  return {
    code: 'platform-contradiction',
    layout,
    at,
    expected: `${describe(by.described)}, as the index says`,
    found,
    next: "build the image for the platform (BitBake: MACHINE, OCI_IMAGE_ARCH), or correct the platform in the index: 'mab merge -o DIR IMAGE IMAGE' makes it again from the single images",
  }
}

/** Returns the platform that the index says. One that lacks a name says nothing. */
export function describedPlatform({ platform }: Descriptor): Platform | undefined {
  return platform === undefined || judgePlatform(platform)?.kind === 'incomplete' ? undefined : platform
}

function statedPlatform(config: ImageConfigDocument): Platform {
  const { os, architecture, variant, 'os.version': version, 'os.features': features } = config
  return { os, architecture, variant, 'os.version': version, 'os.features': features }
}

function describe(platform: Platform): string {
  const [written, normal] = [formatPlatform(platform), formatPlatform(normalizePlatform(platform))]
  return `${written}${written === normal ? '' : ` (${normal})`}`
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
    const key = platformId(platform)
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
