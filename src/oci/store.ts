/**
 * Putting blobs into a layout that is being written: verified on the way in, complete or absent, never half there.
 */
import { constants, promises as fs, type BigIntStats } from 'node:fs'
import path from 'node:path'
import { errorCode, fileIdentity, isAbsent, temporaryName, withPath, writeFileAtomic } from '../util/fs.js'
import { fail, ok, type LayoutProblem, type Result, type TreePath } from '../util/problem.js'
import { blobPath, finishHasher, createHasher, type Digest } from './digest.js'
import type { BlobLocation } from './layout.js'
import { blobUnreadable, hashRange, type LocatedBlob } from './read.js'
import type { VerifiedFiles } from './verified.js'

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
): Promise<Result<Arrival, LayoutProblem>> {
  const { digest, location } = blob
  const target = path.join(root, blobPath(digest))
  if (await isWhole(target, digest, blob.descriptor.size, verified)) return ok('present')

  await fs.mkdir(path.dirname(target), { recursive: true })
  const temporary = temporaryName(target)
  try {
    const link = location.whole ? await tryLink(location, temporary, root, mode) : undefined
    let found: Digest
    try {
      found = link === undefined ? await copyRange(location, temporary, digest) : await hashFile(temporary, digest)
    } catch (error) {
      // Of these the output is the cause, not the blob that is read.
      if (['ENOSPC', 'EDQUOT', 'EROFS'].includes(errorCode(error) ?? '')) throw error
      return fail(blobUnreadable(source.layout, source.at, digest, error))
    }
    if (found !== digest) {
      return fail({ code: 'blob-digest', layout: source.layout, at: source.at, expected: digest, found })
    }
    await fs.rename(temporary, target)
    await remember(target, digest, verified)
    return ok(link ?? 'copy')
  } finally {
    // Also after a rename between two links of one file, which does nothing and leaves both names.
    await fs.rm(temporary, { force: true })
  }
}

/** Puts bytes made here, such as a new index. */
export async function putBytes(
  root: string,
  digest: Digest,
  bytes: Uint8Array,
  verified: VerifiedFiles,
): Promise<Arrival> {
  const target = path.join(root, blobPath(digest))
  if (await isWhole(target, digest, bytes.length, verified)) return 'present'
  if (finishHasher(digest, createHasher(digest).update(bytes)) !== digest) throw new Error(`not the bytes of ${digest}`)
  await writeFileAtomic(target, bytes)
  await remember(target, digest, verified)
  return 'copy'
}

/** Whether the file is known to hold exactly the blob. It is not read. */
export async function isKnownWhole(
  file: string,
  digest: Digest,
  size: number,
  verified: VerifiedFiles,
): Promise<boolean> {
  const stat = await statUnlinked(file)
  return stat?.isFile() === true && Number(stat.size) === size && verified.has(file, fileIdentity(stat), digest)
}

/** Whether the file holds exactly the blob; it is read only when its identity is not known. */
async function isWhole(file: string, digest: Digest, size: number, verified: VerifiedFiles): Promise<boolean> {
  if (await isKnownWhole(file, digest, size, verified)) return true
  const stat = await statUnlinked(file)
  if (stat === undefined || !stat.isFile() || Number(stat.size) !== size) return false
  const identity = fileIdentity(stat)
  if ((await hashRange({ file, offset: 0, size, whole: true, identity }, digest)) !== digest) return false
  verified.add(file, identity, digest)
  return true
}

/** Of a symbolic link itself, which is no blob: containerd reads none. */
async function statUnlinked(file: string): Promise<BigIntStats | undefined> {
  return fs.lstat(file, { bigint: true }).catch((error: unknown) => {
    if (isAbsent(error)) return undefined
    throw error
  })
}

async function remember(file: string, digest: Digest, verified: VerifiedFiles): Promise<void> {
  verified.add(file, fileIdentity(await fs.stat(file, { bigint: true })), digest)
}

/** Errors by which a file system or a kernel says that it cannot link these two places; then bytes are copied. */
const cannotLink = new Set([
  'ENOTSUP',
  'EOPNOTSUPP',
  'EXDEV',
  'EPERM',
  'EACCES',
  'EMLINK',
  'ENOSYS',
  'EINVAL',
  'ENOTTY',
])

/** Pairs of a source's device and an output that share no blocks: asking for each blob costs more than a hard link. */
const noReflink = new Set<string>()

async function tryLink(
  { file, identity }: BlobLocation,
  target: string,
  root: string,
  mode: LinkMode,
): Promise<'reflink' | 'hardlink' | undefined> {
  const pair = `${identity.slice(0, identity.indexOf(':'))} ${root}`
  if ((mode === 'auto' || mode === 'reflink') && !noReflink.has(pair)) {
    try {
      await fs.copyFile(file, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE)
      // umoci writes mode 0600, which a clone carries over.
      await fs.chmod(target, 0o644)
      return 'reflink'
    } catch (error) {
      await fs.rm(target, { force: true })
      if (!cannotLink.has(errorCode(error) ?? '')) throw error
      noReflink.add(pair)
    }
  }
  if (mode === 'auto' || mode === 'hardlink') {
    try {
      // link(2) would link a symbolic link itself; the output never carries one.
      await fs.link(await fs.realpath(file), target)
      return 'hardlink'
    } catch (error) {
      if (!cannotLink.has(errorCode(error) ?? '')) throw error
    }
  }
  return undefined
}

async function copyRange(location: BlobLocation, target: string, digest: Digest): Promise<Digest> {
  const handle = await fs.open(target, 'wx', 0o644)
  try {
    await handle.chmod(0o644)
    return await hashRange(location, digest, async (chunk) => {
      for (let written = 0; written < chunk.length;) {
        written += (await handle.write(chunk, written)).bytesWritten
      }
    })
  } catch (error) {
    throw withPath(error, target)
  } finally {
    await handle.close()
  }
}

async function hashFile(file: string, digest: Digest): Promise<Digest> {
  const stat = await fs.stat(file, { bigint: true })
  return hashRange({ file, offset: 0, size: Number(stat.size), whole: true, identity: fileIdentity(stat) }, digest)
}
