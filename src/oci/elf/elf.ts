/** What an ELF file says about the machine it is for (System V ABI, gABI chapter 4; the processor supplements). */

export interface Elf {
  /** Bits. */
  readonly width: 32 | 64
  readonly order: 'little' | 'big'
  readonly type: number
  readonly machine: number
  readonly flags: number
  /** Byte offset where what is loaded ends: sections that are not, such as `.ARM.attributes`, come next. */
  readonly loadedEnd: number
  readonly sections: { readonly offset: number; readonly entrySize: number; readonly count: number }
}

/** Bytes of the start of a file that `readElf` wants; less is enough for small files. */
export const elfHeadSize = 4096

export const elfTypes = { executable: 2, shared: 3 } as const

/** EM_ constants. */
export const elfMachines = {
  i386: 3,
  mips: 8,
  ppc: 20,
  ppc64: 21,
  s390: 22,
  arm: 40,
  x86_64: 62,
  aarch64: 183,
  riscv: 243,
  loongarch: 258,
} as const

const loadSegment = 1
const armAttributesSection = 0x70000003

export function isElf(start: Uint8Array): boolean {
  return start[0] === 0x7f && start[1] === 0x45 && start[2] === 0x4c && start[3] === 0x46
}

/** @returns `undefined` when it is no ELF file of this class, byte order and version. */
export function readElf(head: Uint8Array): Elf | undefined {
  if (!isElf(head) || head.length < 52) return undefined
  const width = head[4] === 1 ? 32 : head[4] === 2 ? 64 : undefined
  const order = head[5] === 1 ? 'little' : head[5] === 2 ? 'big' : undefined
  if (width === undefined || order === undefined || (width === 64 && head.length < 64)) return undefined
  const at = reader(head, order)
  const wide = width === 64
  const segments = {
    offset: wide ? at.long(32) : at.word(28),
    entrySize: at.half(wide ? 54 : 42),
    count: at.half(wide ? 56 : 44),
  }
  let loadedEnd = 0
  for (let index = 0; index < segments.count; index++) {
    const start = segments.offset + index * segments.entrySize
    if (start + (wide ? 56 : 32) > head.length) break
    if (at.word(start) !== loadSegment) continue
    const end = wide ? at.long(start + 8) + at.long(start + 32) : at.word(start + 4) + at.word(start + 16)
    loadedEnd = Math.max(loadedEnd, end)
  }
  return {
    width,
    order,
    type: at.half(16),
    machine: at.half(18),
    flags: at.word(wide ? 48 : 36),
    loadedEnd,
    sections: {
      offset: wide ? at.long(40) : at.word(32),
      entrySize: at.half(wide ? 58 : 46),
      count: at.half(wide ? 60 : 48),
    },
  }
}

/** Bytes `offset` to `offset + size` of a file, or `undefined` when they were not kept. */
export type Window = (offset: number, size: number) => Uint8Array | undefined

/** The content of `.ARM.attributes`; `undefined` when the file has none, or what is needed of it was not kept. */
export function armAttributesSectionOf(elf: Elf, window: Window): Uint8Array | undefined {
  const { offset, entrySize, count } = elf.sections
  if (elf.width !== 32 || entrySize < 40) return undefined
  const table = window(offset, entrySize * count)
  if (table === undefined) return undefined
  const at = reader(table, elf.order)
  for (let index = 0; index < count; index++) {
    const start = index * entrySize
    if (at.word(start + 4) === armAttributesSection) return window(at.word(start + 16), at.word(start + 20))
  }
  return undefined
}

interface Reader {
  half(offset: number): number
  word(offset: number): number
  /** Beyond 2^53 inexact: no file is so long. */
  long(offset: number): number
}

function reader(bytes: Uint8Array, order: Elf['order']): Reader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const little = order === 'little'
  return {
    half: (offset) => view.getUint16(offset, little),
    word: (offset) => view.getUint32(offset, little),
    long: (offset) => Number(view.getBigUint64(offset, little)),
  }
}
