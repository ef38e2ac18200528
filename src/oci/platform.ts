/**
 * OCI platforms (image spec, image-index.md "platform"). `platform-names.ts` has the names; the text of a platform is
 * containerd's: `os[(os.version[+feature…])]/architecture[/variant]` (`FormatAll` in containerd/platforms, platforms.go).
 */
import { isArchitecture, isListedVariant, judgeNames, normalizeNames } from './platform-names.js'

export { architectures, operatingSystems } from './platform-names.js'

export interface Platform {
  readonly os: string
  readonly architecture: string
  readonly variant?: string | undefined
  readonly 'os.version'?: string | undefined
  readonly 'os.features'?: readonly string[] | undefined
}

const grammar = 'expected os/architecture or os/architecture/variant, for example linux/arm64 or linux/arm/v7'

/**
 * Reads `os[(os.version[+feature…])]/architecture[/variant]`, or an architecture alone, which means Linux. The result is
 * normalised.
 * @returns the platform, or the reason why there is none.
 */
export function parsePlatform(text: string): Platform | { readonly error: string } {
  const parts = text.trim().split('/')
  const system = /^([a-z0-9_.-]+)(?:\(([a-z0-9_.%-]*)((?:\+[a-z0-9_.%-]+)*)\))?$/i.exec(parts[0]!)
  if (system === null || parts.length > 3 || parts.slice(1).some((part) => !/^[a-z0-9_.-]+$/i.test(part))) {
    return { error: grammar }
  }
  const [, first = '', version = '', features = ''] = system
  if (parts.length === 1 && system[2] !== undefined) return { error: grammar }
  const [os, architecture, variant] = parts.length === 1 ? ['linux', first] : [first, parts[1]!, parts[2]]
  if (isArchitecture(os.toLowerCase())) {
    return { error: `"${os}" is an architecture, not an operating system: write linux/${parts.join('/')}` }
  }
  const platform = normalizePlatform({
    os,
    architecture,
    variant,
    'os.version': decode(version),
    'os.features': features.split('+').slice(1).map(decode),
  })
  const fault = judgePlatform(platform)
  if (fault?.kind === 'refused') return { error: fault.reason }
  if (fault?.kind === 'unreal-variant') {
    return { error: `"${variant}" is not a variant of ${platform.architecture}: expected ${fault.words}` }
  }
  // As in containerd, a word alone must be known; who writes both names means them.
  if (fault?.kind === 'unlisted' && parts.length === 1) {
    return { error: `"${architecture}" is not an architecture: expected ${fault.words}` }
  }
  return platform
}

/**
 * One spelling for each platform: `aarch64` is arm64, `arm64/v8` is arm64, `armhf` is arm/v7. As containerd's
 * `platforms.Normalize`, with the names that Yocto writes and containerd does not know. Unlike there, an `arm` without a
 * variant stays one: nobody has said v7.
 */
export function normalizePlatform(platform: Platform): Platform {
  return { ...normalizeNames(platform.os, platform.architecture, platform.variant), ...systemOf(platform) }
}

/** `os.version` and `os.features`, where they say something. */
function systemOf(platform: Platform): Pick<Platform, 'os.version' | 'os.features'> {
  const { 'os.version': version = '', 'os.features': features = [] } = platform
  return {
    ...(version === '' ? {} : { 'os.version': version }),
    ...(features.length === 0 ? {} : { 'os.features': features }),
  }
}

/** Writes a platform as containerd does. What is empty is shown as `unknown`. */
export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant = '', 'os.version': version = '', 'os.features': features = [] } = platform
  const options = [version, ...new Set(features.filter((feature) => feature !== '').toSorted())].map(encode).join('+')
  const system = `${os || 'unknown'}${options === '' ? '' : `(${options})`}`
  return [system, architecture || 'unknown', ...(variant === '' ? [] : [variant])].join('/')
}

function encode(text: string): string {
  return text.replaceAll(/[%+()/]/g, (character) => `%${character.codePointAt(0)!.toString(16).toUpperCase()}`)
}

function decode(text: string): string {
  return text.replaceAll(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)))
}

export type PlatformFault =
  | NonNullable<ReturnType<typeof judgeNames>>
  /** containerd reads the name; skopeo, podman and buildah, which compare names byte by byte, do not. */
  | { readonly kind: 'spelling'; readonly normal: Platform }

/** Decides whether clients know the platform of an index entry, in the spelling that it has. */
export function judgePlatform(platform: Platform): PlatformFault | undefined {
  const normal = normalizePlatform(platform)
  const fault = judgeNames(normal.os, normal.architecture, normal.variant)
  if (fault !== undefined && fault.kind !== 'unlisted') return fault
  const { os, architecture, variant = '' } = platform
  const isWritten = os === normal.os && architecture === normal.architecture
  const isSpelled = isWritten && (variant === (normal.variant ?? '') || isListedVariant(architecture, variant))
  return isSpelled ? fault : { kind: 'spelling', normal }
}

/** Whether the fault keeps clients from choosing the entry. What is only unlisted they find when asked for it by name. */
export function isUnmatchable(fault: PlatformFault | undefined): boolean {
  return fault !== undefined && fault.kind !== 'unlisted'
}

/** Equal for platforms between which a client cannot choose. An `arm` without a variant is v7 to containerd. */
export function platformId(platform: Platform): string {
  const normal = normalizePlatform(platform)
  return formatPlatform(
    normal.architecture === 'arm' && normal.variant === undefined ? { ...normal, variant: 'v7' } : normal,
  )
}

/** Whether `found` is what `wanted` asks for. A version and features of the system count only where they are wanted. */
export function isPlatform(wanted: Platform, found: Platform): boolean {
  const [want, have] = [normalizePlatform(wanted), normalizePlatform(found)]
  const compared = {
    ...have,
    'os.version': want['os.version'] === undefined ? undefined : have['os.version'],
    'os.features': want['os.features'] === undefined ? undefined : have['os.features'],
  }
  return platformId(compared) === platformId(want)
}

/**
 * The platform for an image's descriptor: what the config wants, once the image's own config does not contradict it.
 *
 * umoci cannot write a variant, so a variant that the image lacks is taken from `wanted`. One that only the image has
 * is taken for `arm`, where it decides what the image runs on, if there is such a variant; elsewhere the bare name stays,
 * because clients treat an `amd64` variant as a demand on the host. The system's version and features may come from either side.
 * @returns the platform, or `undefined` when the two contradict each other.
 */
export function reconcilePlatform(wanted: Platform, image: Platform): Platform | undefined {
  const [want, have] = [normalizePlatform(wanted), normalizePlatform(image)]
  if (want.os !== have.os || want.architecture !== have.architecture) return undefined
  if (differ(want.variant, have.variant) || differ(want['os.version'], have['os.version'])) return undefined
  const variant = want.variant ?? (isArm(want) && isListedVariant('arm', have.variant ?? '') ? have.variant : undefined)
  return {
    os: want.os,
    architecture: want.architecture,
    ...(variant === undefined ? {} : { variant }),
    ...systemOf(have),
    ...systemOf(want),
  }
}

function differ(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && a !== b
}

/** The platform that an image gets when its config alone says one. */
export function platformOfConfig(stated: Platform): Platform {
  const normal = normalizePlatform(stated)
  const { variant: _, ...bare } = normal
  return isArm(normal) ? normal : bare
}

function isArm({ architecture }: Platform): boolean {
  return architecture === 'arm'
}
