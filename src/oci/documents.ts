/** The JSON documents of an image, as far as they are read here. Unknown keys are none of our business and stay. */
import * as z from 'zod'

export const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
} as const

export const annotationKeys = {
  reference: 'org.opencontainers.image.ref.name',
  containerdName: 'io.containerd.image.name',
} as const

export function isIndexType(mediaType: string): boolean {
  return mediaType === mediaTypes.index || mediaType === mediaTypes.dockerList
}

export function isManifestType(mediaType: string): boolean {
  return mediaType === mediaTypes.manifest || mediaType === mediaTypes.dockerManifest
}

export function isConfigType(mediaType: string): boolean {
  return mediaType === mediaTypes.config || mediaType === mediaTypes.dockerConfig
}

const annotations = z.record(z.string(), z.string())

const platformSchema = z.looseObject({
  architecture: z.string(),
  os: z.string(),
  variant: z.string().optional(),
})

/** `digest` is plain text here: whoever makes a path from it goes through `parseDigest` first. */
export const descriptorSchema = z.looseObject({
  mediaType: z.string(),
  digest: z.string(),
  size: z.int().nonnegative(),
  platform: platformSchema.optional(),
  annotations: annotations.optional(),
})
export type Descriptor = z.output<typeof descriptorSchema>

/** image-index.md. `manifests: null` is what umoci writes into an empty layout. */
export const indexSchema = z.looseObject({
  schemaVersion: z.literal(2),
  // One that says to be something else is read as that by others (GHSA-77vh-xpmg-72qh).
  mediaType: z.enum([mediaTypes.index, mediaTypes.dockerList]).optional(),
  manifests: z.array(descriptorSchema).nullable(),
  annotations: annotations.optional(),
})
export type IndexDocument = z.output<typeof indexSchema>

/** manifest.md. umoci leaves `mediaType` out. */
export const manifestSchema = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.enum([mediaTypes.manifest, mediaTypes.dockerManifest]).optional(),
  config: descriptorSchema,
  layers: z.array(descriptorSchema),
  annotations: annotations.optional(),
})
export type ManifestDocument = z.output<typeof manifestSchema>

/** config.md. */
export const imageConfigSchema = z.looseObject({
  architecture: z.string(),
  os: z.string(),
  variant: z.string().optional(),
  rootfs: z.looseObject({ diff_ids: z.array(z.string()).nullable() }),
})
export type ImageConfigDocument = z.output<typeof imageConfigSchema>

export const layoutFileSchema = z.looseObject({ imageLayoutVersion: z.string() })

/**
 * buildkit's attestations sit in the index beside the images, as platform `unknown/unknown`: they are never an
 * image to run (docs.docker.com/build/metadata/attestations/attestation-storage).
 */
export function isAttestation(descriptor: Descriptor): boolean {
  return descriptor.platform?.os === 'unknown' && descriptor.platform.architecture === 'unknown'
}
