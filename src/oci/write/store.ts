/**
 * Putting blobs into a layout that is being written: verified on the way in, complete or absent, never half there.
 */
import fs, { constants, type BigIntStats } from 'node:fs'
import path from 'node:path'
import {
  errorCode,
  fileIdentity,
  inDirectory,
  isAbsent,
  isWithin,
  renameOver,
  temporaryName,
  withPath,
  writeFileAtomic,
} from '../../util/fs.js'
import { fail, ok, type LayoutProblem, type Result, type TreePath } from '../../problem/problem.js'
import { blobFile, finishHasher, createHasher, type Digest } from '../digest.js'
import { hashBlob } from '../jobs/hash-blob.js'
import { hashRange, type HashedRange } from '../hash.js'
import type { BlobLocation } from '../read/layout.js'
import { blobUnreadable, type LocatedBlob } from '../read/read-blob.js'
import type { VerifiedFiles } from '../verified.js'

/** How a blob may arrive: share the bytes where the file system can, or copy them. */
export type LinkMode = 'auto' | 'reflink' | 'hardlink' | 'copy'

/** How a blob did arrive; `present` means that it was there and whole. */
export type Arrival = 'present' | 'reflink' | 'hardlink' | 'copy'

/**
 * Makes sure that `<root>/<blobPath>` holds the blob. Idempotent: a whole blob that is already there is success, a
 * damaged one is replaced. On a problem nothing new is left in `root`.
 */
export async function putBlob(
  root: string,
  blob: LocatedBlob,
  source: { readonly layout: string; readonly at: TreePath },
  mode: LinkMode,
  verified: VerifiedFiles,
  signal?: AbortSignal,
): Promise<Result<Arrival, LayoutProblem>> {
  if ('embedded' in blob) return ok(await putBytes(root, blob.digest, blob.embedded, verified))
  const { digest, location } = blob
  const target = blobFile(root, digest)
  if (await isWhole(target, digest, blob.descriptor.size, verified)) return ok('present')
  const wrong = (found: string): Result<Arrival, LayoutProblem> =>
    fail({ code: 'blob-digest', layout: source.layout, at: source.at, expected: digest, found })
  try {
    const ways = waysToLink(location, root, mode)
    if (ways.length > 0) {
      const { digest: found, identity } = await readSource(location, digest, verified, signal)
      if (found !== digest) return wrong(found)
      for (const way of ways) {
        const before = fileIdentity(fs.statSync(location.file, { bigint: true }))
        // Written or linked since it was read, unless another target of this run made the link. A copy is hashed anew.
        if (before !== identity && !verified.has(location.file, before, digest)) break
        const now = link(way, location.file, target)
        if (now === undefined) continue
        if (withoutCtime(before) !== withoutCtime(now.source)) {
          fs.rmSync(target, { force: true })
          break
        }
        verified.add(target, now.target, digest)
        verified.add(location.file, now.source, digest)
        return ok(way)
      }
    }
    const found = await copyRange(location, target, digest, signal)
    if (found !== digest) return wrong(found)
    remember(target, digest, verified)
    return ok('copy')
  } catch (error) {
    signal?.throwIfAborted()
    // Of these the output is the cause, not the blob that is read.
    if (['ENOSPC', 'EDQUOT', 'EROFS'].includes(errorCode(error) ?? '') || isAt(error, root)) throw error
    return fail(blobUnreadable(source.layout, source.at, digest, error))
  }
}

function isAt(error: unknown, root: string): boolean {
  return error instanceof Error && 'path' in error && typeof error.path === 'string' && isWithin(error.path, root)
}

/** Puts bytes made here, such as a new index. */
export async function putBytes(
  root: string,
  digest: Digest,
  bytes: Uint8Array,
  verified: VerifiedFiles,
): Promise<Arrival> {
  const target = blobFile(root, digest)
  if (await isWhole(target, digest, bytes.length, verified)) return 'present'
  if (finishHasher(digest, createHasher(digest).update(bytes)) !== digest) throw new Error(`not the bytes of ${digest}`)
  writeFileAtomic(target, bytes)
  remember(target, digest, verified)
  return 'copy'
}

/** Whether the file is known to hold exactly the blob. It is not read. */
export function isKnownWhole(file: string, digest: Digest, size: number, verified: VerifiedFiles): boolean {
  const stat = statUnlinked(file)
  return stat?.isFile() === true && Number(stat.size) === size && verified.has(file, fileIdentity(stat), digest)
}

/** Whether the file holds exactly the blob; it is read only when its identity is not known. */
export async function isWhole(file: string, digest: Digest, size: number, verified: VerifiedFiles): Promise<boolean> {
  const stat = statUnlinked(file)
  if (stat === undefined || !stat.isFile() || Number(stat.size) !== size) return false
  if (verified.has(file, fileIdentity(stat), digest)) return true
  const found = await hashBlob({ file, offset: 0, size }, digest)
  if (found.digest !== digest) return false
  verified.add(file, found.identity, digest)
  return true
}

