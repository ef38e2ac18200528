/**
 * A lock file: its content names the holder. It is put in place by link(2), which is atomic and fails if the name is
 * taken, so it is complete from its first moment.
 *
 * A lock whose holder is dead is removed under a guard, which is a lock file too. Its name follows from the dead lock,
 * so of all who find one dead lock, one removes it, and nobody ever removes the lock that comes after it.
 */
import { createHash } from 'node:crypto'
import fs, { constants } from 'node:fs'
import path from 'node:path'
import { errorCode, inDirectory, isAbsent, removeTemporaries, temporaryName, withPath } from '../../util/fs.js'
import { systemProblem } from '../../problem/system-problem.js'
import { describeSelf, isSameKernel, lifeOf, parseHolder, type Holder, type Life } from './holder.js'
import { lockOpenFile } from './kernel-lock.js'

export interface HeldLock {
  /**
   * Removes the lock file, if it is still this lock's. One that cannot be removed any more (the disk is read-only now)
   * is no error: it is taken over like that of a killed process.
   */
  release(): void
}

/** Without a holder: the file is not complete, or another process is about to remove it. */
export interface Taken {
  readonly taken: { readonly holder: Holder; readonly life: Exclude<Life, 'dead'> } | undefined
}

/** Bytes; a lock file has some 300. */
const maximumSize = 4096

/** Tries before a lock that changes all the time counts as taken. */
const tries = 8

/** ms after which a file that is not complete was left by a process that died while it wrote the file. */
const longestWrite = 10_000

/**
 * Takes the lock if nobody holds it. Never waits.
 * @param isOurs whether everything in the directory of the lock is mab's: then a directory in the lock's place is
 *   removed with what is in it.
 */
export function tryLock(file: string, isOurs: boolean): HeldLock | Taken {
  let isLost = false
  let unopened = 0
  for (let turn = 0; turn < tries; turn++) {
    const found = look(file)
    if (found === undefined) {
      try {
        const lock = place(file)
        if (lock !== undefined) return lock
      } catch (error) {
        // Another mab removed the directory after it was made, or the temporary file (see `removeLeftovers`). Where no
        // file can be made, as in /proc, every try ends so.
        const isUnopened = error instanceof Error && 'syscall' in error && error.syscall === 'open'
        if (isUnopened) unopened++
        if (errorCode(error) !== 'ENOENT' || unopened === tries) throw withPath(error, file)
        isLost = true
      }
      continue
    }
    const holder = found.content === undefined ? undefined : parseHolder(found.content)
    const life = holder === undefined ? 'dead' : judge(holder, file)
    if (holder !== undefined && life !== 'dead') return { taken: { holder, life } }
    if (!removeDead(file, found, isOurs)) return { taken: undefined }
  }
  // Throws if the directory cannot be made. Else others have been quicker in each turn: they are at work there.
  if (isLost) fs.mkdirSync(path.dirname(file), { recursive: true })
  return { taken: undefined }
}

/**
 * Removes what killed processes left next to a lock, for its holder. A guard means something only as long as its dead
 * lock is in place, and then nobody holds the lock; a process whose temporary file is removed tries again.
 */
export function removeLeftovers(file: string): void {
  const base = path.basename(file)
  const isGuard = (name: string): boolean =>
    name.startsWith(base) && /^(?:\.[0-9a-f]{16})+$/.test(name.slice(base.length))
  // The directory may be one that cannot be listed, or hold another user's files.
  ignoringSystem(() => removeTemporaries(file, isGuard))
}

function ignoringSystem(act: () => void): void {
  try {
    act()
  } catch (error) {
    if (systemProblem(error) === undefined) throw error
  }
}

