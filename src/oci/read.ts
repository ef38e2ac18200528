/** Reading blobs and believing nothing: every byte is checked against the descriptor that asked for it. */
import { promises as fs } from 'node:fs'
import type * as z from 'zod'
import { errorText } from '../util/fs.js'
import { fail, ok, type LayoutProblem, type Result, type TreePath } from '../util/problem.js'
import { createHasher, finishHasher, parseDigest, type Digest } from './digest.js'
import type { Descriptor } from './documents.js'
import { readRange, type BlobLocation, type Layout } from './layout.js'
import { maximumDocument, parseDocument } from './parse.js'

/** Bytes read at once: less costs more trips to the thread pool, more is slower to copy (docs/performance.md). */
export const chunkSize = 1024 * 1024

/** A descriptor whose digest is checked and whose blob is there with the right size. */
export interface LocatedBlob {
  readonly descriptor: Descriptor
  readonly digest: Digest
  readonly location: BlobLocation
}

/** Finds the blob of `descriptor` and compares sizes. Its bytes are not read. */
export async function locateBlob(
  layout: Layout,
  descriptor: Descriptor,
  at: TreePath,
): Promise<Result<LocatedBlob, LayoutProblem>> {
  const digest = parseDigest(descriptor.digest)
  if (digest === undefined) {
    const expected = 'sha256: and 64, or sha512: and 128 lower-case hex digits'
    return fail({ code: 'digest-invalid', layout: layout.path, at, expected, found: descriptor.digest.slice(0, 160) })
  }
  let location: BlobLocation | undefined
  try {
    location = await layout.locate(digest)
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
export async function readDocument<T>(
  layout: Layout,
  descriptor: Descriptor,
  at: TreePath,
  schema: z.ZodType<T>,
): Promise<Result<{ readonly value: T; readonly bytes: Buffer; readonly digest: Digest }, LayoutProblem>> {
  const located = await locateBlob(layout, descriptor, at)
  if (!located.ok) return located
  const { digest, location } = located.value
  let bytes: Buffer
  try {
    const handle = await fs.open(location.file)
    try {
      bytes = await readRange(handle, location.offset, Math.min(location.size, maximumDocument + 1))
    } finally {
      await handle.close()
    }
  } catch (error) {
    return fail(blobUnreadable(layout.path, at, digest, error))
  }
  if (bytes.length <= maximumDocument) {
    const found = finishHasher(digest, createHasher(digest).update(bytes))
    if (found !== digest) return fail({ code: 'blob-digest', layout: layout.path, at, expected: digest, found })
  }
  const parsed = parseDocument(layout.path, at, bytes, schema)
  return parsed.ok ? ok({ value: parsed.value, bytes, digest }) : parsed
}

/**
 * Hashes a range of a file in chunks, giving each chunk to `write` first when there is one (one pass for a copy).
 * @returns the digest of what was read, which is short when the file is.
 */
export async function hashRange(
  location: BlobLocation,
  algorithm: Digest,
  write?: (chunk: Uint8Array) => Promise<void>,
): Promise<Digest> {
  const handle = await fs.open(location.file)
  try {
    const hasher = createHasher(algorithm)
    const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(chunkSize, location.size)))
    let done = 0
    while (done < location.size) {
      const want = Math.min(buffer.length, location.size - done)
      const { bytesRead } = await handle.read(buffer, 0, want, location.offset + done)
      if (bytesRead === 0) break
      const chunk = buffer.subarray(0, bytesRead)
      hasher.update(chunk)
      await write?.(chunk)
      done += bytesRead
    }
    return finishHasher(algorithm, hasher)
  } finally {
    await handle.close()
  }
}

export function blobUnreadable(layout: string, at: TreePath, digest: Digest, error: unknown): LayoutProblem {
  return { code: 'blob-unreadable', layout, at, expected: `blob ${digest}`, found: errorText(error) }
}
