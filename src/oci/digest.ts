/** Digests: the only names that a blob's path is made from (OCI image spec, descriptor.md "Digests"). */
import { createHash, type Hash } from 'node:crypto'

declare const checked: unique symbol
/** `algorithm:hex`, grammar and length checked, so it is safe in a path. */
export type Digest = string & { readonly [checked]: true }

/** The registered algorithms that a reader must or may support, with the length of their hex form. */
const hexLengths: Readonly<Record<string, number>> = { sha256: 64, sha512: 128 }

/** For messages. */
export const digestGrammar = 'sha256: and 64, or sha512: and 128 lower-case hex digits'

/** `undefined` for anything but a registered algorithm with exactly its number of lower-case hex digits. */
export function parseDigest(text: string): Digest | undefined {
  const [, algorithm = '', hex = ''] = /^([a-z0-9]+):([0-9a-f]+)$/.exec(text) ?? []
  return hex.length > 0 && hexLengths[algorithm] === hex.length ? (text as Digest) : undefined
}

/** As the image spec has all digests; those of other algorithms it wants let through where nothing is read. */
const anyDigest = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/

export function isOfUnregisteredAlgorithm(text: string): boolean {
  return anyDigest.test(text) && hexLengths[text.slice(0, text.indexOf(':'))] === undefined
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