/** The kernel lock of a holder that cannot be seen shows its death, if one kernel has both. */
function judge(holder: Holder, file: string): Life {
  const life = lifeOf(holder)
  if (life !== 'unseen' || !holder.kernelLock || !isSameKernel(holder)) return life
  let descriptor: number
  try {
    descriptor = fs.openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch {
    return life
  }
  try {
    return lockOpenFile(descriptor, 'shared') ? 'dead' : life
  } finally {
    fs.closeSync(descriptor)
  }
}

interface Found {
  /** Absent for what is not a file of a lock's size. */
  readonly content?: string
  /** Differs for what comes to stand there later. */
  readonly identity: string
  readonly isDirectory: boolean
  /** Since the last change; ms. */
  readonly age: number
}

/** Never opens anything but a regular file: a named pipe would block, a device may be endless. */
function look(file: string): Found | undefined {
  const stat = fs.lstatSync(file, { bigint: true, throwIfNoEntry: false })
  if (stat === undefined) return undefined
  const age = Date.now() - Number(stat.mtimeMs)
  const identity = [stat.dev, stat.ino, stat.mode, stat.size, stat.mtimeNs].join(':')
  const other = { identity, isDirectory: stat.isDirectory(), age }
  if (!stat.isFile() || stat.size > maximumSize) return other
  let descriptor: number
  try {
    descriptor = fs.openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
  try {
    const buffer = Buffer.alloc(maximumSize)
    const content = buffer.toString('utf8', 0, fs.readSync(descriptor, buffer, 0, maximumSize, 0))
    // The nonce makes the content unique. Inode numbers of some file systems are not stable.
    return { ...other, content, identity: parseHolder(content) === undefined ? `${identity}:${content}` : content }
  } finally {
    fs.closeSync(descriptor)
  }
}

/** @returns whether another try makes sense at once. */
function removeDead(file: string, dead: Found, isOurs: boolean): boolean {
  const guard = tryLock(`${file}.${createHash('sha256').update(dead.identity).digest('hex').slice(0, 16)}`, isOurs)
  if (!('release' in guard)) return false
  try {
    const now = look(file)
    if (now?.identity !== dead.identity) return true
    const isComplete = now.content === undefined || now.content.endsWith('\n')
    if (!isComplete && !(guard as PlacedLock).isLinked && now.age < longestWrite) return false
    if (!now.isDirectory) fs.unlinkSync(file)
    else if (isOurs) fs.rmSync(file, { recursive: true })
    else fs.rmdirSync(file)
    return true
  } finally {
    guard.release()
  }
}

class PlacedLock implements HeldLock {
  readonly #file: string
  readonly #content: string
  readonly #descriptor: number
  /** Whether link(2) put it in place; else a reader may see a part of the content. */
  readonly isLinked: boolean

  constructor(file: string, content: string, descriptor: number, isLinked: boolean) {
    this.#file = file
    this.#content = content
    this.#descriptor = descriptor
    this.isLinked = isLinked
  }

  release(): void {
    ignoringSystem(() => {
      if (look(this.#file)?.content === this.#content) fs.unlinkSync(this.#file)
    })
    fs.closeSync(this.#descriptor)
  }
}

/** @returns undefined if somebody else was quicker. */
function place(file: string): HeldLock | undefined {
  const mine = temporaryName(file)
  const descriptor = inDirectory(mine, () => fs.openSync(mine, 'wx', 0o644))
  let lock: HeldLock | undefined
  try {
    // Others must be able to read who holds it, whatever the umask is.
    fs.fchmodSync(descriptor, 0o644)
    const content = contentOf(lockOpenFile(descriptor, 'exclusive'))
    fs.writeSync(descriptor, content)
    const way = link(mine, file)
    // A network file system may have done it and lost the answer.
    if (way === 'linked' || (way === 'taken' && look(file)?.content === content)) {
      lock = new PlacedLock(file, content, descriptor, true)
    } else if (way === 'impossible') {
      const written = contentOf(false)
      if (create(file, written)) lock = new PlacedLock(file, written, descriptor, false)
    }
    return lock
  } finally {
    fs.rmSync(mine, { force: true })
    if (lock === undefined) fs.closeSync(descriptor)
  }
}

function contentOf(kernelLock: boolean): string {
  return `${JSON.stringify(describeSelf(kernelLock))}\n`
}

/** Errors by which a file system says that it has no hard links: FAT, some of FUSE, 9p and SMB. */
const noLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

function link(mine: string, file: string): 'linked' | 'taken' | 'impossible' {
  try {
    fs.linkSync(mine, file)
    return 'linked'
  } catch (error) {
    const code = errorCode(error) ?? ''
    if (code === 'EEXIST') return 'taken'
    if (noLinks.has(code)) return 'impossible'
    throw error
  }
}

function create(file: string, content: string): boolean {
  try {
    fs.writeFileSync(file, content, { flag: 'wx', mode: 0o644 })
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  }
}
