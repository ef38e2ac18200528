/** What is in a layout, told from its documents: layers are not read. */
import { fail, ok, type LayoutProblem, type Result } from '../../problem/problem.js'
import { annotationKeys, isIndexType, type Descriptor } from '../documents.js'
import { entriesNamed, missingReference } from './entries.js'
import type { InspectedBlob, InspectedEntry, InspectedImage, InspectReport } from './inspect-report.js'
import { openLayout, type Layout } from '../read/layout.js'
import { formatPlatform } from '../platform.js'
import { isAbsentEntry, readDocument } from '../read/read-blob.js'
import { identityOf, maximumReadings } from '../read/replacement.js'
import { indexSchema } from '../json/schemas.js'
import { explainNoImage, listEntries, type SelectedImage } from './select.js'
import type { Step } from '../read/references.js'

/**
 * A failure names what could not be read; digests of documents are checked, those of layers are not.
 * @param reference only what this name leads to.
 */
export function inspectLayout(location: string, reference?: string): Result<InspectReport, LayoutProblem> {
  for (let reading = 1; ; reading++) {
    const before = identityOf(location)
    const result = inspectOnce(location, reference)
    const isWhole = result.ok && result.value.absent.length === 0
    if (isWhole || reading === maximumReadings || identityOf(location) === before) return result
  }
}

function inspectOnce(location: string, reference?: string): Result<InspectReport, LayoutProblem> {
  const opened = openLayout(location)
  if (!opened.ok) return opened
  const layout = opened.value
  const steps = entriesNamed(layout, reference)
  if (steps.length === 0 && reference !== undefined) {
    return fail({ ...missingReference(layout, reference), next: 'take one of these' })
  }
  const listing = listEntries(layout, steps)
  if (!listing.ok) return listing
  const { images, artifacts, absent } = listing.value
  if (images.length === 0 && artifacts.length === 0) {
    return { ok: false, problems: explainNoImage(layout, listing.value) }
  }
  const entries: InspectedEntry[] = []
  for (const step of steps) {
    const entry = inspectEntry(layout, step)
    if (!entry.ok) return entry
    entries.push(entry.value)
  }
  const blobs = countBlobs(images)
  const inspected = images.map(inspectImage)
  return ok({
    layout: location,
    kind: layout.kind,
    entries,
    images: inspected,
    artifacts: artifacts.map(({ descriptor, type }) => ({ ...inspectBlob(descriptor), type })),
    absent: absent.map(({ descriptor }) => ({
      ...defined('platform', descriptor.platform && formatPlatform(descriptor.platform)),
      ...inspectBlob(descriptor),
    })),
    shared: blobs.filter((blob) => blob.isLayer && blob.images > 1).map(inspectBlob),
    size: sum(blobs),
    sizeUnshared: sum(inspected),
  })
}

/** What the entry itself says, and how much of what it leads to is there. */
function inspectEntry(layout: Layout, step: Step): Result<InspectedEntry, LayoutProblem> {
  const { mediaType, digest, annotations } = step.descriptor
  const listing = listEntries(layout, [step])
  if (!listing.ok) return listing
  const { images, absent } = listing.value
  let own: InspectedEntry['annotations']
  if (isIndexType(mediaType) && !isAbsentEntry(layout, step.descriptor)) {
    const index = readDocument(layout, step.descriptor, ['index.json', step.label], indexSchema)
    if (!index.ok) return index
    own = index.value.value.annotations
  }
  return ok({
    ...defined('reference', annotations?.[annotationKeys.reference]),
    ...defined('name', annotations?.[annotationKeys.containerdName]),
    mediaType,
    digest,
    ...defined('annotations', own),
    images: images.length,
    absent: absent.length,
  })
}

interface CountedBlob extends InspectedBlob {
  readonly isLayer: boolean
  /** How many images have it. */
  readonly images: number
}

function countBlobs(images: readonly SelectedImage[]): readonly CountedBlob[] {
  const blobs = new Map<string, CountedBlob>()
  for (const image of images) {
    for (const { digest, mediaType, size } of partsOf(image)) {
      const isLayer = image.manifest.layers.some((layer) => layer.digest === digest)
      blobs.set(digest, { digest, mediaType, size, isLayer, images: (blobs.get(digest)?.images ?? 0) + 1 })
    }
  }
  return [...blobs.values()]
}

/** Manifest, config and layers, each once. */
function partsOf({ descriptor, manifest }: SelectedImage): readonly Descriptor[] {
  const parts = [descriptor, manifest.config, ...manifest.layers]
  return [...new Map(parts.map((part) => [part.digest, part])).values()]
}

function inspectImage(image: SelectedImage): InspectedImage {
  const { platform, digest, descriptor, manifest, config, attestations } = image
  return {
    platform: formatPlatform(platform),
    ...defined('osVersion', platform['os.version']),
    ...defined('osFeatures', platform['os.features']),
    digest,
    mediaType: descriptor.mediaType,
    ...defined('annotations', descriptor.annotations),
    ...defined('created', config.created),
    ...defined('entrypoint', config.config?.Entrypoint),
    ...defined('cmd', config.config?.Cmd),
    layers: manifest.layers.map(inspectBlob),
    attestations: attestations.map((attestation) => inspectBlob(attestation.descriptor)),
    size: sum(partsOf(image)),
  }
}

function inspectBlob({ digest, mediaType, size }: InspectedBlob): InspectedBlob {
  return { digest, mediaType, size }
}

function sum(blobs: readonly { readonly size: number }[]): number {
  return blobs.reduce((total, { size }) => total + size, 0)
}

function defined<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: V })
}
