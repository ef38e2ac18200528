/** Reads one file of a layer as it passes by, and keeps of it only what tells which machine it is for. */
import { parseArmAttributes, type ArmAttributes } from './arm-attributes.js'
import { armAttributesSectionOf, elfHeadSize, elfMachines, isElf, readElf, type Elf } from './elf.js'
import type { ContentReader } from '../tar/content-reader.js'

/**
 * Bytes kept where the loaded part ends and before the end of the file. Linkers put `.ARM.attributes` behind what is
 * loaded, and the table of sections last.
 */
const keptSize = 64 * 1024

interface Kept {
  readonly start: number
  readonly bytes: Buffer
}

export class ElfReader implements ContentReader {
  readonly #size: number
  readonly #found: (elf: Elf, arm: ArmAttributes | undefined) => void
  /** `undefined` once it is known that the file is no ELF, or nothing more is wanted. */
  #kept: Kept[] | undefined
  #elf: Elf | undefined
  #position = 0

  /**
   * @param size of the file.
   * @param found is told at the end of a file that is ELF.
   */
  constructor(size: number, found: (elf: Elf, arm: ArmAttributes | undefined) => void) {
    this.#size = size
    this.#found = found
  }

  read(bytes: Uint8Array): void {
    if (this.#position === 0) {
      const start = Math.min(4, bytes.length)
      const magic = [0x7f, 0x45, 0x4c, 0x46]
      if (bytes.subarray(0, start).every((byte, index) => byte === magic[index])) {
        this.#kept = [{ start: 0, bytes: Buffer.alloc(Math.min(elfHeadSize, this.#size)) }]
      }
    }
    const from = this.#position
    this.#position += bytes.length
    if (this.#kept === undefined) return
    const head = this.#kept[0]!
    keep(head, from, bytes)
    if (this.#elf === undefined && this.#position >= head.bytes.length) this.#start(head.bytes)
    for (const kept of this.#kept?.slice(1) ?? []) keep(kept, from, bytes)
  }

  skip(bytes: number): void {
    this.#position += bytes
    // Past the head: the zeros are there already.
    const head = this.#kept?.[0]
    if (head !== undefined && this.#elf === undefined && this.#position >= head.bytes.length) this.#start(head.bytes)
  }

  end(): void {
    if (this.#elf === undefined) return
    const section = this.#kept && armAttributesSectionOf(this.#elf, (offset, size) => this.#window(offset, size))
    this.#found(this.#elf, section && parseArmAttributes(section, this.#elf.order))
  }

  #start(head: Buffer): void {
    this.#elf = isElf(head) ? readElf(head) : undefined
    if (this.#elf?.machine !== elfMachines.arm) {
      this.#kept = undefined
      return
    }
    for (const start of [this.#elf.loadedEnd, Math.max(0, this.#size - keptSize)]) {
      const length = Math.min(keptSize, this.#size - start)
      if (length > 0) this.#kept!.push({ start, bytes: Buffer.alloc(length) })
    }
  }

  #window(offset: number, size: number): Uint8Array | undefined {
    if (offset + size > this.#size) return undefined
    const kept = this.#kept!.find(({ start, bytes }) => start <= offset && offset + size <= start + bytes.length)
    return kept?.bytes.subarray(offset - kept.start, offset - kept.start + size)
  }
}

/** Copies what the piece has of the range. */
function keep({ start, bytes }: Kept, from: number, piece: Uint8Array): void {
  const begin = Math.max(start, from)
  const end = Math.min(start + bytes.length, from + piece.length)
  if (begin < end) bytes.set(piece.subarray(begin - from, end - from), begin - start)
}
