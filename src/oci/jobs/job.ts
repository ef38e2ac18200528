/** Work on the bytes of blobs that any thread can do: plain values go in and come out. */
import type { Digest } from '../digest.js'
import { hashRange, type ByteRange, type HashedRange } from '../hash.js'
import { readLayer, type LayerFacts, type LayerToRead } from '../layer/read-layer.js'

/** Hash a range of a file. */
export interface HashJob {
  readonly kind: 'hash'
  readonly range: ByteRange
  readonly algorithm: Digest
}

/** Read a layer through. */
export interface LayerJob extends LayerToRead {
  readonly kind: 'layer'
}

export type Job = HashJob | LayerJob

export interface JobResults {
  readonly hash: HashedRange
  readonly layer: LayerFacts
}

export type ResultOf<J extends Job> = JobResults[J['kind']]

/** Errors of the system are thrown as they come. */
export async function performJob<J extends Job>(job: J, signal?: AbortSignal): Promise<ResultOf<J>>
export async function performJob(job: Job, signal?: AbortSignal): Promise<JobResults[Job['kind']]> {
  switch (job.kind) {
    case 'hash':
      return hashRange(job.range, job.algorithm, undefined, signal)
    case 'layer':
      return readLayer(job, signal)
  }
}

/** What unpacking and hashing a stored byte costs, when hashing it costs 1 (docs/performance.md). */
const layerCosts = { none: 2, gzip: 8, zstd: 6 } as const

/** Bytes that could be hashed in the time, roughly. */
export function sizeOf(job: Job): number {
  return job.kind === 'hash' ? job.range.size : job.range.size * layerCosts[job.compression]
}
