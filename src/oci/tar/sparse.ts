/**
 * Files of a tar that are stored without their holes: GNU tar's own format, and its three in PAX records (GNU tar manual,
 * "Storing Sparse Files"). What was written for one machine stays that, however it is packed.
 */
import { blockSize, fieldNumber } from './fields.js'
import type { ContentReader } from './content-reader.js'

/** A part of the file that is stored. Bytes. */
interface Segment {
  readonly offset: number
  readonly size: number
}

/** Where the segments are told: known from headers, or before the data in the content itself. */
export interface SparseFile {
  /** Of the file, if it is not the header's. */
  readonly name?: string
  /** Of the file with its holes; bytes. */
  readonly size: number
  readonly segments: Segment[] | 'in the content'
}

/** Segments that are remembered; nothing is told of what lies behind. */
const maximumSegments = 65_536

/**
 * Chooses the format as Go's archive/tar does. To another version, or a file without a map, it is a plain file, with the
 * plain name.
 * @returns `undefined` for a file that is stored as it is.
 */
export function sparseOfPax(pax: ReadonlyMap<string, string>, stored: number): SparseFile | undefined {
  const map = pax.get('GNU.sparse.map') ?? ''
  const version = `${pax.get('GNU.sparse.major') ?? ''}.${pax.get('GNU.sparse.minor') ?? ''}`
  const isOlder = version === '0.0' || version === '0.1' || (version === '.' && map !== '')
  if (!isOlder && version !== '1.0') return undefined
  const stated = Number(pax.get('GNU.sparse.size') || pax.get('GNU.sparse.realsize') || stored)
  const size = Number.isSafeInteger(stated) && stated >= 0 ? stated : stored
  const name = pax.get('GNU.sparse.name') ?? ''
  const segments = isOlder ? segmentsOf(map.split(',').map(Number)) : 'in the content'
  return { size, segments, ...(name !== '' && { name }) }
}

/** GNU's own format, whose header has the first four segments; more follow in blocks of their own. */
export function sparseOfHeader(header: Buffer): SparseFile {
  const size = fieldNumber(header, 483, 12)
  return { size: Number.isSafeInteger(size) ? size : 0, segments: readSegments(header, 386, 4) }
}

export function addSegments({ segments }: SparseFile, block: Buffer): void {
  if (segments !== 'in the content' && segments.length < maximumSegments) segments.push(...readSegments(block, 0, 21))
}

function readSegments(block: Buffer, start: number, count: number): Segment[] {
  const numbers: number[] = []
  for (let at = start; at < start + count * 24; at += 12) numbers.push(fieldNumber(block, at, 12))
  return segmentsOf(numbers)
}

function segmentsOf(numbers: readonly number[]): Segment[] {
  const segments: Segment[] = []
  for (let at = 0; at + 1 < numbers.length; at += 2) segments.push({ offset: numbers[at]!, size: numbers[at + 1]! })
  return segments.filter(({ size }) => size > 0)
}

/** Gives the stored parts to `inner` in their places. */
export class SparseReader implements ContentReader {
  readonly #inner: ContentReader
  readonly #size: number
  #segments: readonly Segment[]
  /** Of the segment that is being read. */
  #index = 0
  #used = 0
  #position = 0
  /** The map that is being read: how many numbers, then that many pairs, one a line, filled up to a block. */
  #map: { readonly numbers: number[]; digits: string; bytes: number } | undefined

  constructor({ size, segments }: SparseFile, inner: ContentReader) {
    this.#inner = inner
    this.#size = size
    this.#segments = segments === 'in the content' ? [] : segments
    this.#map = segments === 'in the content' ? { numbers: [], digits: '', bytes: 0 } : undefined
  }

  read(bytes: Uint8Array): void {
    let at = this.#map === undefined ? 0 : this.#readMap(bytes)
    while (at < bytes.length && this.#index < this.#segments.length) {
      const { offset, size } = this.#segments[this.#index]!
      const place = offset + this.#used
      // Backwards, or no number: a map that no unpacker takes.
      if (!(place >= this.#position)) return
      if (place > this.#position) this.#inner.skip(place - this.#position)
      const used = Math.min(size - this.#used, bytes.length - at)
      this.#inner.read(bytes.subarray(at, at + used))
      at += used
      this.#position = place + used
      this.#used += used
      if (this.#used === size) [this.#index, this.#used] = [this.#index + 1, 0]
    }
  }

  skip(): void {}

  end(): void {
    if (this.#position < this.#size) this.#inner.skip(this.#size - this.#position)
    this.#inner.end()
  }

  /** @returns where the data begins; the end of the bytes when it is not among them. */
  #readMap(bytes: Uint8Array): number {
    const map = this.#map!
    let at = 0
    for (; at < bytes.length && (!isWhole(map.numbers) || map.bytes % blockSize !== 0); at++, map.bytes++) {
      if (isWhole(map.numbers)) continue
      if (bytes[at] !== 0x0a) map.digits = (map.digits + String.fromCharCode(bytes[at]!)).slice(-20)
      else {
        map.numbers.push(/^\d+$/.test(map.digits) ? Number(map.digits) : Number.NaN)
        map.digits = ''
      }
    }
    if (isWhole(map.numbers) && map.bytes % blockSize === 0) {
      this.#segments = segmentsOf(map.numbers.slice(1))
      this.#map = undefined
    }
    return at
  }
}

function isWhole(numbers: readonly number[]): boolean {
  const [count] = numbers
  return count !== undefined && !(numbers.length < 1 + 2 * Math.min(count, maximumSegments))
}
