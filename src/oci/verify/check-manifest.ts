/** Checks one manifest with everything that it refers to: the config, the layers, and what they say together. */
import type { LayoutProblem, TreePath } from '../../problem/problem.js'
import { artifactTypeOf } from '../image/artifact.js'
import type { BlobChecks, Found, LayerReadings } from './check-blobs.js'
import { mediaTypes, type Descriptor, type ManifestDocument } from '../documents.js'
import type { FoundImage } from './found-image.js'
import { checkImageConfig, describedPlatform } from '../image/image.js'
import type { Layout } from '../read/layout.js'
import type { EntryPlace, OtherEntries } from './other-entries.js'
import type { Platform } from '../platform.js'
import { isAbsentAsAllowed, readDocument } from '../read/read-blob.js'
import { manifestSchema } from '../json/schemas.js'
import type { VerifyOptions } from './verify-report.js'
import { manifestSteps, withPlatform } from '../read/references.js'

/** What the walk over the layout collects. */
interface Walk {
  readonly layout: Layout
  readonly options: VerifyOptions
  readonly problems: Found[]
  readonly blobs: BlobChecks
  readonly others: OtherEntries
  /** Digests that documents name. */
  readonly referenced: Set<string>
}

interface CheckedManifest {
  /** The manifest could be read, so what it refers to is known. */
  readonly isRead: boolean
  /** Absent for an artifact, and for an image whose platform is not known. */
  readonly image?: FoundImage
}

export class ManifestChecks {
  readonly #walk: Walk

  constructor(walk: Walk) {
    this.#walk = walk
  }

  async check(descriptor: Descriptor, { at, list, root }: EntryPlace): Promise<CheckedManifest> {
    const { layout, options, problems, blobs, others, referenced } = this.#walk
    const manifest = readDocument(layout, descriptor, at, manifestSchema)
    if (!manifest.ok) {
      problems.push(...manifest.problems)
      return { isRead: false }
    }
    // For its mode.
    blobs.locate(descriptor, at, true)
    blobs.seen.set(manifest.value.digest, descriptor.size)
    const steps = manifestSteps(manifest.value.value)
    const artifactType = artifactTypeOf(layout, descriptor, manifest.value.value)
    if (artifactType !== undefined) others.addArtifact(descriptor.digest, artifactType, root)
    const isImage = artifactType === undefined
    const needsLayer = isImage && options.strict === true
    problems.push(...manifestProblems(manifest.value.value, layout.path, at, needsLayer))
    const image = isImage ? this.#checkImage(descriptor, manifest.value.value, at) : undefined
    const named = image === undefined ? at : withPlatform(at, descriptor, image.platform)
    const readings: LayerReadings = []
    for (const [position, step] of steps.entries()) {
      const place = [...named, step.label]
      referenced.add(step.descriptor.digest)
      if (position > 0 && isAbsentAsAllowed(layout, step.descriptor, options.allowAbsentLayers)) {
        blobs.absent.set(step.descriptor.digest, step.descriptor.size)
        continue
      }
      const layer = position === 0 ? undefined : blobs.layerToRead(step.descriptor, image?.diffIds[position - 1])
      // The config of an image was read, and any problem with it reported, by `#checkImage`.
      if (layer === undefined) await blobs.check(step.descriptor, place, isImage && position === 0)
      else readings[position - 1] = blobs.checkLayer(step.descriptor, place, layer)
    }
    if (image === undefined) return { isRead: true }
    const judged = blobs.judge(readings, steps.length - 1, image.platform)
    problems.push(judged.then((judgement) => judgement.problems))
    const size = steps.reduce((sum, part) => sum + part.descriptor.size, descriptor.size)
    const found: FoundImage = {
      descriptor,
      platform: image.platform,
      at,
      configLabel: steps[0]!.label,
      list,
      roots: new Set([root]),
      ...(image.stated && { stated: image.stated }),
      size,
      layers: steps.length - 1,
      ...(options.deep === true && { judged }),
    }
    return { isRead: true, image: found }
  }

  /** @returns its platform, and the diff IDs when all is right with its config. */
  #checkImage(
    descriptor: Descriptor,
    manifest: ManifestDocument,
    at: TreePath,
  ): { readonly platform: Platform; readonly stated?: Platform; readonly diffIds: readonly string[] } | undefined {
    const { layout, problems } = this.#walk
    const described = describedPlatform(descriptor)
    const checked = checkImageConfig(layout, manifest, at, described)
    // A config whose digest cannot be computed is listed as not read.
    if (!checked.ok) problems.push(...checked.problems.filter(({ code }) => code !== 'digest-unsupported'))
    if (!checked.ok) return described && { platform: described, diffIds: [] }
    const { platform, stated, config } = checked.value
    return { platform, stated, diffIds: config.rootfs.diff_ids }
  }
}

/**
 * Finds an artifact without its type, which manifest.md demands where the config is empty, and if `needsLayer` also a
 * manifest without layers, which it advises against ("SHOULD have at least one entry"). Merging takes both.
 */
function manifestProblems(
  manifest: ManifestDocument,
  layout: string,
  at: TreePath,
  needsLayer: boolean,
): LayoutProblem[] {
  const problems: LayoutProblem[] = []
  if (manifest.config.mediaType === mediaTypes.empty && manifest.artifactType === undefined) {
    const expected = `a media type, as the media type of config is ${mediaTypes.empty}`
    problems.push({ code: 'document-malformed', layout, at: [...at, 'artifactType'], expected, found: 'nothing' })
  }
  if (needsLayer && manifest.layers.length === 0) {
    problems.push({ code: 'layers-empty', layout, at, expected: 'at least one layer', found: 'none' })
  }
  return problems
}
