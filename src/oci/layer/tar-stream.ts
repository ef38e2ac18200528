/** Reading a tar as it comes, in pieces of any size: names and types are told, contents are passed on, nothing is kept. */
import {
  blockSize,
  checksumMatches,
  headerName,
  headerSize,
  isZeroBlock,
  maximumExtension,
  parsePax,
  textOf,
  typeFlagOf,
} from '../tar-header.js'
import { addSegments, SparseReader, sparseOfHeader, sparseOfPax, type SparseFile } from './sparse.js'

export type EntryType = 'file' | 'hard-link' | 'symbolic-link' | 'directory' | 'device' | 'fifo' | 'other'

export interface TarEntry {
  /** As it is written. */
  readonly name: string
  readonly type: EntryType
  /** Of a link: what it names, as it is written. */
  readonly target: string
  /** Bytes of content, holes included. */
  readonly size: number
}

/** Gets the content of one entry, then its end. */
export interface ContentReader {
  read(bytes: Uint8Array): void
  /** A hole of so many zeros. */
  skip(bytes: number): void
  end(): void
}

const types: ReadonlyMap<string, EntryType> = new Map([
  ['0', 'file'],
  ['\0', 'file'],
  ['7', 'file'],
  ['S', 'file'],
  ['1', 'hard-link'],
  ['2', 'symbolic-link'],
  ['3', 'device'],
  ['4', 'device'],
  ['5', 'directory'],
  ['6', 'fifo'],
])
/** Types that have no content, whatever their size field says: so Go's archive/tar has it, which unpacks most layers. */
const contentless: ReadonlySet<EntryType> = new Set(['hard-link', 'symbolic-link', 'device', 'directory', 'fifo'])
const extensions = 'xgLK'

export class TarStream {
  readonly #visit: (entry: TarEntry) => ContentReader | undefined
  readonly #block = Buffer.alloc(blockSize)
  #state: 'header' | 'extension' | 'sparse' | 'content' | 'zero' | 'ended' | 'broken' = 'header'
  /** Bytes of `#block` or `#extension` that are there. */
  #filled = 0
  /** Bytes of content that are to come. */
  #remaining = 0
  /** Bytes behind the content that are to come. */
  #padding = 0
  #position = 0
  #extension = Buffer.alloc(0)
  #extensionFlag = ''
  #pax: ReadonlyMap<string, string> = new Map()
  #longName: string | undefined
  #longTarget: string | undefined
  #reader: ContentReader | undefined
  #sparse: SparseFile | undefined
  #fault: string | undefined

  /** @param visit is told each entry in order, and says who reads its content. */
  constructor(visit: (entry: TarEntry) => ContentReader | undefined) {
    this.#visit = visit
  }

  push(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length && this.#state !== 'ended' && this.#state !== 'broken') {
      at += this.#step(chunk, at)
    }
  }

  /** @returns what is wrong with the tar. A missing end-of-archive marker is not: readers take the end for it. */
  end(): string | undefined {
    const between = this.#filled === 0 && this.#remaining === 0 && ['header', 'zero', 'content'].includes(this.#state)
    if (!between && this.#state !== 'ended' && this.#state !== 'broken') {
      this.#break(`cut off at byte ${this.#position}`)
    }
    return this.#fault
  }

  /** Takes what it can of the chunk from `at` on. @returns how much that was. */
  #step(chunk: Uint8Array, at: number): number {
    if (this.#state === 'extension') {
      const used = this.#fill(this.#extension, chunk, at)
      if (this.#filled === this.#extension.length) this.#endExtension()
      return used
    }
    if (this.#state === 'content') {
      const used = Math.min(this.#remaining, chunk.length - at)
      if (used > 0) this.#reader?.read(chunk.subarray(at, at + used))
      this.#remaining -= used
      const padding = this.#remaining > 0 ? 0 : Math.min(this.#padding, chunk.length - at - used)
      this.#padding -= padding
      this.#position += used + padding
      if (this.#remaining === 0 && this.#padding === 0) this.#endContent()
      return used + padding
    }
    const used = this.#fill(this.#block, chunk, at)
    if (this.#filled < blockSize) return used
    this.#filled = 0
    if (this.#state === 'sparse') this.#endSparse()
    else this.#header()
    return used
  }

  #fill(into: Buffer, chunk: Uint8Array, at: number): number {
    const used = Math.min(into.length - this.#filled, chunk.length - at)
    into.set(chunk.subarray(at, at + used), this.#filled)
    this.#filled += used
    this.#position += used
    return used
  }

  #header(): void {
    const header = this.#block
    const start = this.#position - blockSize
    if (isZeroBlock(header)) {
      this.#state = this.#state === 'zero' ? 'ended' : 'zero'
      return
    }
    if (this.#state === 'zero') return this.#break(`one block of zeros before byte ${start}, and no second`)
    if (!checksumMatches(header)) return this.#break(`no tar header at byte ${start}`)
    const flag = typeFlagOf(header)
    const type = types.get(flag) ?? 'other'
    const size = contentless.has(type) ? 0 : headerSize(header, extensions.includes(flag) ? new Map() : this.#pax)
    if (!Number.isSafeInteger(size) || size < 0) return this.#break(`no size in the header at byte ${start}`)
    if (extensions.includes(flag)) {
      if (size > maximumExtension) return this.#break(`an extended header of ${size} bytes at byte ${start}`)
      this.#extension = Buffer.alloc(size)
      this.#extensionFlag = flag
      this.#padding = paddingOf(size)
      this.#state = 'extension'
      if (size === 0) this.#endExtension()
      return
    }
    const name = this.#pax.get('GNU.sparse.name') ?? this.#pax.get('path') ?? this.#longName ?? headerName(header)
    const target = this.#pax.get('linkpath') ?? this.#longTarget ?? textOf(header.subarray(157, 257))
    this.#sparse = flag === 'S' ? sparseOfHeader(header) : sparseOfPax(this.#pax)
    this.#pax = new Map()
    this.#longName = undefined
    this.#longTarget = undefined
    const reader = this.#visit({ name, type, target, size: this.#sparse?.size ?? size })
    this.#reader = reader && this.#sparse ? new SparseReader(this.#sparse, reader) : reader
    this.#remaining = size
    this.#padding = paddingOf(size)
    this.#state = flag === 'S' && header[482] !== 0 ? 'sparse' : 'content'
    if (this.#state === 'content' && size === 0) this.#endContent()
  }

  /** GNU's old sparse format: blocks of a map stand between header and content. */
  #endSparse(): void {
    if (this.#sparse !== undefined) addSegments(this.#sparse, this.#block)
    if (this.#block[504] !== 0) return
    this.#state = 'content'
    if (this.#remaining === 0) this.#endContent()
  }

  #endContent(): void {
    this.#reader?.end()
    this.#reader = undefined
    this.#state = 'header'
  }

  #endExtension(): void {
    const content = this.#extension
    this.#filled = 0
    this.#extension = Buffer.alloc(0)
    if (this.#extensionFlag === 'L') this.#longName = textOf(content)
    if (this.#extensionFlag === 'K') this.#longTarget = textOf(content)
    if (this.#extensionFlag === 'x') {
      const records = parsePax(content)
      if (records === undefined) return this.#break(`a malformed extended header before byte ${this.#position}`)
      this.#pax = records
    }
    this.#reader = undefined
    this.#remaining = 0
    this.#state = this.#padding === 0 ? 'header' : 'content'
  }

  #break(fault: string): void {
    this.#fault = fault
    this.#state = 'broken'
    this.#reader = undefined
  }
}

function paddingOf(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize
}
