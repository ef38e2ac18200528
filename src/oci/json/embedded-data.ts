/** The `data` of a descriptor: the blob itself, in base64 (descriptor.md: it must be identical to the blob). */
import { createHasher, finishHasher, parseDigest } from '../digest.js'
import type { Descriptor } from '../documents.js'

/** Returns what is wrong with it. With a digest of an unsupported algorithm, only the size is compared. */
export function findDataFault({
  data,
  digest,
  size,
}: Pick<Descriptor, 'data' | 'digest' | 'size'>): { readonly expected: string; readonly found: string } | undefined {
  if (data === undefined) return undefined
  const expected = `the ${size} bytes of ${digest.slice(0, 160)} in base64`
  const bytes = Buffer.from(data, 'base64')
  // Decoding skips what is not base64, so a text is base64 if encoding gives it back.
  if (bytes.toString('base64') !== data) return { expected, found: 'a string that is not base64' }
  if (bytes.length !== size) return { expected, found: `${bytes.length} bytes` }
  const parsed = parseDigest(digest)
  if (parsed === undefined) return undefined
  const found = finishHasher(parsed, createHasher(parsed).update(bytes))
  return found === parsed ? undefined : { expected, found: `those of ${found}` }
}
