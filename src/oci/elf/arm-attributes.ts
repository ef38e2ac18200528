/**
 * What a 32-bit ARM file says it needs: its build attributes ("Addenda to, and Errata in, the ABI for the Arm
 * Architecture", section "Build attributes").
 */
export interface ArmAttributes {
  /** The architecture's version, 4 to 9, from Tag_CPU_arch. */
  readonly version?: number
  /** For microcontrollers (Tag_CPU_arch_profile): nothing that runs under an operating system like Linux. */
  readonly microcontroller: boolean
  /** Arguments are passed in floating-point registers (Tag_ABI_VFP_args). */
  readonly hardFloat: boolean
}

const tags = { file: 1, cpuName: 5, cpuArch: 6, cpuArchProfile: 7, vfpArgs: 28, compatibility: 32 } as const

/** By value of Tag_CPU_arch: pre-v4, v4, v4T, v5T, v5TE, v5TEJ, v6, v6KZ, v6T2, v6K, v7, v6-M, v6S-M, v7E-M, v8-A, … */
const versions = [3, 4, 4, 5, 5, 5, 6, 6, 6, 6, 7, 6, 6, 7, 8, 8, 8, 8, 8, 8, 8, 8, 9]

/** @returns `undefined` when the section is none of this format. */
export function parseArmAttributes(section: Uint8Array, order: 'little' | 'big'): ArmAttributes | undefined {
  if (section[0] !== 0x41) return undefined
  const view = new DataView(section.buffer, section.byteOffset, section.byteLength)
  const values = new Map<number, number>()
  let at = 1
  while (at + 4 <= section.length) {
    const length = view.getUint32(at, order === 'little')
    const end = Math.min(at + length, section.length)
    if (length < 5) break
    const vendorEnd = section.indexOf(0, at + 4)
    if (vendorEnd < 0 || vendorEnd >= end) break
    const vendor = Buffer.from(section.subarray(at + 4, vendorEnd)).toString('latin1')
    if (vendor === 'aeabi') readSubsections(section.subarray(vendorEnd + 1, end), order, values)
    at = end
  }
  const arch = values.get(tags.cpuArch)
  const version = arch === undefined ? undefined : (versions[arch] ?? 9)
  return {
    ...(version === undefined ? {} : { version }),
    microcontroller: values.get(tags.cpuArchProfile) === 'M'.charCodeAt(0),
    hardFloat: values.get(tags.vfpArgs) === 1,
  }
}

/** Each is a tag, its length in bytes, and attributes; those of the whole file are wanted. */
function readSubsections(bytes: Uint8Array, order: 'little' | 'big', values: Map<number, number>): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  while (at + 5 <= bytes.length) {
    const length = view.getUint32(at + 1, order === 'little')
    if (length < 5) return
    const end = Math.min(at + length, bytes.length)
    if (bytes[at] === tags.file) readAttributes(bytes.subarray(at + 5, end), values)
    at = end
  }
}

function readAttributes(bytes: Uint8Array, values: Map<number, number>): void {
  let at = 0
  const number = (): number => {
    let value = 0
    for (let shift = 0; at < bytes.length; shift += 7) {
      const byte = bytes[at++]!
      // More than 32 bits is no value of these tags.
      if (shift < 28) value |= (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    return value
  }
  const skipText = (): void => {
    const end = bytes.indexOf(0, at)
    at = end < 0 ? bytes.length : end + 1
  }
  while (at < bytes.length) {
    const tag = number()
    if (tag === tags.compatibility) {
      number()
      skipText()
    } else if (tag === 4 || tag === tags.cpuName || (tag > 32 && tag % 2 === 1)) skipText()
    else values.set(tag, number())
  }
}
