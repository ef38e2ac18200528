/** What stamps hold, taken for that only when it has the shape: their file may be damaged and still be JSON. */
import { parseDigest } from '../../oci/digest.js'
import type { Json } from '../../util/json.js'
import type { BlobRecord } from './image-record.js'

export interface RecordedMerge {
  readonly blobs: readonly BlobRecord[]
  /** Digests of layers that the source lacked: it may have them by now. */
  readonly absent: readonly string[]
}

export function recordedMerge(output: Json): RecordedMerge | undefined {
  const { blobs, absent } = fieldsOf(output)
  return listOf(blobs, isBlob) && listOf(absent, isDigest) ? (output as unknown as RecordedMerge) : undefined
}

/** Digests of the deployed images. */
export function recordedManifests(output: Json): Readonly<Record<string, string>> | undefined {
  const { manifests } = fieldsOf(output)
  const isRecord = typeof manifests === 'object' && manifests !== null && !Array.isArray(manifests)
  return isRecord && Object.values(manifests).every(isDigest) ? (manifests as Record<string, string>) : undefined
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
}

function listOf(value: unknown, is: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(is)
}

function isDigest(value: unknown): boolean {
  return typeof value === 'string' && parseDigest(value) !== undefined
}

function isBlob(value: unknown): boolean {
  const { digest, size } = fieldsOf(value)
  return isDigest(digest) && Number.isSafeInteger(size)
}
