/**
 * The stamps of a project, in one file: a line for each that was written or dropped, the last of a task counts. A line
 * that a crash cut off was not yet relied on; a file that holds anything else but such lines holds nothing.
 */
import fs from 'node:fs'
import type { Fingerprint } from '../../plan/fingerprint.js'
import { inDirectory, replaceFile } from '../../util/fs.js'
import { isRecord, type Json } from '../../util/json.js'
import { maximumRecord, readOwnFile } from '../../util/read-file.js'

/** The record of a task that succeeded. */
export interface Stamp {
  readonly fingerprint: Fingerprint
  /** What it made, as its handler needs it to go on without doing it again. */
  readonly output: Json
}

/** Files of a target's sources by path, with what identifies the content of each. */
export type FileList = Readonly<Record<string, string>>

type Line =
  | { readonly format: number }
  /** Without a stamp: it was dropped. */
  | { readonly id: string; readonly stamp?: Stamp }
  | { readonly list: string; readonly files: FileList }

/** Counts changes of this file's form; what stamps mean is counted by their fingerprints' version. */
const format = 1

/** Dead lines below which the file is not written anew, and bytes above which it is, unless most of them are needed. */
const [spared, large] = [200, 8 * 1024 * 1024]

export class Stamps {
  readonly #file: string
  readonly #stamps = new Map<string, Stamp>()
  readonly #lists = new Map<string, FileList>()
  #lines = 0
  /** Of the file; bytes. */
  #size = 0
  /** What the file holds is not what is in memory. */
  #broken = false

  constructor(file: string) {
    this.#file = file
    try {
      const content = readOwnFile(file)
      this.#size = content?.length ?? 0
      this.#read(content?.toString('utf8') ?? '')
    } catch {
      this.#forget()
    }
  }

  read(id: string): Stamp | undefined {
    return this.#stamps.get(id)
  }

  write(id: string, stamp: Stamp): void {
    this.#stamps.set(id, stamp)
    this.#append({ id, stamp })
  }

  /** Before the work begins, so that a crash leaves no stamp of work that is undone. */
  drop(id: string): void {
    if (this.#stamps.delete(id)) this.#append({ id })
  }

  ids(): readonly string[] {
    return [...this.#stamps.keys()]
  }

  list(digest: string): FileList | undefined {
    return this.#lists.get(digest)
  }

  keepList(digest: string, files: FileList): void {
    if (this.#lists.has(digest)) return
    this.#lists.set(digest, files)
    this.#append({ list: digest, files })
  }

  /** Writes the file anew when most of it is history. */
  save(): void {
    const isHistory = this.#broken || this.#lines > 2 * this.#stamps.size + spared
    if (!isHistory && this.#size <= large) return
    const used = new Set([...this.#stamps.values()].map(({ fingerprint }) => fingerprint.inputs['sources']))
    for (const digest of this.#lists.keys()) if (!used.has(digest)) this.#lists.delete(digest)
    if (isHistory || 2 * Buffer.byteLength(this.#content()) < this.#size) this.#rewrite()
  }

  #read(text: string): void {
    if (text === '') {
      this.#broken = true
      return
    }
    const lines = text.split('\n')
    // Cut off, or nothing.
    this.#broken = lines.pop() !== ''
    lines.forEach((content, position) => {
      const { format: form, list, files, id, stamp } = JSON.parse(content) as Readonly<Record<string, unknown>>
      if (position === 0) {
        if (form !== format) throw new Error('of another format')
      } else if (typeof list === 'string' && isFileList(files)) this.#lists.set(list, files)
      else if (typeof id === 'string' && stamp === undefined) this.#stamps.delete(id)
      else if (typeof id === 'string' && isStamp(stamp)) this.#stamps.set(id, stamp)
      else throw new Error('not a line of stamps')
    })
    this.#lines = lines.length
  }

  #forget(): void {
    this.#stamps.clear()
    this.#lists.clear()
    this.#broken = true
  }

  #append(line: Line): void {
    const text = `${JSON.stringify(line)}\n`
    const size = this.#size + Buffer.byteLength(text)
    if (this.#broken || size > maximumRecord) return this.#rewrite()
    inDirectory(this.#file, () => fs.appendFileSync(this.#file, text))
    this.#lines++
    this.#size = size
  }

  #rewrite(): void {
    // Lists only name what changed.
    if (Buffer.byteLength(this.#content()) > maximumRecord) this.#lists.clear()
    const text = this.#content()
    replaceFile(this.#file, text)
    this.#lines = 1 + this.#lists.size + this.#stamps.size
    this.#size = Buffer.byteLength(text)
    this.#broken = false
  }

  #content(): string {
    const lines: Line[] = [
      { format },
      ...[...this.#lists].map(([list, files]) => ({ list, files })),
      ...[...this.#stamps].map(([id, stamp]) => ({ id, stamp })),
    ]
    return lines.map((line) => `${JSON.stringify(line)}\n`).join('')
  }
}

function isStamp(value: unknown): value is Stamp {
  if (!isRecord(value) || !isRecord(value['fingerprint'])) return false
  const { version, inputs } = value['fingerprint']
  return typeof version === 'number' && isRecord(inputs) && value['output'] !== undefined && isShallow(value)
}

/** Deeper values are not mab's, and comparing them could take more stack than there is. */
function isShallow(value: unknown, depth = 20): boolean {
  if (typeof value !== 'object' || value === null) return true
  return depth > 0 && Object.values(value).every((item) => isShallow(item, depth - 1))
}

function isFileList(value: unknown): value is FileList {
  return isRecord(value) && Object.values(value).every((content) => typeof content === 'string')
}
