/** Reading blobs and believing nothing: every byte is checked against the descriptor that asked for it. */
import type * as z from 'zod'
import { errorText } from '../../util/fs.js'
import { fail, ok, type LayoutProblem, type Result, type TreePath } from '../../problem/problem.js'
import {
  blobPath,
  createHasher,
  digestGrammar,
  finishHasher,
  isUnsupportedDigest,
  parseDigest,
  type Digest,
} from '../digest.js'
import {
  isForeignLayerType,
  isIndexType,
  isManifestType,
  mayBeAbsent,
  type AbsentLayers,
  type Descriptor,
} from '../documents.js'
import { waysToComplete } from './complete.js'
import { findDataFault } from '../json/embedded-data.js'
import { recallDocument, rememberDocument } from '../json/document-cache.js'
import { noSuchFile } from './layout-directory.js'
import { readFrom, type BlobLocation, type Layout } from './layout.js'
import { findMisplaced } from './misplaced.js'
import { maximumDocument, parseDocument } from '../json/parse.js'
import { remedyForError } from './remedies.js'

/** A descriptor whose digest is checked and whose blob is there with the right size. */
export type LocatedBlob = LocatedFile | EmbeddedBlob

export interface LocatedFile {
  readonly descriptor: Descriptor
  readonly digest: Digest
  readonly location: BlobLocation
}

/** There is no file, but the descriptor has the bytes; they are those of the digest. */
export interface EmbeddedBlob {
  readonly descriptor: Descriptor
  readonly digest: Digest
  readonly embedded: Buffer
}

/** Finds the blob of `descriptor` and compares sizes. Its bytes are not read, but embedded ones are checked. */
export function locateBlob(layout: Layout, descriptor: Descriptor, at: TreePath): Result<LocatedBlob, LayoutProblem> {
  const digest = parseDigest(descriptor.digest)
  if (digest === undefined) return fail(refuseDigest(layout.path, descriptor.digest, at))
  const fault = findDataFault(descriptor)
  if (fault !== undefined) return fail({ code: 'blob-data', layout: layout.path, at, ...fault })
  const embedded = descriptor.data === undefined ? undefined : Buffer.from(descriptor.data, 'base64')
  let location: BlobLocation | undefined
  try {
    location = layout.locate(digest)
  } catch (error) {
    return fail(blobUnreadable(layout.path, at, digest, error))
  }
  if (location === undefined && embedded !== undefined) return ok({ descriptor, digest, embedded })
  if (location === undefined) {
    const expected = `blob ${digest}`
    const place = layout.describe(blobPath(digest))
    const misplaced = place === noSuchFile ? findMisplaced(layout, digest) : undefined
    const found = misplaced === undefined ? place : `${place} at ${blobPath(digest)}, but there is ${misplaced.name}`
    const { remedy } = misplaced ?? {}
    const next = remedy === undefined ? nextFor(layout, descriptor) : { remedy }
    return fail({ code: 'blob-missing', layout: layout.path, at, expected, found, ...next })
  }
  if (location.size !== descriptor.size) {
    return fail({
      code: 'blob-size',
      layout: layout.path,
      at,
      expected: `${descriptor.size} bytes`,
      found: `${location.size} bytes`,
    })
  }
  return ok({ descriptor, digest, location })
}

function nextFor({ index }: Layout, { mediaType, platform }: Descriptor): { next?: string } {
  if (isManifestType(mediaType) || isIndexType(mediaType)) return { next: waysToComplete(index, platform) }
  if (!isForeignLayerType(mediaType)) return {}
  const allow = "`allowAbsentLayers: 'foreign'` of the target, or --allow-absent-layers foreign"
  return { next: `fetch the layer from its urls into the layout, or let it be absent (${allow})` }
}

function refuseDigest(layout: string, digest: string, at: TreePath): LayoutProblem {
  const found = digest.slice(0, 160)
  return isUnsupportedDigest(digest)
    ? {
        code: 'digest-unsupported',
        layout,
        at,
        expected: 'a digest of sha256 or sha512, to compare the blob with',
        found,
      }
    : { code: 'digest-invalid', layout, at, expected: digestGrammar, found }
}

/** Whether the layer's blob is not there, and need not be. */
export function isAbsentAsAllowed(layout: Layout, layer: Descriptor, allowed: AbsentLayers = 'none'): boolean {
  if (!mayBeAbsent(layer, allowed)) return false
  const located = locateBlob(layout, layer, [])
  return !located.ok && located.problems.every(({ code }) => code === 'blob-missing')
}

/**
 * Decides whether the layout lacks the blob of an entry (image-layout.md: "The blobs directory MAY be missing referenced
 * blobs"). Something else in the blob's place is damage.
 */
export function isAbsentEntry(layout: Layout, descriptor: Descriptor): boolean {
  const located = locateBlob(layout, descriptor, [])
  return !located.ok && located.problems.every(({ code, found }) => code === 'blob-missing' && found === noSuchFile)
}

export interface ReadDocument<T> {
  readonly value: T
  readonly bytes: Buffer
  readonly digest: Digest
}

/**
 * Reads the document that `descriptor` names, checks its digest, and parses it. Where it says a media type, that must be
 * the descriptor's: readers differ in which of them they believe.
 */
export function readDocument<T>(
  layout: Layout,
  descriptor: Descriptor,
  at: TreePath,
  schema: z.ZodType<T>,
): Result<ReadDocument<T>, LayoutProblem> {
  const read = readOfAnyType(layout, descriptor, at, schema)
  const isTyped = isIndexType(descriptor.mediaType) || isManifestType(descriptor.mediaType)
  if (!read.ok || !isTyped) return read
  const { mediaType: found } = read.value.value as { readonly mediaType?: unknown }
  if (typeof found !== 'string' || found === descriptor.mediaType) return read
  const expected = `${descriptor.mediaType}, as its descriptor says`
  return fail({ code: 'media-type', layout: layout.path, at: [...at, 'mediaType'], expected, found })
}

function readOfAnyType<T>(
  layout: Layout,
  descriptor: Descriptor,
  at: TreePath,
  schema: z.ZodType<T>,
): Result<ReadDocument<T>, LayoutProblem> {
  const located = locateBlob(layout, descriptor, at)
  if (!located.ok) return located
  const { digest } = located.value
  if ('embedded' in located.value) {
    const parsed = parseDocument(layout.path, at, located.value.embedded, schema)
    return parsed.ok ? ok({ value: parsed.value, bytes: located.value.embedded, digest }) : parsed
  }
  const { location } = located.value
  let bytes: Buffer
  try {
    bytes = readFrom(location.file, location.offset, Math.min(location.size, maximumDocument + 1))
  } catch (error) {
    return fail(blobUnreadable(layout.path, at, digest, error))
  }
  if (bytes.length <= maximumDocument) {
    const found = finishHasher(digest, createHasher(digest).update(bytes))
    if (found !== digest) return fail({ code: 'blob-digest', layout: layout.path, at, expected: digest, found })
    const known = recallDocument(digest, schema)
    if (known !== undefined) return ok({ value: known, bytes, digest })
  }
  const parsed = parseDocument(layout.path, at, bytes, schema)
  if (!parsed.ok) return parsed
  rememberDocument(digest, schema, parsed.value, bytes.length)
  return ok({ value: parsed.value, bytes, digest })
}

export function blobUnreadable(layout: string, at: TreePath, digest: Digest, error: unknown): LayoutProblem {
  const remedy = remedyForError(error, layout)
  return { code: 'blob-unreadable', layout, at, expected: `blob ${digest}`, found: errorText(error), ...remedy }
}
