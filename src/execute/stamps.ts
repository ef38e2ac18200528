/**
 * The stamps of a project, in one file: a line for each that was written or dropped, the last of a task counts. A line
 * that a crash cut off was not yet relied on; a file that holds anything else but such lines holds nothing.
 */
import fs from 'node:fs'
import type { Fingerprint } from '../plan/fingerprint.js'
import { inDirectory, readFileIfThere, replaceFile } from '../util/fs.js'
import type { Json } from '../util/json.js'

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

/** Dead lines below which the file is not written anew. */
const spared = 200

export class Stamps {
  readonly #file: string
  readonly #stamps = new Map<string, Stamp>()
  readonly #lists = new Map<string, FileList>()
  #lines = 0
  /** What the file holds is not what is in memory. */
  #broken = false

  constructor(file: string) {
    this.#file = file
    try {
      this.#read(readFileIfThere(file)?.toString('utf8') ?? '')
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
    if (!this.#broken && this.#lines <= 2 * this.#stamps.size + spared) return
    const used = new Set([...this.#stamps.values()].map(({ fingerprint }) => fingerprint.inputs['sources']))
    for (const digest of this.#lists.keys()) if (!used.has(digest)) this.#lists.delete(digest)
    this.#rewrite()
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
      const line = JSON.parse(content) as Line
      if (position === 0) {
        if (!('format' in line) || line.format !== format) throw new Error('of another format')
      } else if ('list' in line) this.#lists.set(line.list, line.files)
      else if ('id' in line) {
        if (line.stamp === undefined) this.#stamps.delete(line.id)
        else if (isStamp(line.stamp)) this.#stamps.set(line.id, line.stamp)
        else throw new Error('not a stamp')
      } else throw new Error('not a line of stamps')
    })
    this.#lines = lines.length
  }

  #forget(): void {
    this.#stamps.clear()
    this.#lists.clear()
    this.#broken = true
  }

  #append(line: Line): void {
    if (this.#broken) return this.#rewrite()
    inDirectory(this.#file, () => fs.appendFileSync(this.#file, `${JSON.stringify(line)}\n`))
    this.#lines++
  }

  #rewrite(): void {
    const lines: Line[] = [
      { format },
      ...[...this.#lists].map(([list, files]) => ({ list, files })),
      ...[...this.#stamps].map(([id, stamp]) => ({ id, stamp })),
    ]
    replaceFile(this.#file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
    this.#lines = lines.length
    this.#broken = false
  }
}

function isStamp(value: Stamp): boolean {
  const { version, inputs } = value.fingerprint
  return typeof version === 'number' && typeof inputs === 'object' && inputs !== null && value.output !== undefined
}
