/** ELF files of any machine, as small as they can be: a header, one segment, and for ARM the build attributes. */

export interface ElfDescription {
  /** EM_ constant: 3 i386, 8 MIPS, 20 PPC, 21 PPC64, 22 S390, 40 ARM, 62 x86-64, 183 AArch64, 243 RISC-V, 258 LoongArch. */
  readonly machine: number
  readonly width?: 32 | 64
  readonly order?: 'little' | 'big'
  /** ET_ constant: 1 relocatable, 2 executable, 3 shared (default). */
  readonly type?: number
  readonly flags?: number
  /** ULEB128 attributes of the whole file: 6 Tag_CPU_arch, 7 Tag_CPU_arch_profile, 28 Tag_ABI_VFP_args. */
  readonly attributes?: Readonly<Record<number, number>>
  /** Bytes of code. */
  readonly size?: number
  /** Bytes between the attributes and the table of sections, as symbols and debug information are. */
  readonly behind?: number
}

export const elfs = {
  amd64: elfOf({ machine: 62 }),
  x32: elfOf({ machine: 62, width: 32 }),
  i386: elfOf({ machine: 3, width: 32 }),
  arm64: elfOf({ machine: 183 }),
  armv5: elfOf({ machine: 40, width: 32, attributes: { 6: 4 } }),
  armv5hard: elfOf({ machine: 40, width: 32, attributes: { 6: 4, 28: 1 } }),
  armv6: elfOf({ machine: 40, width: 32, attributes: { 6: 6, 28: 1 } }),
  armv7: elfOf({ machine: 40, width: 32, attributes: { 6: 10, 7: 0x41, 28: 1 } }),
  armv8: elfOf({ machine: 40, width: 32, attributes: { 6: 14, 7: 0x41, 28: 1 } }),
  cortexM: elfOf({ machine: 40, width: 32, type: 2, attributes: { 6: 13, 7: 0x4d } }),
  mips: elfOf({ machine: 8, width: 32, order: 'big', flags: 0x1000 }),
  mipsN32: elfOf({ machine: 8, width: 32, order: 'big', flags: 0x20 }),
  ppc64: elfOf({ machine: 21, order: 'big' }),
  ppc64le: elfOf({ machine: 21 }),
  riscv64: elfOf({ machine: 243, flags: 5 }),
  s390x: elfOf({ machine: 22, order: 'big' }),
  bpf: elfOf({ machine: 247 }),
}

export function elfOf(description: ElfDescription): Buffer {
  const { machine, width = 64, order = 'little', type = 3, flags = 0, attributes, size = 64, behind = 0 } = description
  const wide = width === 64
  const [headerSize, segmentSize, sectionSize] = wide ? [64, 56, 64] : [52, 32, 40]
  const codeAt = headerSize + segmentSize
  const loadedEnd = codeAt + size
  const section = attributes === undefined ? Buffer.alloc(0) : attributesSection(attributes, order)
  const sectionsAt = loadedEnd + section.length + behind
  const count = attributes === undefined ? 0 : 2
  const bytes = Buffer.alloc(sectionsAt + count * sectionSize)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const little = order === 'little'
  const half = (at: number, value: number): void => view.setUint16(at, value, little)
  const word = (at: number, value: number): void => view.setUint32(at, value, little)
  const address = (at: number, value: number): void =>
    wide ? view.setBigUint64(at, BigInt(value), little) : word(at, value)
  bytes.set([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, little ? 1 : 2, 1])
  half(16, type)
  half(18, machine)
  word(20, 1)
  address(wide ? 32 : 28, headerSize)
  address(wide ? 40 : 32, count === 0 ? 0 : sectionsAt)
  const at = wide ? 48 : 36
  word(at, flags)
  for (const [index, value] of [headerSize, segmentSize, 1, sectionSize, count, 0].entries())
    half(at + 4 + index * 2, value)
  word(headerSize, 1)
  address(headerSize + (wide ? 8 : 4), 0)
  address(headerSize + (wide ? 32 : 16), loadedEnd)
  bytes.fill(0x90, codeAt, loadedEnd)
  bytes.set(section, loadedEnd)
  if (count > 0) {
    const entry = sectionsAt + sectionSize
    word(entry + 4, 0x70000003)
    word(entry + 16, loadedEnd)
    word(entry + 20, section.length)
  }
  return bytes
}

function attributesSection(attributes: Readonly<Record<number, number>>, order: 'little' | 'big'): Buffer {
  const length = (value: number): Buffer => {
    const bytes = Buffer.alloc(4)
    if (order === 'little') bytes.writeUInt32LE(value)
    else bytes.writeUInt32BE(value)
    return bytes
  }
  // Tag_CPU_name, as compilers write it first.
  const values = [Buffer.from([5]), Buffer.from('made-up\0')]
  for (const [tag, value] of Object.entries(attributes)) values.push(Buffer.from([Number(tag), value]))
  const content = Buffer.concat(values)
  const file = Buffer.concat([Buffer.from([1]), length(content.length + 5), content])
  const vendor = Buffer.from('aeabi\0')
  return Buffer.concat([Buffer.from('A'), length(4 + vendor.length + file.length), vendor, file])
}
