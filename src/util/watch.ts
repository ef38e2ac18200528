/**
 * Whether files and directories are as they were, by one lstat each. Numbers of `fs.Stats` rather than exact
 * nanoseconds: they are quicker by a third, and two writes within 240 ns cannot be told apart by any kernel's clock.
 */
import { lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { granularity } from './clock.js'

export interface Watched {
  /** Relative to the root that they were watched from, or absolute. */
  readonly paths: readonly string[]
  /** `fields` numbers for each path. */
  readonly stats: Float64Array
  /** By position in `paths`: the content of what changed so lately that its times do not tell the next change. */
  readonly contents: ReadonlyMap<number, Buffer>
}

/** Numbers for each path; all `absent` when nothing is there. */
export const fields = 6
const absent = -1

/** Bytes of one file and of all files whose content is kept. */
const [largestContent, allContents] = [1024 * 1024, 4 * 1024 * 1024]

export interface ToWatch {
  /** Come first, so that they can be compared alone. */
  readonly leading: Iterable<string>
  /** Files whose content counts, and directories whose entries do; absolute, as all of them. */
  readonly files: Iterable<string>
  /** Files that count by their identity alone. */
  readonly identities: Iterable<string>
}

/**
 * @param root absolute
 * @param since when the first of them was looked at, in ms: what changed after that may have been seen half
 * @returns with the number of paths that the leading ones make; nothing when later changes could go unnoticed, or
 * something cannot be looked at.
 */
export function watch(
  root: string,
  { leading, files, identities }: ToWatch,
  since: number,
): { readonly watched: Watched; readonly leading: number } | undefined {
  const list = new WatchList(root, since)
  try {
    for (const file of leading) list.add(file, false)
    const { length } = list.watched().paths
    for (const file of identities) list.add(file, true)
    for (const file of files) list.add(file, false)
    list.addShared()
    return { watched: list.watched(), leading: length }
  } catch {
    return undefined
  }
}

class WatchList {
  readonly #root: string
  readonly #since: number
  readonly #paths: string[] = []
  readonly #stats: number[] = []
  readonly #contents = new Map<number, Buffer>()
  #size = 0
  readonly #seen = new Set<string>()
  readonly #inodes = new Set<string>()
  /** By directory: files that have another name which is watched. */
  readonly #shared = new Map<string, string[]>()

  constructor(root: string, since: number) {
    this.#root = root
    this.#since = since
  }

  /** Throws when it cannot be watched. */
  add(file: string, byIdentity: boolean): void {
    if (this.#seen.has(file)) return
    this.#seen.add(file)
    const stat = look(file)
    if (stat === 'unknown') throw new Error(`${file} cannot be looked at`)
    if (stat === undefined) {
      this.#push(file, Array<number>(fields).fill(absent))
      return
    }
    const isLate = !byIdentity && stat.ctimeMs > this.#since - granularity(stat.ctimeMs)
    const inode = `${stat.dev}:${stat.ino}`
    if (byIdentity) this.#inodes.add(inode)
    else if (!isLate && this.#inodes.has(inode)) {
      const directory = dirname(file)
      this.#shared.set(directory, [...(this.#shared.get(directory) ?? []), file])
      return
    }
    const position = this.#push(file, numbersOf(stat))
    if (isLate) this.#keepContent(file, stat, position)
    if (stat.isSymbolicLink()) this.add(resolve(dirname(file), readlinkSync(file)), byIdentity)
  }

  /**
   * What is linked into an image has the bytes that are watched there, as long as its name leads to the same inode; of
   * several names in one directory, the directory alone says that.
   */
  addShared(): void {
    this.#inodes.clear()
    for (const [directory, files] of this.#shared) {
      for (const file of files) this.#seen.delete(file)
      for (const file of files.length > 1 ? [directory] : files) this.add(file, false)
    }
  }

  watched(): Watched {
    return { paths: this.#paths, stats: Float64Array.from(this.#stats), contents: this.#contents }
  }

  #push(file: string, numbers: readonly number[]): number {
    this.#stats.push(...numbers)
    return this.#paths.push(file.startsWith(`${this.#root}/`) ? file.slice(this.#root.length + 1) : file) - 1
  }

  #keepContent(file: string, stat: Stats, position: number): void {
    const content = contentOf(file, stat)
    if (content === undefined || (this.#size += content.length) > allContents) throw new Error(`${file} is too large`)
    this.#contents.set(position, content)
  }
}

function numbersOf(stat: Stats): number[] {
  return [stat.ctimeMs, stat.mtimeMs, stat.ino, stat.size, stat.mode, stat.dev]
}

/** Compares the paths from `first` up to `end`. Whatever cannot be looked at is not unchanged. */
export function isUnchanged(root: string, watched: Watched, first: number, end: number): boolean {
  // Short paths are quicker by a tenth.
  const before = process.cwd()
  process.chdir(root)
  try {
    return compare(watched, first, end)
  } finally {
    process.chdir(before)
  }
}

function compare({ paths, stats, contents }: Watched, first: number, end: number): boolean {
  for (let position = first, at = first * fields; position < end; position++, at += fields) {
    const file = paths[position]!
    const stat = look(file)
    if (stat === 'unknown') return false
    if (stat === undefined) {
      if (stats[at] !== absent) return false
      continue
    }
    if (
      stat.ctimeMs !== stats[at] ||
      stat.mtimeMs !== stats[at + 1] ||
      stat.ino !== stats[at + 2] ||
      stat.size !== stats[at + 3] ||
      stat.mode !== stats[at + 4] ||
      stat.dev !== stats[at + 5]
    ) {
      return false
    }
    const content = contents.get(position)
    if (content !== undefined && contentOf(file, stat)?.equals(content) !== true) return false
  }
  return true
}

/**
 * What the files are now, as a text to be compared later; of a directory, that it is the same one. Nothing when one of
 * them changed after `since` or so shortly before that its times do not tell.
 * @param since ms
 */
export function snapshot(files: Iterable<string>, since: number): string | undefined {
  const parts: string[] = []
  // Also what links lead to: it is put behind the others.
  const todo = [...files]
  for (const file of todo) {
    const stat = look(file)
    if (stat === 'unknown' || todo.length > 100_000) return undefined
    if (stat === undefined) parts.push('nothing')
    else if (stat.isDirectory()) parts.push(`${stat.dev}:${stat.ino}`)
    else if (stat.ctimeMs > since - granularity(stat.ctimeMs)) return undefined
    else parts.push(numbersOf(stat).join(':'))
    if (stat?.isSymbolicLink() === true) todo.push(resolve(dirname(file), readlinkSync(file)))
  }
  return parts.join(' ')
}

const options = { throwIfNoEntry: false } as const

function look(file: string): Stats | undefined | 'unknown' {
  try {
    return lstatSync(file, options)
  } catch (error) {
    // A part of the path is a file, or a link that leads round: nothing is there either.
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOTDIR' || code === 'ELOOP' ? undefined : 'unknown'
  }
}

/** A file's bytes, a link's target, a directory's names; nothing for what is too large, and for anything else. */
function contentOf(file: string, stat: Stats): Buffer | undefined {
  try {
    if (stat.isFile()) return stat.size > largestContent ? undefined : readFileSync(file)
    if (stat.isSymbolicLink()) return Buffer.from(readlinkSync(file))
    return stat.isDirectory() ? Buffer.from(readdirSync(file).toSorted().join('\0')) : undefined
  } catch {
    return undefined
  }
}
