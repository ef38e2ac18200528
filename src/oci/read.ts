/** Reading blobs and believing nothing: every byte is checked against the descriptor that asked for it. */
import type * as z from 'zod'
import { errorText } from '../util/fs.js'
import { fail, ok, type LayoutProblem, type Result, type TreePath } from '../util/problem.js'
import { createHasher, finishHasher, parseDigest, type Digest } from './digest.js'
import type { Descriptor } from './documents.js'
import { recallDocument, rememberDocument } from './document-cache.js'
import { readFrom, type BlobLocation, type Layout } from './layout.js'
import { maximumDocument, parseDocument } from './parse.js'

/** A descriptor whose digest is checked and whose blob is there with the right size. */
export interface LocatedBlob {
  readonly descriptor: Descriptor
  readonly digest: Digest
  readonly location: BlobLocation
}

/** Finds the blob of `descriptor` and compares sizes. Its bytes are not read. */
export function locateBlob(layout: Layout, descriptor: Descriptor, at: TreePath): Result<LocatedBlob, LayoutProblem> {
  const digest = parseDigest(descriptor.digest)
  if (digest === undefined) {
    const expected = 'sha256: and 64, or sha512: and 128 lower-case hex digits'
    return fail({ code: 'digest-invalid', layout: layout.path, at, expected, found: descriptor.digest.slice(0, 160) })
  }
  let location: BlobLocation | undefined
  try {
    location = layout.locate(digest)
  } catch (error) {
    return fail(blobUnreadable(layout.path, at, digest, error))
  }
  if (location === undefined) {
    return fail({ code: 'blob-missing', layout: layout.path, at, expected: `blob ${digest}`, found: 'no such file' })
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

/** Reads the document that `descriptor` names, checks its digest, and parses it. */
export function readDocument<T>(
  layout: Layout,
  descriptor: Descriptor,
  at: TreePath,
  schema: z.ZodType<T>,
): Result<{ readonly value: T; readonly bytes: Buffer; readonly digest: Digest }, LayoutProblem> {
  const located = locateBlob(layout, descriptor, at)
  if (!located.ok) return located
  const { digest, location } = located.value
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
  return { code: 'blob-unreadable', layout, at, expected: `blob ${digest}`, found: errorText(error) }
}
