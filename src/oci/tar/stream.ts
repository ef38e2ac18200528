/** Reads a tar as it comes, in pieces of any size: reports entries, passes contents on, and keeps nothing. */
import type { ContentReader } from './content-reader.js'
import { blockSize, paddingOf } from './fields.js'
import { TarHeaders, type HeaderStep, type TarEntry } from './headers.js'
import { SparseReader } from './sparse.js'

export class TarStream {
  readonly #visit: (entry: TarEntry) => ContentReader | undefined
  readonly #headers = new TarHeaders()
  readonly #block = Buffer.alloc(blockSize)
  /** Bytes of `#block` that have come. */
  #filled = 0
  /** Bytes of content or of an extended header that are to come. */
  #remaining = 0
  /** Bytes after them that are to come. */
  #padding = 0
  #position = 0
  #last: HeaderStep['kind'] = 'header'
  #reader: ContentReader | undefined
  #fault: string | undefined

  /** @param visit is called with each entry in order, and says who reads its content. */
  constructor(visit: (entry: TarEntry) => ContentReader | undefined) {
    this.#visit = visit
  }

  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length && this.#last !== 'end' && this.#last !== 'fault';) {
      const used = this.#step(chunk, at)
      at += used
      this.#position += used
      if (this.#filled === blockSize) this.#take(this.#headers.push(this.#block))
    }
  }

  /** @returns what is wrong with the tar. A missing end-of-archive marker is not: readers take the end for it. */
  end(): string | undefined {
    if (this.#last === 'end' || this.#last === 'fault') return this.#fault
    const isCut = this.#filled > 0 || this.#remaining > 0 || this.#last === 'map'
    return isCut ? `cut off at byte ${this.#position}` : undefined
  }

  /** Takes what it can of the chunk from `at` on. @returns how much that was. */
  #step(chunk: Uint8Array, at: number): number {
    const there = chunk.length - at
    if (this.#remaining > 0) {
      const used = Math.min(this.#remaining, there)
      this.#reader?.read(chunk.subarray(at, at + used))
      this.#remaining -= used
      if (this.#remaining === 0) this.#reader?.end()
      return used
    }
    if (this.#padding > 0) {
      const used = Math.min(this.#padding, there)
      this.#padding -= used
      return used
    }
    const used = Math.min(blockSize - this.#filled, there)
    this.#block.set(chunk.subarray(at, at + used), this.#filled)
    this.#filled += used
    return used
  }

  #take(step: HeaderStep): void {
    this.#filled = 0
    this.#last = step.kind
    if (step.kind === 'fault') this.#break(step.fault, this.#position - blockSize)
    if (step.kind === 'extension') this.#begin(step.size, this.#extensionReader(step.size))
    if (step.kind === 'entry') {
      const { sparse, stored } = step.entry
      const reader = this.#visit(step.entry)
      this.#begin(stored, reader && sparse ? new SparseReader(sparse, reader) : reader)
    }
  }

  #begin(size: number, reader: ContentReader | undefined): void {
    this.#remaining = size
    this.#padding = paddingOf(size)
    this.#reader = reader
    if (size === 0) reader?.end()
  }

  #extensionReader(size: number): ContentReader {
    const content = Buffer.alloc(size)
    const start = this.#position
    let filled = 0
    return {
      read: (bytes) => {
        content.set(bytes, filled)
        filled += bytes.length
      },
      skip: () => {},
      end: () => {
        const fault = this.#headers.extend(content)
        if (fault !== undefined) this.#break(fault, start)
      },
    }
  }

  #break(fault: string, position: number): void {
    this.#fault = `${fault} at byte ${position}`
    this.#last = 'fault'
    this.#reader = undefined
  }
}
