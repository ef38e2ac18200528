/** What is in a layout, told from its documents: layers are not read. */
import { ok, type LayoutProblem, type Result } from '../util/problem.js'
import { annotationKeys } from './documents.js'
import type { Image } from './image.js'
import { openLayout, type Layout } from './layout.js'
import { formatPlatform } from './platform.js'
import { listAllImages } from './select.js'

export interface InspectedEntry {
  /** `org.opencontainers.image.ref.name` */
  readonly reference?: string
  /** `io.containerd.image.name` */
  readonly name?: string
  readonly mediaType: string
  readonly digest: string
}

export interface InspectedBlob {
  readonly digest: string
  readonly mediaType: string
  /** Bytes. */
  readonly size: number
}

export interface InspectedImage {
  readonly platform: string
  readonly digest: string
  /** As the image config has it: RFC 3339. */
  readonly created?: string
  readonly entrypoint?: readonly string[]
  readonly cmd?: readonly string[]
  readonly layers: readonly InspectedBlob[]
  /** Bytes of manifest, config and layers. */
  readonly size: number
}

export interface InspectReport {
  readonly layout: string
  readonly kind: Layout['kind']
  /** Of `index.json`. */
  readonly entries: readonly InspectedEntry[]
  readonly images: readonly InspectedImage[]
  /** Layers that more than one image has. */
  readonly shared: readonly InspectedBlob[]
  /** Bytes that the images have together, and that they would have if none shared a blob. */
  readonly size: number
  readonly sizeUnshared: number
}

/** A failure names what could not be read; digests of documents are checked, those of layers are not. */
export function inspectLayout(location: string): Result<InspectReport, LayoutProblem> {
  const layout = openLayout(location)
  if (!layout.ok) return layout
  const images = listAllImages(layout.value)
  if (!images.ok) return images
  const blobs = new Map<string, InspectedBlob & { images: number; isLayer: boolean }>()
  for (const image of images.value) {
    const { config, layers } = image.manifest
    const own = new Map([image.descriptor, config, ...layers].map((blob) => [blob.digest, blob]))
    for (const { digest, mediaType, size } of own.values()) {
      const isLayer = layers.some((layer) => layer.digest === digest)
      blobs.set(digest, { digest, mediaType, size, isLayer, images: (blobs.get(digest)?.images ?? 0) + 1 })
    }
  }
  const inspected = images.value.map(inspectImage)
  return ok({
    layout: location,
    kind: layout.value.kind,
    entries: (layout.value.index.manifests ?? []).map(({ mediaType, digest, annotations }) => ({
      ...defined('reference', annotations?.[annotationKeys.reference]),
      ...defined('name', annotations?.[annotationKeys.containerdName]),
      mediaType,
      digest,
    })),
    images: inspected,
    shared: [...blobs.values()].filter((blob) => blob.isLayer && blob.images > 1).map(inspectBlob),
    size: sum([...blobs.values()]),
    sizeUnshared: sum(inspected),
  })
}

function inspectImage({ platform, digest, descriptor, manifest, config }: Image): InspectedImage {
  const distinct = new Map([descriptor, manifest.config, ...manifest.layers].map((blob) => [blob.digest, blob]))
  return {
    platform: formatPlatform(platform),
    digest,
    ...defined('created', config.created ?? undefined),
    ...defined('entrypoint', config.config?.Entrypoint ?? undefined),
    ...defined('cmd', config.config?.Cmd ?? undefined),
    layers: manifest.layers.map(inspectBlob),
    size: sum([...distinct.values()]),
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
