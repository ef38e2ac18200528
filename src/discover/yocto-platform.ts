/**
 * From what BitBake says of a machine to its OCI platform. OE-core's own map (`oe.go.map_arch`) knows no ABI and
 * loses the ARM version of most tunes, so both are read here from TUNE_FEATURES.
 */
import { formatPlatform, judgePlatform, normalizePlatform, type Platform } from '../oci/platform.js'

/** BitBake's variables, where they are set. */
export interface Machine {
  readonly TARGET_ARCH?: string
  readonly TARGET_OS?: string
  readonly TUNE_FEATURES?: string
  readonly MACHINEOVERRIDES?: string
}

export type MachinePlatform =
  | {
      readonly kind: 'known'
      readonly platform: Platform
      /** Variants that are as right: a 32-bit ARMv8 runs what is for v7. */
      readonly variants: readonly string[]
    }
  /** OCI may have a word for it, but which one must be said by the user. */
  | { readonly kind: 'unnamed'; readonly reason: string }
  /** Its ABI has no OCI word: an index would send the image to machines that cannot run it. */
  | { readonly kind: 'refused'; readonly reason: string }

const bigEndianArm = 'no client runs on big-endian ARM'

/** By TARGET_ARCH. */
const refusedArchitectures = new Map([
  ['aarch64_be', bigEndianArm],
  ['armeb', bigEndianArm],
  ['powerpcle', 'little-endian 32-bit PowerPC has no OCI platform'],
])

/** Of TARGET_OS (`linux-gnux32`) or a tune feature: an ABI that the architecture's name does not tell. */
const refusedAbis: readonly (readonly [os: RegExp, feature: string, name: string])[] = [
  [/x32$/, 'mx32', 'the x32 ABI'],
  [/n32$/, 'n32', 'the MIPS n32 ABI'],
  [/ilp32$/, 'ilp32', 'the ILP32 ABI of 64-bit ARM'],
]

/** The tune features that tell an ARM version, and the variants they allow, the safest first. */
const armVersions: readonly (readonly [feature: RegExp, variants: readonly string[] | string])[] = [
  [/^(armv[678]-?m|armv7e-?m|armv[78]-?r|cortex-?[mr]\d)/, 'a microcontroller runs no Linux containers'],
  // A host that is v7 takes no v8, and every 32-bit v8 takes v7.
  [/^(armv[89]|cortex-?a(32|35|53|55|57|65|7[2-8]|[5-9]\d\d))/, ['v7', 'v8']],
  [/^(armv7|cortex-?a(5|7|8|9|12|15|17)(?!\d))/, ['v7']],
  [/^(armv6|arm11\d\d)/, ['v6']],
  [/^(armv5|arm9[24]6e|arm1026|xscale|iwmmxt)/, ['v5']],
]

/** A pure function of the variables; an architecture that BitBake does not say is `unnamed`. */
export function platformOfMachine(machine: Machine): MachinePlatform {
  const { TARGET_ARCH: name = '', TARGET_OS: os = 'linux' } = machine
  const features = words(machine.TUNE_FEATURES, /\s+/)
  if (name === '') return { kind: 'unnamed', reason: 'BitBake does not say TARGET_ARCH' }
  if (os !== '' && !/^linux(-|$)/.test(os)) return { kind: 'unnamed', reason: `TARGET_OS is ${os}, not Linux` }
  const refused = refusedArchitectures.get(name)
  if (refused !== undefined) return { kind: 'refused', reason: refused }
  const abi = refusedAbis.find(([system, feature]) => system.test(os) || features.includes(feature))
  if (abi !== undefined) return { kind: 'refused', reason: `${abi[2]} has no OCI platform` }
  if (name === 'arm') return platformOfArm(features, words(machine.MACHINEOVERRIDES, ':'))
  if (name === 'aarch64' && features.includes('bigendian')) {
    return { kind: 'refused', reason: bigEndianArm }
  }
  const platform = normalizePlatform({ os: 'linux', architecture: name })
  return judgePlatform(platform) === undefined
    ? { kind: 'known', platform, variants: [] }
    : { kind: 'unnamed', reason: `no OCI platform is known for TARGET_ARCH ${name}` }
}

/** The tune's features come first: overrides may name a family that the machine only belongs to. */
function platformOfArm(features: readonly string[], overrides: readonly string[]): MachinePlatform {
  if (features.includes('bigendian')) return { kind: 'refused', reason: bigEndianArm }
  for (const names of [features, overrides]) {
    for (const [pattern, found] of armVersions) {
      if (!names.some((candidate) => pattern.test(candidate))) continue
      if (typeof found === 'string') return { kind: 'refused', reason: found }
      return { kind: 'known', platform: { os: 'linux', architecture: 'arm', variant: found[0] }, variants: found }
    }
  }
  const old = features.find((feature) => /^(armv4|arm9\d0t|arm9tdmi|strongarm|ep9312)/.test(feature))
  const reason =
    old === undefined ? 'TUNE_FEATURES tells no version of ARM' : `no OCI variant is as old as the tune's ${old}`
  return { kind: 'unnamed', reason }
}

export type Agreement =
  /** `variants`: what the image config may say, when the config says none. */
  | { readonly ok: true; readonly platform: Platform; readonly variants: readonly string[] }
  | { readonly ok: false; readonly why: 'contradiction' | 'refused' | 'unnamed'; readonly reason: string }

/** The platform of an image: what the config wants, completed by what BitBake says, unless the two contradict. */
export function agreePlatform(wanted: Platform | undefined, machine: Machine): Agreement {
  const found = platformOfMachine(machine)
  if (found.kind === 'refused') return { ok: false, why: 'refused', reason: found.reason }
  if (found.kind === 'unnamed') {
    return wanted === undefined ? { ok: false, why: 'unnamed', reason: found.reason } : said(wanted)
  }
  if (wanted === undefined) return { ok: true, platform: found.platform, variants: found.variants }
  const want = normalizePlatform(wanted)
  const { os, architecture } = found.platform
  const contradiction: Agreement = { ok: false, why: 'contradiction', reason: formatPlatform(found.platform) }
  if (want.os !== os || want.architecture !== architecture) return contradiction
  if (found.variants.length === 0) return said(wanted)
  // With what the config says of the system, which BitBake does not know.
  if (want.variant === undefined)
    return { ok: true, platform: { ...want, ...found.platform }, variants: found.variants }
  return found.variants.includes(want.variant) ? said(wanted) : contradiction
}

function said(platform: Platform): Agreement {
  return { ok: true, platform, variants: [] }
}

/** `TARGET_ARCH arm, TUNE_FEATURES arm armv6 vfp`, for messages. */
export function describeMachine(machine: Machine): string {
  const told = (['TARGET_ARCH', 'TUNE_FEATURES', 'TARGET_OS'] as const).filter((name) => machine[name] !== undefined)
  return told.map((name) => `${name} ${machine[name]?.trim()}`).join(', ')
}

function words(text: string | undefined, separator: RegExp | string): string[] {
  return (text ?? '').split(separator).filter((word) => word !== '')
}
