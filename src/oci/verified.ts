/** Remembering which files were read and found to be what their digest says. */
import type { Digest } from './digest.js'

/** Files known to hold the bytes of a digest, so that they need not be read again while their identity holds. */
export interface VerifiedFiles {
  has(file: string, identity: string, digest: Digest): boolean
  add(file: string, identity: string, digest: Digest): void
}

/** Remembers nothing: every byte is read. */
export const nothingVerified: VerifiedFiles = { has: () => false, add: () => {} }

export interface ReadingOptions {
  /** Files known to be good are not read again for their digest alone. */
  readonly verified?: VerifiedFiles
  readonly signal?: AbortSignal
}
