/** Reading a blob's bytes, all of them, to know whether they are what the digest says. */
import fs from 'node:fs'
import { breathe } from '../util/breathe.js'
import { fileIdentity } from '../util/fs.js'
import { readInto } from '../util/read-file.js'
import { createHasher, finishHasher, type Digest } from './digest.js'

/** Bytes of a file. */
export interface ByteRange {
  readonly file: string
  readonly offset: number
  /** Bytes. */
  readonly size: number
}

export interface HashedRange {
  /** Of what was read, which is short when the file is. */
  readonly digest: Digest
  /** Of the file, as it was before the first byte was read; see `fileIdentity`. */
  readonly identity: string
}

/** Bytes read at once: what a core's cache holds (docs/performance.md). */
export const chunkSize = 256 * 1024

/** For what takes one read, and so is used before anybody else has a turn. */
const small = Buffer.allocUnsafeSlow(chunkSize)

/**
 * Hashes in this thread.
 * @param write is given each chunk before it is hashed: one pass for a copy.
 */
export async function hashRange(
  range: ByteRange,
  algorithm: Digest,
  write?: (chunk: Uint8Array) => void,
  signal?: AbortSignal,
): Promise<HashedRange> {
  const hasher = createHasher(algorithm)
  const identity = await readChunks(
    range,
    (chunk) => {
      write?.(chunk)
      hasher.update(chunk)
    },
    signal,
  )
  return { digest: finishHasher(algorithm, hasher), identity }
}

/**
 * Reads all of the range, or what there is of it, letting others have their turn.
 * @returns the identity of the file, as it was before the first byte was read.
 */
export async function readChunks(
  range: ByteRange,
  use: (chunk: Uint8Array) => void,
  signal?: AbortSignal,
): Promise<string> {
  const descriptor = fs.openSync(range.file, 'r')
  try {
    const identity = fileIdentity(fs.fstatSync(descriptor, { bigint: true }))
    const buffer = range.size > chunkSize ? Buffer.allocUnsafe(chunkSize) : small
    for (const _ of chunksOf(descriptor, range, buffer, use)) {
      await breathe()
      signal?.throwIfAborted()
    }
    return identity
  } finally {
    fs.closeSync(descriptor)
  }
}

/**
 * The chunks of a range of an open file, each given to `each` first. All are in the one `buffer`, so a chunk lasts until
 * the next one is asked for. Goes on where it was left.
 */
export function chunksOf(
  descriptor: number,
  range: ByteRange,
  buffer: Buffer,
  each: (chunk: Buffer) => void,
): IterableIterator<Buffer> {
  let done = 0
  return {
    [Symbol.iterator]() {
      return this
    },
    next() {
      const want = Math.min(buffer.length, range.size - done)
      const read = want === 0 ? 0 : readInto(descriptor, buffer, 0, want, range.offset + done)
      if (read === 0) return { done: true, value: undefined }
      done += read
      const chunk = buffer.subarray(0, read)
      each(chunk)
      return { done: false, value: chunk }
    },
  }
}
