/**
 * Tells images from artifacts. The media type of the config alone does not decide it: many tools have given artifacts the
 * image config's media type, and only the media types of the layers show what they are (image spec,
 * artifacts-guidance.md). Examples are cosign's signatures, BuildKit's attestations and what ORAS pushed before 1.0.
 */
import * as z from 'zod'
import { isAttestation, isConfigType, mediaTypes, type Descriptor, type ManifestDocument } from '../documents.js'
import { isLayerType } from '../layer/layer-type.js'
import type { Layout } from '../read/layout.js'
import { readDocument } from '../read/read-blob.js'
import { manifestSchema } from '../json/schemas.js'

/**
 * Returns undefined if the manifest is an image's, or else the type of the artifact.
 *
 * An image has a config of the image config's media type with something in it. Besides, a layer is a file system by its
 * media type, or the config or the descriptor states a platform. A platform is enough because podman unpacks a tar
 * whatever media type it has, and because file systems come in types that are not registered (stacker's squashfs).
 * A config that cannot be read makes no artifact, so that its problem is reported.
 *
 * There are two exceptions. BuildKit's attestations state `unknown/unknown`. `oras push --artifact-platform` declares an
 * artifact type and writes a config with a platform and without `rootfs`, which umoci and containerd refuse.
 */
export function artifactTypeOf(layout: Layout, descriptor: Descriptor, manifest: ManifestDocument): string | undefined {
  const { config, layers } = manifest
  const declared = manifest.artifactType ?? ''
  // Before 1.0, ORAS wrote no config or `{}`, under the image config's media type.
  if (!isConfigType(config.mediaType) || config.size <= 2) return typeOf(manifest)
  const hasFileSystem = layers.some(({ mediaType }) => isLayerType(mediaType))
  if (hasFileSystem && declared === '' && !isAttestation(descriptor)) return undefined
  const read = readDocument(layout, config, [], statedSchema)
  if (!read.ok) return isAttestation(descriptor) && !hasFileSystem ? typeOf(manifest) : undefined
  const stated = read.value.value
  // Engines that do not choose by platform run an image that an index calls an attestation.
  if (isAttestation(descriptor)) return hasFileSystem && isPlatform(stated) ? undefined : typeOf(manifest)
  if (declared !== '' && stated.rootfs === undefined) return typeOf(manifest)
  return hasFileSystem || isPlatform(stated) || isPlatform(descriptor.platform ?? {}) ? undefined : typeOf(manifest)
}

/** The same of a manifest that is read for this. Returns undefined if it cannot be read, so that its problem is reported. */
export function findArtifactType(layout: Layout, descriptor: Descriptor): string | undefined {
  const manifest = readDocument(layout, descriptor, [], manifestSchema)
  return manifest.ok ? artifactTypeOf(layout, descriptor, manifest.value.value) : undefined
}

/** Not checked here: an image's config is read again, by the schema of image configs. */
const statedSchema = z.looseObject({
  os: z.unknown().optional(),
  architecture: z.unknown().optional(),
  rootfs: z.unknown().optional(),
})

function isPlatform({ os, architecture }: { readonly os?: unknown; readonly architecture?: unknown }): boolean {
  return [os, architecture].every((part) => typeof part === 'string' && part !== '' && part !== 'unknown')
}

/** In the order of manifest.md, "Guidelines for Artifact Usage". A borrowed config says nothing, its layers do. */
function typeOf({ artifactType, config, layers }: ManifestDocument): string {
  const isOwn = !isConfigType(config.mediaType) && config.mediaType !== mediaTypes.empty
  const ofConfig = isOwn ? config.mediaType : (layers[0]?.mediaType ?? config.mediaType)
  return artifactType ?? ofConfig
}
