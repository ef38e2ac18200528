/**
 * OCI platforms: `os/architecture[/variant]` (image spec, image-index.md "platform"; Go's names).
 *
 * Normalised as containerd's `platforms.Normalize` does, plus the names that Yocto writes and containerd misses.
 */

export interface Platform {
  readonly os: string
  readonly architecture: string
  readonly variant?: string | undefined
  readonly 'os.version'?: string | undefined
  readonly 'os.features'?: readonly string[] | undefined
}

/** By a name that a document may choose freely: `constructor` must not find what every object has. */
function table<T>(entries: Readonly<Record<string, T>>): ReadonlyMap<string, T> {
  return new Map(Object.entries(entries))
}

/** What an architecture name means in OCI words: `[architecture, variant]`. */
const aliases = table<readonly [architecture: string, variant?: string]>({
  aarch64: ['arm64'],
  x86_64: ['amd64'],
  'x86-64': ['amd64'],
  i386: ['386'],
  i486: ['386'],
  i586: ['386'],
  i686: ['386'],
  armhf: ['arm', 'v7'],
  armel: ['arm', 'v6'],
  armv5l: ['arm', 'v5'],
  armv5te: ['arm', 'v5'],
  armv5tel: ['arm', 'v5'],
  armv6: ['arm', 'v6'],
  armv6l: ['arm', 'v6'],
  armv7: ['arm', 'v7'],
  armv7a: ['arm', 'v7'],
  armv7l: ['arm', 'v7'],
  armv7ve: ['arm', 'v7'],
  armv8l: ['arm', 'v8'],
  powerpc64le: ['ppc64le'],
  ppc64el: ['ppc64le'],
  powerpc64: ['ppc64'],
  mipsel: ['mipsle'],
  mips64el: ['mips64le'],
  loongarch64: ['loong64'],
})

/** Variants that say what the bare architecture says already. */
const defaultVariants = table<readonly string[]>({
  arm64: ['v8', '8', 'v8.0'],
  amd64: ['v1'],
})

/** Spellings that containerd takes for one variant. */
const synonyms = table<string>({ 'arm64/9': 'v9', 'arm64/9.0': 'v9', 'arm64/v9.0': 'v9' })

/** Architectures of which no OCI word tells the ABI: an index would send them to machines that cannot run them. */
const refused = table<string>(
  Object.fromEntries(
    [
      { names: ['aarch64_be', 'arm64be', 'armeb', 'armbe', 'armv5teb'], reason: 'big-endian ARM has no OCI platform' },
      { names: ['armv4', 'armv4t'], reason: 'ARMv4 has no OCI platform' },
      { names: ['armv7m', 'armv7em', 'armv7r'], reason: 'no Linux container runs on that ARM profile' },
      { names: ['x32', 'gnux32', 'amd64p32'], reason: 'the x32 ABI has no OCI platform' },
      {
        names: ['n32', 'gnun32', 'mips64n32', 'mips64eln32', 'mips64-n32', 'mips64el-n32', 'mips64p32', 'mips64p32le'],
        reason: 'the MIPS n32 ABI has no OCI platform',
      },
      {
        names: ['mipsisa32r6', 'mipsisa32r6el', 'mipsisa64r6', 'mipsisa64r6el'],
        reason: 'MIPS release 6 runs no code of the MIPS that the OCI platforms mean',
      },
      { names: ['powerpcle'], reason: 'little-endian 32-bit PowerPC has no OCI platform' },
      { names: ['powerpc'], reason: 'few readers know 32-bit PowerPC: write linux/ppc if that is what you mean' },
      { names: ['riscv32'], reason: 'few readers know 32-bit RISC-V: write linux/riscv if that is what you mean' },
    ].flatMap(({ names, reason }) => names.map((name) => [name, reason])),
  ),
)

/** The architectures that a platform may name: of Go's GOARCH, as the image spec asks, those of Linux machines. */
export const architectures: readonly string[] = [
  '386',
  'amd64',
  'arm',
  'arm64',
  'loong64',
  'mips',
  'mips64',
  'mips64le',
  'mipsle',
  'ppc',
  'ppc64',
  'ppc64le',
  'riscv',
  'riscv64',
  's390x',
]

const variants = table<RegExp>({
  arm: /^v[5-8]$/,
  arm64: /^v([89]|8\.[0-9]|9\.[0-9])$/,
  amd64: /^v[1-4]$/,
  ppc64le: /^power([89]|10)$/,
  riscv64: /^rva2[023]u64$/,
})

/**
 * Reads `os/architecture[/variant]`, or an architecture alone, which means Linux. The result is normalised.
 * @returns the platform, or the reason why there is none.
 */
