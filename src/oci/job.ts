/** Work on the bytes of blobs that any thread can do: plain values go in and come out. */
import type { Digest } from './digest.js'
import { hashRange, type ByteRange, type HashedRange } from './hash.js'

/** Hash a range of a file. */
export interface HashJob {
  readonly kind: 'hash'
  readonly range: ByteRange
  readonly algorithm: Digest
}

export type Job = HashJob

export interface JobResults {
  readonly hash: HashedRange
}

export type ResultOf<J extends Job> = JobResults[J['kind']]

/** Errors of the system are thrown as they come. */
export async function performJob<J extends Job>(job: J, signal?: AbortSignal): Promise<ResultOf<J>> {
  switch (job.kind) {
    case 'hash':
      return hashRange(job.range, job.algorithm, undefined, signal)
  }
}

/** Bytes that are read for it: what it costs, roughly. */
export function sizeOf(job: Job): number {
  return job.range.size
}