/** Of a symbolic link itself, which is no blob: containerd reads none. */
function statUnlinked(file: string): BigIntStats | undefined {
  try {
    return fs.lstatSync(file, { bigint: true, throwIfNoEntry: false })
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/** Not read when these very bytes are known. */
async function readSource(
  location: BlobLocation,
  digest: Digest,
  verified: VerifiedFiles,
  signal: AbortSignal | undefined,
): Promise<HashedRange> {
  const { file, identity } = location
  return verified.has(file, identity, digest) ? { digest, identity } : hashBlob(location, digest, signal)
}

function remember(file: string, digest: Digest, verified: VerifiedFiles): void {
  verified.add(file, fileIdentity(fs.statSync(file, { bigint: true })), digest)
}

/** Errors by which a file system or a kernel says that it cannot link any two files of these two places, */
const neverLinks = new Set(['ENOTSUP', 'EOPNOTSUPP', 'EXDEV', 'ENOSYS', 'EINVAL', 'ENOTTY'])
/** or not this file: another's (protected_hardlinks), or one with too many links. Then bytes are copied. */
const cannotLink = new Set(['EPERM', 'EACCES', 'EMLINK'])

type Way = 'reflink' | 'hardlink'

/** What was refused between a device and a directory: asking again for each blob costs more than what is gained. */
const refused = new Set<string>()

function refusalKey(way: Way, device: string, directory: string): string {
  return `${way} ${device} ${directory}`
}

/** A link that mab makes changes the ctime of its source, and nothing else. */
function withoutCtime(identity: string): string {
  return identity.slice(0, identity.lastIndexOf(':'))
}

function deviceOf(identity: string): string {
  return identity.slice(0, identity.indexOf(':'))
}

function waysToLink({ whole, identity }: BlobLocation, root: string, mode: LinkMode): readonly Way[] {
  if (!whole || mode === 'copy') return []
  const ways: readonly Way[] = mode === 'auto' ? ['reflink', 'hardlink'] : [mode]
  return ways.filter((way) => !refused.has(refusalKey(way, deviceOf(identity), path.join(root, 'blobs'))))
}

/**
 * Makes `target` a link to the bytes of `file`, in place of what is there.
 * @returns the identities of both afterwards, or `undefined` where such a link cannot be.
 */
function link(way: Way, file: string, target: string): { source: string; target: string } | undefined {
  try {
    return way === 'reflink' ? reflink(file, target) : hardlink(file, target)
  } catch (error) {
    const code = errorCode(error) ?? ''
    if (neverLinks.has(code)) {
      const device = String(fs.statSync(file, { bigint: true }).dev)
      refused.add(refusalKey(way, device, path.dirname(path.dirname(target))))
    } else if (!cannotLink.has(code)) throw error
    return undefined
  }
}

function hardlink(file: string, target: string): { source: string; target: string } {
  // Also after a rename, which changes the ctime.
  const statOf = (name: string): BigIntStats => fs.lstatSync(name, { bigint: true })
  const made = replacing(
    target,
    (name) => {
      fs.linkSync(file, name)
      const stat = statOf(name)
      if (!stat.isSymbolicLink()) return stat
      // link(2) links a symbolic link itself; the output never carries one.
      fs.unlinkSync(name)
      fs.linkSync(fs.realpathSync(file), name)
      return statOf(name)
    },
    statOf,
  )
  const identity = fileIdentity(made)
  return { source: identity, target: identity }
}

function reflink(file: string, target: string): { source: string; target: string } {
  replacing(
    target,
    (name) => {
      try {
        fs.copyFileSync(file, name, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE)
      } catch (error) {
        if (errorCode(error) !== 'EEXIST') fs.rmSync(name, { force: true })
        throw error
      }
      // umoci writes mode 0600, which a clone carries over.
      fs.chmodSync(name, 0o644)
    },
    () => {},
  )
  const [source, made] = [file, target].map((name) => fileIdentity(fs.statSync(name, { bigint: true })))
  return { source: source!, target: made! }
}

/** A link is whole from its first moment, so it needs no other name, unless something is there already. */
function replacing<T>(target: string, make: (name: string) => T, afterwards: (name: string) => T): T {
  try {
    return inDirectory(target, () => make(target))
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
  }
  const temporary = temporaryName(target)
  try {
    make(temporary)
    renameOver(temporary, target)
  } finally {
    // Also after a rename between two links of one file, which does nothing and leaves both names.
    fs.rmSync(temporary, { force: true })
  }
  return afterwards(target)
}

/** @returns the digest of what was copied; nothing is put in place unless it is the one that is wanted. */
async function copyRange(
  location: BlobLocation,
  target: string,
  digest: Digest,
  signal: AbortSignal | undefined,
): Promise<Digest> {
  const temporary = temporaryName(target)
  const descriptor = inDirectory(temporary, () => fs.openSync(temporary, 'wx', 0o644))
  try {
    try {
      fs.fchmodSync(descriptor, 0o644)
      const found = await hashRange(location, digest, (chunk) => writeAll(descriptor, chunk, target), signal)
      if (found.digest !== digest) return found.digest
    } finally {
      fs.closeSync(descriptor)
    }
    renameOver(temporary, target)
    return digest
  } finally {
    fs.rmSync(temporary, { force: true })
  }
}

/** @param target for the message of an error. */
export function writeAll(descriptor: number, bytes: Uint8Array, target: string): void {
  try {
    for (let written = 0; written < bytes.length;) written += fs.writeSync(descriptor, bytes, written)
  } catch (error) {
    throw withPath(error, target)
  }
}
