/** Hashing a blob: a small one here and now, a large one in whatever thread has time. */
import { assign } from './worker-pool.js'
import type { Digest } from '../digest.js'
import { hashRange, type ByteRange, type HashedRange } from '../hash.js'

/** Bytes below which handing over costs more than it gains. */
const large = 1024 * 1024

export function hashBlob(range: ByteRange, algorithm: Digest, signal?: AbortSignal): Promise<HashedRange> {
  return range.size < large
    ? hashRange(range, algorithm, undefined, signal)
    : assign({ kind: 'hash', range: { file: range.file, offset: range.offset, size: range.size }, algorithm }, signal)
}
