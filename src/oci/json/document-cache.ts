/**
 * Documents that were parsed and checked, by digest: what has the digest has the value. A run reads a manifest when it
 * finds the image, merges it, checks it and cleans up; a manifest of 400 layers costs more to parse than its layers to
 * link.
 */
import type * as z from 'zod'
import type { Digest } from '../digest.js'

/** Bytes of documents that are kept. */
const capacity = 8 * 1024 * 1024

const known = new Map<Digest, { readonly schema: z.ZodType; readonly value: unknown }>()
let kept = 0

/** `undefined` when it is not known as a document of that kind. */
export function recallDocument<T>(digest: Digest, schema: z.ZodType<T>): T | undefined {
  const found = known.get(digest)
  return found?.schema === schema ? (found.value as T) : undefined
}

/** @param size of the document; bytes. */
export function rememberDocument<T>(digest: Digest, schema: z.ZodType<T>, value: T, size: number): void {
  if (kept + size > capacity) {
    known.clear()
    kept = 0
  }
  known.set(digest, { schema, value })
  kept += size
}
