/** What the content of sources was when each was read last, so that one whose stat is the same is not read again. */
import type { Stats } from 'node:fs'
import { bootId } from '../../util/boot.js'
import { granularity } from '../../util/clock.js'
import { isRecord } from '../../util/json.js'
import { readJsonRecord, writeJsonRecord } from './json-file.js'

/** Counts changes of what a content is told by. */
const format = 1

type Numbers = readonly [ctime: number, mtime: number, inode: number, size: number, mode: number]
type Entry = readonly [...Numbers, content: string]

export class SourceCache {
  readonly #file: string
  /** By name; see `nameFile` in sources.ts. */
  #entries: Map<string, Entry>
  /** Those that were asked for: the others are of files or targets that are gone. */
  readonly #used = new Map<string, Entry>()
  #changed = false

  constructor(file: string, forget: boolean) {
    this.#file = file
    const { version, boot, files } = forget ? {} : readJsonRecord(file)
    // A power failure may take bytes away and leave the times.
    const isKnown = version === format && boot === bootId() && isRecord(files)
    this.#entries = new Map(isKnown ? Object.entries(files as Record<string, Entry>) : [])
  }

  /** @param name see `nameFile` in sources.ts @param stat of the file now */
  get(name: string, stat: Stats): string | undefined {
    const entry = this.#used.get(name) ?? this.#entries.get(name)
    if (!Array.isArray(entry) || !numbersOf(stat).every((number, position) => number === entry[position]))
      return undefined
    this.#used.set(name, entry)
    return typeof entry[5] === 'string' ? entry[5] : undefined
  }

  /**
   * @param stat from before the file was read
   * @param now ms; a file that changed within its clock's tick is not kept: the next change may leave the same times
   */
  add(name: string, stat: Stats, content: string, now: number): void {
    if (stat.ctimeMs > now - granularity(stat.ctimeMs)) return
    this.#used.set(name, [...numbersOf(stat), content])
    this.#changed = true
  }

  /** Entries that were not asked for stay as long as the file is small: other targets' runs need them. */
  save(): void {
    if (!this.#changed) return
    const all = new Map([...this.#entries, ...this.#used])
    const kept = all.size > 4 * this.#used.size + 10_000 ? this.#used : all
    writeJsonRecord(this.#file, { version: format, boot: bootId(), files: Object.fromEntries(kept) })
    this.#entries = kept
    this.#changed = false
  }
}

function numbersOf(stat: Stats): Numbers {
  return [stat.ctimeMs, stat.mtimeMs, stat.ino, stat.size, stat.mode]
}
