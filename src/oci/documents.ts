/**
 * The JSON documents of an image, as far as they are read here. What a document must be like is in `schemas.ts`, apart
 * from this, so that the package's types need no zod.
 */
import type { Platform } from './platform.js'

export const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  /** Of a config that says nothing: manifest.md, "Guidance for an Empty Descriptor". */
  empty: 'application/vnd.oci.empty.v1+json',
} as const

export const annotationKeys = {
  reference: 'org.opencontainers.image.ref.name',
  containerdName: 'io.containerd.image.name',
  attestationSubject: 'vnd.docker.reference.digest',
} as const

export function isIndexType(mediaType: string): boolean {
  return mediaType === mediaTypes.index || mediaType === mediaTypes.dockerList
}

export function isManifestType(mediaType: string): boolean {
  return mediaType === mediaTypes.manifest || mediaType === mediaTypes.dockerManifest
}

/** Layers whose bytes stay with whoever owns them: readers fetch them from `urls` (layer.md, Docker's "foreign"). */
export function isForeignLayerType(mediaType: string): boolean {
  return mediaType.includes('.layer.nondistributable.') || mediaType.includes('.rootfs.foreign.')
}

/** Which layers a layout may lack. */
export type AbsentLayers = 'none' | 'foreign' | 'any'

export function mayBeAbsent(layer: Descriptor, allowed: AbsentLayers): boolean {
  return allowed === 'any' || (allowed === 'foreign' && isForeignLayerType(layer.mediaType))
}

export function isConfigType(mediaType: string): boolean {
  return mediaType === mediaTypes.config || mediaType === mediaTypes.dockerConfig
}

type Annotations = Readonly<Record<string, string>>

/** descriptor.md. `digest` is plain text here: whoever makes a path from it goes through `parseDigest` first. */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  /** Bytes. */
  readonly size: number
  readonly platform?: Platform | undefined
  readonly annotations?: Annotations | undefined
  /** The blob itself, in base64. */
  readonly data?: string | undefined
}

/** image-index.md. */
export interface IndexDocument {
  readonly manifests: readonly Descriptor[]
  readonly annotations?: Annotations | undefined
}

/** manifest.md. */
export interface ManifestDocument {
  readonly artifactType?: string | undefined
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
}

type Words = readonly string[] | undefined

/** config.md. */
export interface ImageConfigDocument {
  readonly architecture: string
  readonly os: string
  readonly variant?: string | undefined
  readonly 'os.version'?: string | undefined
  readonly 'os.features'?: Words
  /** RFC 3339 */
  readonly created?: string | undefined
  readonly config?: { readonly Entrypoint?: Words; readonly Cmd?: Words } | undefined
  readonly rootfs: { readonly diff_ids: readonly string[] }
}

/** image-layout.md, "oci-layout file". */
export interface LayoutFileDocument {
  readonly imageLayoutVersion: string
}

/**
 * buildkit's attestations sit in the index beside the images, as platform `unknown/unknown`: they are never an
 * image to run (docs.docker.com/build/metadata/attestations/attestation-storage).
 */
export function isAttestation({ platform }: Descriptor): boolean {
  // Not by their annotation: with a real platform, or none, readers take it for an image whatever that says.
  return platform?.os === 'unknown' && platform.architecture === 'unknown'
}

/** The digest of the image that an attestation is about. */
export function subjectOf({ annotations }: Descriptor): string | undefined {
  return annotations?.[annotationKeys.attestationSubject]
}
