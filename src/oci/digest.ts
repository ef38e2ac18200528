/** Digests: the only names that a blob's path is made from (OCI image spec, descriptor.md "Digests"). */
import { createHash, type Hash } from 'node:crypto'

declare const checked: unique symbol
/** `algorithm:hex`, grammar and length checked, so it is safe in a path. */
export type Digest = string & { readonly [checked]: true }

/** The registered algorithms, with the length of their hex form. */
const hexLengths: ReadonlyMap<string, number> = new Map([
  ['sha256', 64],
  ['sha512', 128],
  ['blake3', 64],
])

/** For messages. */
export const digestGrammar = 'a digest, such as sha256: followed by 64 lower-case hex digits'

/** Those that are computed here; Node has no BLAKE3. */
const computed: ReadonlySet<string> = new Set(['sha256', 'sha512'])

/** Returns undefined for anything but an algorithm that is computed here with exactly its number of lower-case hex digits. */
export function parseDigest(text: string): Digest | undefined {
  return isDigest(text) && computed.has(text.slice(0, text.indexOf(':'))) ? (text as Digest) : undefined
}

const anyDigest = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/

/**
 * Whether the text has the image spec's grammar of digests, and for a registered algorithm also the form that it demands.
 * Digests of other algorithms should pass a check (descriptor.md), though nothing can be read by them.
 */
export function isDigest(text: string): boolean {
  if (!anyDigest.test(text)) return false
  const colon = text.indexOf(':')
  const length = hexLengths.get(text.slice(0, colon))
  return length === undefined || (text.length - colon - 1 === length && /^[0-9a-f]+$/.test(text.slice(colon + 1)))
}

/** Whether it is a digest that no blob can be compared with here. */
export function isUnsupportedDigest(text: string): boolean {
  return isDigest(text) && parseDigest(text) === undefined
}

export function sha256(bytes: string | Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest
}

export function createHasher(digest: Digest): Hash {
  return createHash(algorithmOf(digest))
}

export function finishHasher(digest: Digest, hash: Hash): Digest {
  return `${algorithmOf(digest)}:${hash.digest('hex')}` as Digest
}

export function algorithmOf(digest: Digest): string {
  return digest.slice(0, digest.indexOf(':'))
}

/** The blob's place in a layout (image-layout.md): `blobs/<algorithm>/<hex>`. */
export function blobPath(digest: Digest): string {
  return `blobs/${algorithmOf(digest)}/${digest.slice(digest.indexOf(':') + 1)}`
}

/** The same in a directory. Not by `path.join`, which for thousands of small blobs takes as long as reading some. */
export function blobFile(directory: string, digest: Digest): string {
  return `${directory}/${blobPath(digest)}`
}

/** Enough of a digest to recognise it in a message: the algorithm and 12 hex digits. */
export function shortDigest(digest: string): string {
  const colon = digest.indexOf(':')
  return digest.slice(0, colon + 13)
}
