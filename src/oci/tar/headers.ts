/**
 * Interprets the headers of a tar, block by block, for archives and layers alike. Knows v7, ustar, PAX and GNU tar's
 * formats. Where readers differ it does what Go's archive/tar does, which unpacks most layers and archives.
 */
import { checksumMatches, fieldNumber, hasOldFormat, headerName, isZeroBlock, parsePax, textOf } from './fields.js'
import { addSegments, sparseOfHeader, sparseOfPax, type SparseFile } from './sparse.js'

export type EntryType =
  'file' | 'hard-link' | 'symbolic-link' | 'directory' | 'device' | 'fifo' | 'global-header' | 'other'

export interface TarEntry {
  /** As it is written. */
  readonly name: string
  /** As it is written: one character. */
  readonly flag: string
  readonly type: EntryType
  /** What a link names, as it is written. */
  readonly target: string
  /** Bytes of content in the tar. */
  readonly stored: number
  /** Present if the file is stored without its holes. */
  readonly sparse?: SparseFile
}

/** What a block was, and so what comes next. */
export type HeaderStep =
  /** One more header. */
  | { readonly kind: 'header' }
  /** One more block that belongs to this header. */
  | { readonly kind: 'map' }
  /** So many bytes for `extend`, padded to whole blocks. */
  | { readonly kind: 'extension'; readonly size: number }
  /** The content of the entry, padded to whole blocks. */
  | { readonly kind: 'entry'; readonly entry: TarEntry }
  | { readonly kind: 'end' }
  | { readonly kind: 'fault'; readonly fault: string }

/** Bytes. Extended headers and long names are read into memory. */
const maximumExtension = 1024 * 1024

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
  ['g', 'global-header'],
])
/** Types that have content in the tar. */
const stored: ReadonlySet<EntryType> = new Set(['file', 'global-header', 'other'])
const extensions = 'xLK'
/** Header fields that Go's archive/tar refuses if they are not numbers: mode, uid, gid, mtime and the device's. */
const numbers = [
  [100, 8],
  [108, 8],
  [116, 8],
  [136, 12],
  [329, 8],
  [337, 8],
] as const
/** Those of the oldest format, which has no fields for devices. */
const oldNumbers = numbers.slice(0, 4)
const noRecords: ReadonlyMap<string, string> = new Map()
/** Records that it refuses if they are not numbers. An empty one stands for the field of the header. */
const numericRecords: readonly (readonly [string, RegExp])[] = [
  ...['uid', 'gid'].map((key) => [key, /^(?:[+-]?\d+)?$/] as const),
  ...['mtime', 'atime', 'ctime'].map((key) => [key, /^(?:[+-]?\d+(?:\.\d*)?)?$/] as const),
]

export class TarHeaders {
  /** One block of zeros came. */
  #zero = false
  #extensionFlag = ''
  #pax = noRecords
  #longName: string | undefined
  #longTarget: string | undefined
  /** An entry of GNU's own sparse format, while blocks of its map come. */
  #mapped: { readonly entry: TarEntry; readonly sparse: SparseFile } | undefined

  /** Takes the next block that is not content. */
  push(block: Buffer): HeaderStep {
    if (this.#mapped !== undefined) return this.#addMap(this.#mapped, block)
    if (isZeroBlock(block)) {
      if (this.#zero) return { kind: 'end' }
      this.#zero = true
      return { kind: 'header' }
    }
    if (this.#zero) return { kind: 'fault', fault: 'a header after a single block of zeros' }
    if (!checksumMatches(block)) return { kind: 'fault', fault: 'no tar header' }
    const fields = hasOldFormat(block) ? oldNumbers : numbers
    if (fields.some(([start, length]) => Number.isNaN(fieldNumber(block, start, length)))) {
      return { kind: 'fault', fault: 'a malformed number in the header' }
    }
    const flag = String.fromCharCode(block[156]!)
    return extensions.includes(flag) ? this.#beginExtension(block, flag) : this.#endEntry(block, flag)
  }

  /** Takes the bytes of an extension. @returns what is wrong with them. */
  extend(content: Buffer): string | undefined {
    if (this.#extensionFlag === 'L') this.#longName = textOf(content)
    if (this.#extensionFlag === 'K') this.#longTarget = textOf(content)
    if (this.#extensionFlag !== 'x') return undefined
    const records = parsePax(content)
    if (records === undefined || !numericRecords.every(([key, form]) => form.test(records.get(key) ?? ''))) {
      return 'a malformed extended header'
    }
    this.#pax = records
    return undefined
  }

  #beginExtension(block: Buffer, flag: string): HeaderStep {
    const size = fieldNumber(block, 124, 12)
    if (!isSize(size)) return { kind: 'fault', fault: 'no size in the header' }
    if (size > maximumExtension) return { kind: 'fault', fault: `an extended header of ${size} bytes` }
    this.#extensionFlag = flag
    return { kind: 'extension', size }
  }

  #endEntry(block: Buffer, flag: string): HeaderStep {
    // Extensions before a global header are lost, as in Go.
    const pax = flag === 'g' ? noRecords : this.#pax
    // An empty name in an extension stands for that of the header. GNU's long names win over PAX records.
    const plain = this.#longName || pax.get('path') || headerName(block)
    const target = this.#longTarget || pax.get('linkpath') || textOf(block.subarray(157, 257))
    // Before ustar, a directory was a file whose name ends with a slash.
    const type = flag === '\0' && plain.endsWith('/') ? 'directory' : (types.get(flag) ?? 'other')
    const size = stored.has(type) ? sizeOf(block, pax) : 0
    if (!isSize(size)) return { kind: 'fault', fault: 'no size in the header' }
    this.#pax = noRecords
    this.#longName = this.#longTarget = undefined
    const sparse = flag === 'S' ? sparseOfHeader(block) : sparseOfPax(pax, size)
    if (sparse !== undefined && !stored.has(type)) return { kind: 'fault', fault: 'a sparse entry that is not a file' }
    const name = sparse?.name ?? plain
    const entry: TarEntry = { name, flag, type, target, stored: size, ...(sparse && { sparse }) }
    if (flag !== 'S' || sparse === undefined || block[482] === 0) return { kind: 'entry', entry }
    this.#mapped = { entry, sparse }
    return { kind: 'map' }
  }

  #addMap({ entry, sparse }: { readonly entry: TarEntry; readonly sparse: SparseFile }, block: Buffer): HeaderStep {
    addSegments(sparse, block)
    if (block[504] !== 0) return { kind: 'map' }
    this.#mapped = undefined
    return { kind: 'entry', entry }
  }
}

function sizeOf(block: Buffer, pax: ReadonlyMap<string, string>): number {
  const stated = pax.get('size') ?? ''
  if (stated === '') return fieldNumber(block, 124, 12)
  return /^\d+$/.test(stated) ? Number(stated) : Number.NaN
}

function isSize(size: number): boolean {
  return Number.isSafeInteger(size) && size >= 0
}
