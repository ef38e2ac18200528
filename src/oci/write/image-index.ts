/**
 * Writing the image index. The bytes are a function of the entries alone: no clock, no path, no randomness.
 *
 * 2-space indentation, no newline at the end and the order mediaType, digest, size, platform, annotations are part of
 * the format: it is what meta-virtualization's oci-multiarch.bbclass writes, and its `vdkr` reads the blob by line.
 */
import { sha256, type Digest } from '../digest.js'
import { annotationKeys, mediaTypes, type Descriptor } from '../documents.js'
import type { Platform } from '../platform.js'
import { isTag, splitName } from '../reference.js'

export interface IndexEntry {
  readonly mediaType: string
  readonly digest: string
  /** Bytes. */
  readonly size: number
  readonly platform: Platform
  /** Of the entry; sorted by key. */
  readonly annotations?: Readonly<Record<string, string>> | undefined
}

export interface IndexOptions {
  readonly format: 'nested' | 'flat'
  /** Of the image index: `docker` makes it a manifest list, which has no annotations. `oci` by default. */
  readonly mediaTypes?: 'oci' | 'docker'
  /** `org.opencontainers.image.ref.name` of the outer entry. Not in a flat layout, which has no such entry. */
  readonly reference?: string
  /** Further names of the same image: one more outer entry each. */
  readonly references?: readonly string[]
  /** `io.containerd.image.name` of the outer entry. Those of `references` have it with their own tag. */
  readonly name?: string
  /** Of the image index itself, sorted by key. */
  readonly annotations: Readonly<Record<string, string>>
}

export interface WrittenIndex {
  /** The image index that lists the platforms: a blob (nested) or `index.json` itself (flat). */
  readonly digest: Digest
  readonly mediaType: string
  readonly bytes: Buffer
  /** The content of `index.json`. */
  readonly indexJson: Buffer
}

/** The entries stay in the given order: the first match wins for a reader (image-index.md). */
export function writeIndex(entries: readonly IndexEntry[], options: IndexOptions): WrittenIndex {
  const mediaType = options.mediaTypes === 'docker' ? mediaTypes.dockerList : mediaTypes.index
  const bytes = encode({
    schemaVersion: 2,
    mediaType,
    manifests: entries.map((entry) => ({
      mediaType: entry.mediaType,
      digest: entry.digest,
      size: entry.size,
      platform: encodePlatform(entry.platform),
      ...encodeAnnotations(entry.annotations),
    })),
    ...encodeAnnotations(options.annotations),
  })
  const digest = sha256(bytes)
  if (options.format === 'flat') return { digest, mediaType, bytes, indexJson: bytes }

  // No platform on these entries: vdkr would take the layout for a flat one.
  const outer = [options.reference, ...(options.references ?? [])].map((reference): Descriptor => {
    const name = options.name === undefined ? undefined : nameFor(options.name, reference, options.reference)
    const names = {
      ...(reference === undefined ? {} : { [annotationKeys.reference]: reference }),
      ...(name === undefined ? {} : { [annotationKeys.containerdName]: name }),
    }
    return {
      mediaType,
      digest,
      size: bytes.length,
      ...(Object.keys(names).length === 0 ? {} : { annotations: names }),
    }
  })
  // podman 5 does not load an archive whose index.json lacks its media type.
  const indexJson = encode({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: outer })
  return { digest, mediaType, bytes, indexJson }
}

/** A name stands for one entry; a reference that is no tag cannot be in one. */
function nameFor(name: string, reference: string | undefined, first: string | undefined): string | undefined {
  if (reference === first || reference === undefined) return name
  return isTag(reference) ? `${splitName(name).repository}:${reference}` : undefined
}

/** In the order of Go's struct, as buildah and the class write it. */
function encodePlatform(platform: Platform): object {
  const { architecture, os, variant, 'os.version': version, 'os.features': features } = platform
  return {
    architecture,
    os,
    ...(version === undefined ? {} : { 'os.version': version }),
    ...(features === undefined ? {} : { 'os.features': features }),
    ...(variant === undefined ? {} : { variant }),
  }
}

function encodeAnnotations(annotations: Readonly<Record<string, string>> = {}): { annotations?: object } {
  const keys = Object.keys(annotations).toSorted()
  return keys.length === 0 ? {} : { annotations: Object.fromEntries(keys.map((key) => [key, annotations[key]])) }
}

function encode(document: unknown): Buffer {
  return Buffer.from(JSON.stringify(document, null, 2))
}
