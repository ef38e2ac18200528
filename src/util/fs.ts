/**
 * Writing files so that a reader or a crash sees the old content or the new, never a part; and looking at them.
 *
 * All calls are synchronous: one of Node's asynchronous ones costs five to ten times what the system needs for a small
 * file, in trips to a thread and back (docs/performance.md).
 */
import { createHash, randomBytes } from 'node:crypto'
import fs, { type BigIntStats } from 'node:fs'
import { constants } from 'node:os'
import path from 'node:path'

/** Marks our temporary files, so that what a killed run left behind can be told from everybody else's. */
const temporaryPrefix = '.mab-tmp-'

/** A fresh name beside `file`: on the same file system, so that a rename to `file` is atomic. */
export function temporaryName(file: string): string {
  return path.join(path.dirname(file), `${prefixFor(file)}${process.pid}-${randomBytes(6).toString('hex')}`)
}

function prefixFor(file: string): string {
  return `${temporaryPrefix}${createHash('sha256').update(path.basename(file)).digest('hex').slice(0, 8)}-`
}

/**
 * Removes what killed processes left of their writing `file`, for a process that has the lock of `file`.
 * @param isToo decides which other names next to `file` are removed
 */
export function removeTemporaries(file: string, isToo: (name: string) => boolean = () => false): void {
  const [directory, prefix] = [path.dirname(file), prefixFor(file)]
  for (const name of fs.readdirSync(directory)) {
    if (name.startsWith(prefix) || isToo(name)) fs.rmSync(path.join(directory, name), { force: true })
  }
}

export function isTemporaryName(name: string): boolean {
  return path.basename(name).startsWith(temporaryPrefix)
}

/** Puts `content` at `file` by a rename; makes missing directories; mode 0644 whatever the umask was for others. */
export function writeFileAtomic(file: string, content: string | Uint8Array): void {
  const temporary = temporaryName(file)
  inDirectory(file, () => {
    try {
      fs.writeFileSync(temporary, content, { flag: 'wx', mode: 0o644 })
      fs.chmodSync(temporary, 0o644)
      renameOver(temporary, file)
    } catch (error) {
      fs.rmSync(temporary, { force: true })
      throw withPath(error, file)
    }
  })
}

/** Renames a file. An empty directory in the place of `to` is removed: nobody loses anything by that. */
export function renameOver(from: string, to: string): void {
  try {
    fs.renameSync(from, to)
  } catch (error) {
    if (errorCode(error) !== 'EISDIR') throw error
    fs.rmdirSync(to)
    fs.renameSync(from, to)
  }
}

/** As `writeFileAtomic`, in place of whatever is there: only for files that are mab's own, as those of its state are. */
export function replaceFile(file: string, content: string | Uint8Array): void {
  try {
    writeFileAtomic(file, content)
  } catch (error) {
    if (!['EISDIR', 'ENOTEMPTY'].includes(errorCode(error) ?? '')) throw error
    fs.rmSync(file, { recursive: true, force: true })
    writeFileAtomic(file, content)
  }
}

/**
 * Runs `write`, and once more after making the missing directory of `file`, which nearly always is there. As with files,
 * the mode is one that lets others read, whatever the umask was.
 */
export function inDirectory<T>(file: string, write: () => T): T {
  try {
    return write()
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
    const directory = path.dirname(file)
    const first = fs.mkdirSync(directory, { recursive: true })
    if (first !== undefined) {
      for (let made = directory; isWithin(made, first); made = path.dirname(made)) fs.chmodSync(made, 0o755)
    }
    return write()
  }
}

/** Whether a link stands there, of a path that leads to nothing. */
export function isDanglingLink(file: string): boolean {
  try {
    return fs.lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() === true
  } catch (error) {
    if (isAbsent(error)) return false
    throw error
  }
}

/** Whether the path leads to anything that can be reached. */
export function exists(file: string): boolean {
  return fs.existsSync(file)
}

/**
 * Makes one directory, whose parent is there. Not recursive: Node would say ENOENT for a read-only file system.
 * @returns whether it was not there.
 */
export function makeDirectory(directory: string): boolean {
  try {
    fs.mkdirSync(directory)
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  }
}

/** Whether `inner` is `outer` or lies in it, by their names alone; both absolute. */
export function isWithin(inner: string, outer: string): boolean {
  const relative = path.relative(outer, inner)
  return relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative)
}

export function statIfThere(file: string): BigIntStats | undefined {
  try {
    return fs.statSync(file, { bigint: true, throwIfNoEntry: false })
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/**
 * Returns what changes whenever the file is replaced or written: device, inode, size, mtime and ctime in ns. Hard links
 * that others make or remove change the ctime too. Nothing tells that from a write whose mtime was set back, so the file
 * must be read again then.
 */
export function fileIdentity(stat: BigIntStats): string {
  return [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(':')
}

/** Nothing is at that path: no such entry, or a part of the path is a file or a looping link. */
export function isAbsent(error: unknown): boolean {
  const code = errorCode(error)
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP'
}

export function errorCode(error: unknown): string | undefined {
  if (error instanceof Error && 'errno' in error && error.errno === quotaExceeded) return 'EDQUOT'
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** libuv has no name for EDQUOT: Node gives such an error the code `UNKNOWN`, or the number as text. */
const quotaExceeded = -constants.errno.EDQUOT

/** Without links on the way; of what is not there yet, that of the directory that it will be in. */
export function realPath(file: string): string {
  try {
    return fs.realpathSync.native(file)
  } catch {
    const parent = path.dirname(file)
    return parent === file ? file : path.join(realPath(parent), path.basename(file))
  }
}

/** Names the file in an error of a write to a handle, which names none, or to a temporary name, which nobody gave. */
export function withPath(error: unknown, file: string): unknown {
  if (!(error instanceof Error && 'syscall' in error)) return error
  const named = 'path' in error && typeof error.path === 'string' && !isTemporaryName(error.path)
  return named ? error : Object.assign(error, { path: file })
}

/** The system's words for an error, without Node's repetition of the path. */
export function errorText(error: unknown): string {
  if (errorCode(error) === 'EDQUOT') return 'EDQUOT: disk quota exceeded'
  const text = error instanceof Error ? error.message : String(error)
  return text.replace(/, \w+( '.*'( -> '.*')?)?$/, '')
}
