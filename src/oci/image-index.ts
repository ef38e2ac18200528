/**
 * Writing the image index. The bytes are a function of the entries alone: no clock, no path, no randomness.
 *
 * 2-space indentation, no newline at the end and the order mediaType, digest, size, platform, annotations are part of
 * the format: it is what meta-virtualization's oci-multiarch.bbclass writes, and its `vdkr` reads the blob by line.
 */
import { sha256, type Digest } from './digest.js'
import { annotationKeys, mediaTypes, type Descriptor } from './documents.js'
import type { Platform } from './platform.js'

export interface IndexEntry {
  readonly mediaType: string
  readonly digest: string
  /** Bytes. */
  readonly size: number
  readonly platform: Platform
}

export interface IndexOptions {
  readonly format: 'nested' | 'flat'
  /** `org.opencontainers.image.ref.name` of the one outer entry. Not in a flat layout, which has no such entry. */
  readonly reference?: string
  /** `io.containerd.image.name` of the one outer entry. */
  readonly name?: string
  /** Of the image index itself, sorted by key. */
  readonly annotations: Readonly<Record<string, string>>
}

export interface WrittenIndex {
  /** The image index that lists the platforms: a blob (nested) or `index.json` itself (flat). */
  readonly digest: Digest
  readonly bytes: Buffer
  /** The content of `index.json`. */
  readonly indexJson: Buffer
}

/** The entries stay in the given order: the first match wins for a reader (image-index.md). */
export function writeIndex(entries: readonly IndexEntry[], options: IndexOptions): WrittenIndex {
  const keys = Object.keys(options.annotations).toSorted()
  const annotations = Object.fromEntries(keys.map((key) => [key, options.annotations[key]!]))
  const bytes = encode({
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: entries.map(({ mediaType, digest, size, platform }) => ({
      mediaType,
      digest,
      size,
      platform: {
        architecture: platform.architecture,
        os: platform.os,
        ...(platform.variant === undefined ? {} : { variant: platform.variant }),
      },
    })),
    ...(keys.length === 0 ? {} : { annotations }),
  })
  const digest = sha256(bytes)
  if (options.format === 'flat') return { digest, bytes, indexJson: bytes }

  const names = {
    ...(options.reference === undefined ? {} : { [annotationKeys.reference]: options.reference }),
    ...(options.name === undefined ? {} : { [annotationKeys.containerdName]: options.name }),
  }
  // No platform on this entry: vdkr would take the layout for a flat one.
  const outer: Descriptor = {
    mediaType: mediaTypes.index,
    digest,
    size: bytes.length,
    ...(Object.keys(names).length === 0 ? {} : { annotations: names }),
  }
  // podman 5 does not load an archive whose index.json lacks its media type.
  return { digest, bytes, indexJson: encode({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [outer] }) }
}

function encode(document: unknown): Buffer {
  return Buffer.from(JSON.stringify(document, null, 2))
}