export function parsePlatform(text: string): Platform | { readonly error: string } {
  const parts = text.trim().toLowerCase().split('/')
  if (parts.length > 3 || parts.some((part) => !/^[a-z0-9_.-]+$/.test(part))) {
    return { error: 'expected os/architecture or os/architecture/variant, for example linux/arm64 or linux/arm/v7' }
  }
  const [os, architecture, variant] = parts.length === 1 ? ['linux', parts[0]!] : (parts as [string, string, string?])
  const reason = refused.get(architecture)
  if (reason !== undefined) return { error: reason }
  if (architectures.includes(os) || aliases.has(os)) {
    return { error: `"${os}" is an architecture, no operating system: write linux/${parts.join('/')}` }
  }
  const platform = normalizePlatform({ os, architecture, variant })
  if (os === 'linux' && !architectures.includes(platform.architecture)) {
    return { error: `"${architecture}" is not an architecture of the OCI image spec (${architectures.join(', ')})` }
  }
  if (platform.variant !== undefined) {
    const known = variants.get(platform.architecture)
    if (known === undefined) return { error: `${platform.architecture} has no variants` }
    if (!known.test(platform.variant)) {
      return { error: `"${platform.variant}" is not a variant of ${platform.architecture}` }
    }
  }
  return platform
}

/**
 * One spelling for each platform: `aarch64` is arm64, `arm64/v8` is arm64, `armhf` is arm/v7. Unlike containerd's, an
 * `arm` without a variant stays one: nobody has said v7. What has no other spelling stays as it is.
 */
export function normalizePlatform(platform: Platform): Platform {
  const os = platform.os.toLowerCase()
  const name = platform.architecture.toLowerCase()
  const [architecture, implied] = aliases.get(name) ?? [name]
  const variant = implied ?? normalizeVariant(architecture, platform.variant?.toLowerCase())
  return {
    os: os === 'macos' ? 'darwin' : os,
    architecture,
    ...(variant === undefined ? {} : { variant }),
    ...systemOf(platform),
  }
}

function normalizeVariant(architecture: string, written: string | undefined): string | undefined {
  // To containerd, no variant of 386 means anything.
  if (written === undefined || written === '' || architecture === '386') return undefined
  const stated = architecture === 'arm' && /^\d+$/.test(written) ? `v${written}` : written
  const variant = synonyms.get(`${architecture}/${stated}`) ?? stated
  return defaultVariants.get(architecture)?.includes(variant) === true ? undefined : variant
}

/** `os.version` and `os.features`, where they say something. */
function systemOf(platform: Platform): Pick<Platform, 'os.version' | 'os.features'> {
  const { 'os.version': version = '', 'os.features': features = [] } = platform
  return {
    ...(version === '' ? {} : { 'os.version': version }),
    ...(features.length === 0 ? {} : { 'os.features': features }),
  }
}

export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant } = platform
  return variant === undefined || variant === '' ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`
}

/** Whether a reader would take the two for one entry. An `arm` without a variant is v7 to containerd. */
export function samePlatform(a: Platform, b: Platform): boolean {
  return matchKey(a) === matchKey(b)
}

/** Equal for platforms that a reader would take for one. */
export function matchKey(platform: Platform): string {
  const normal = normalizePlatform(platform)
  return formatPlatform(
    normal.architecture === 'arm' && normal.variant === undefined ? { ...normal, variant: 'v7' } : normal,
  )
}

/** Equal for what may not be twice in an index, which may list one platform for several versions of its system. */
export function entryKey(platform: Platform): string {
  const { 'os.version': version = '', 'os.features': features = [] } = platform
  return JSON.stringify([matchKey(platform), version, features.toSorted()])
}

/**
 * The platform for an image's descriptor: what the config wants, once the image's own config does not contradict it.
 *
 * umoci cannot write a variant, so a variant that the image lacks is taken from `wanted`. One that only the image has
 * is taken for `arm`, where it decides what the image runs on; elsewhere the bare name stays, because matchers treat
 * an `amd64` variant as a demand on the host. The system's version and features may come from either side.
 * @returns the platform, or `undefined` when the two contradict each other.
 */
export function reconcilePlatform(wanted: Platform, image: Platform): Platform | undefined {
  const [want, have] = [normalizePlatform(wanted), normalizePlatform(image)]
  if (want.os !== have.os || want.architecture !== have.architecture) return undefined
  if (differ(want.variant, have.variant) || differ(want['os.version'], have['os.version'])) return undefined
  const variant = want.variant ?? (want.architecture === 'arm' ? have.variant : undefined)
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
