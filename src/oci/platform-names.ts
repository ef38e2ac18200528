/**
 * The names that platforms are made of, and which of them clients know: the one rule for `verify`, `merge` and `run`.
 *
 * image-index.md says that indexes SHOULD use Go's names (GOOS, GOARCH) and the variants of its table "Platform
 * Variants". A client asks for the platform of its machine in these names. containers/image (skopeo, podman, buildah)
 * compares them byte by byte (`MatchesPlatform` in internal/pkg/platform/platform_matcher.go); containerd first
 * normalises what the index says (`normalizeArch` in containerd/platforms, database.go).
 */

/** By a name that a document may choose freely: `constructor` must not find what every object has. */
function table<T>(entries: Readonly<Record<string, T>>): ReadonlyMap<string, T> {
  return new Map(Object.entries(entries))
}

/** GOOS: the names in Go's internal/syslist. */
export const operatingSystems: readonly string[] = [
  'aix',
  'android',
  'darwin',
  'dragonfly',
  'freebsd',
  'hurd',
  'illumos',
  'ios',
  'js',
  'linux',
  'nacl',
  'netbsd',
  'openbsd',
  'plan9',
  'solaris',
  'wasip1',
  'windows',
  'zos',
]

/** GOARCH: the names in Go's internal/syslist, which containerd's `isKnownArch` repeats. Some have no port of Go yet. */
export const architectures: readonly string[] = [
  '386',
  'amd64',
  'amd64p32',
  'arm',
  'arm64',
  'arm64be',
  'armbe',
  'loong64',
  'mips',
  'mips64',
  'mips64le',
  'mips64p32',
  'mips64p32le',
  'mipsle',
  'ppc',
  'ppc64',
  'ppc64le',
  'riscv',
  'riscv64',
  's390',
  's390x',
  'sparc',
  'sparc64',
  'wasm',
]

/**
 * What an architecture name means in OCI words. With a variant, the name decides it whatever the document says
 * besides; the empty one is none: containerd drops a variant of `i386`, and keeps one of `386`.
 */
const aliases = table<readonly [architecture: string, variant?: string]>({
  aarch64: ['arm64'],
  x86_64: ['amd64'],
  'x86-64': ['amd64'],
  i386: ['386', ''],
  i486: ['386', ''],
  i586: ['386', ''],
  i686: ['386', ''],
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
const synonyms = table<string>({
  'arm/5': 'v5',
  'arm/6': 'v6',
  'arm/7': 'v7',
  'arm/8': 'v8',
  'arm64/9': 'v9',
  'arm64/9.0': 'v9',
  'arm64/v9.0': 'v9',
})

interface Variants {
  readonly listed: RegExp
  /** For messages. */
  readonly words: string
  /**
   * Clients know all variants of the architecture and their order (`platformVector` in containerd/platforms, compare.go;
   * `compatibility` in containers/image), so that no machine ever asks for another one.
   */
  readonly closed: boolean
}

/** image-index.md, "Platform Variants", continued as the Go variables that it names; `arm/v5` is containerd's and Go's. */
const variants = table<Variants>({
  amd64: { listed: /^v[1-4]$/, words: 'v1 to v4', closed: true },
  arm: { listed: /^v[5-8]$/, words: 'v5, v6, v7 or v8', closed: true },
  arm64: { listed: /^v[89](\.\d)?$/, words: 'v8, v8.1 and so on, or v9, v9.1 and so on', closed: true },
  ppc64le: { listed: /^power([89]|\d{2})$/, words: 'power8, power9 and so on', closed: false },
  riscv64: { listed: /^rva\d{2}u64$/, words: 'rva20u64, rva22u64 and so on', closed: false },
})

/** Architectures of which no OCI word tells the ABI: an index would send them to machines that cannot run them. */
const refused = table<string>(
  Object.fromEntries(
    [
      {
        names: ['aarch64_be'],
        reason: 'few clients know 64-bit big-endian ARM: write linux/arm64be if that is what you mean',
      },
      {
        names: ['armeb', 'armv5teb'],
        reason: 'few clients know big-endian ARM: write linux/armbe if that is what you mean',
      },
      { names: ['armv4', 'armv4t'], reason: 'ARMv4 has no OCI platform' },
      { names: ['armv7m', 'armv7em', 'armv7r'], reason: 'no Linux container runs on that ARM profile' },
      { names: ['x32', 'gnux32'], reason: 'the x32 ABI has no OCI platform' },
      {
        names: ['n32', 'gnun32', 'mips64n32', 'mips64eln32', 'mips64-n32', 'mips64el-n32'],
        reason: 'the MIPS n32 ABI has no OCI platform',
      },
      {
        names: ['mipsisa32r6', 'mipsisa32r6el', 'mipsisa64r6', 'mipsisa64r6el'],
        reason: 'MIPS release 6 cannot run code for the MIPS that the OCI platforms mean',
      },
      { names: ['powerpcle'], reason: 'little-endian 32-bit PowerPC has no OCI platform' },
      {
        names: ['powerpc'],
        reason: 'few clients know 32-bit PowerPC: write linux/ppc if that is what you mean',
      },
      // BuildKit's attestation storage: clients pass over such an entry of an index.
      { names: ['unknown'], reason: 'in an index, "unknown" marks an attestation' },
      { names: ['riscv32'], reason: 'few clients know 32-bit RISC-V: write linux/riscv if that is what you mean' },
    ].flatMap(({ names, reason }) => names.map((name) => [name, reason])),
  ),
)

/** Whether the name is one of an architecture, in whatever spelling. */
export function isArchitecture(name: string): boolean {
  return architectures.includes(name) || aliases.has(name)
}

/** One spelling for each name. What has no other spelling stays as it is, in lower case. */
export function normalizeNames(
  os: string,
  architecture: string,
  variant: string | undefined,
): { readonly os: string; readonly architecture: string; readonly variant?: string } {
  const system = os.toLowerCase()
  const name = architecture.toLowerCase()
  const [normal, implied] = aliases.get(name) ?? [name]
  const one = implied ?? normalizeVariant(normal, variant?.toLowerCase() ?? '')
  return {
    os: system === 'macos' ? 'darwin' : system,
    architecture: normal,
    ...(one === '' ? {} : { variant: one }),
  }
}

function normalizeVariant(architecture: string, written: string): string {
  const variant = synonyms.get(`${architecture}/${written}`) ?? written
  return defaultVariants.get(architecture)?.includes(variant) === true ? '' : variant
}

/** What is wrong with names in their normal spelling. */
export type NameFault =
  /** `os` or `architecture` is empty; both are REQUIRED (image-index.md, config.md). */
  | { readonly kind: 'incomplete' }
  /** No client asks for that architecture or system. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** No machine of the architecture has that variant. */
  | { readonly kind: 'unreal-variant'; readonly words: string }
  /** The spec says SHOULD, and a client finds the image only when it is asked for this very name. */
  | { readonly kind: 'unlisted'; readonly part: 'os' | 'architecture' | 'variant'; readonly words: string }

/** @returns the first fault, or `undefined` when clients know the platform. */
export function judgeNames(os: string, architecture: string, variant: string | undefined): NameFault | undefined {
  if (os === '' || architecture === '') return { kind: 'incomplete' }
  const reason = refused.get(architecture)
  if (reason !== undefined) return { kind: 'refused', reason }
  const odd = [os, architecture, variant ?? ''].find((name) => !/^([a-z0-9][a-z0-9_.-]*)?$/.test(name))
  // containerd takes no request with other characters (`specifierRe` in containerd/platforms, platforms.go).
  if (odd !== undefined) return { kind: 'refused', reason: `"${odd}" is not made of letters, digits, ".", "_" and "-"` }
  const known = variants.get(architecture)
  if (variant !== undefined && known?.closed === true && !known.listed.test(variant)) {
    return { kind: 'unreal-variant', words: known.words }
  }
  if (!operatingSystems.includes(os))
    return { kind: 'unlisted', part: 'os', words: `a GOOS (${operatingSystems.join(', ')})` }
  if (!architectures.includes(architecture)) {
    return { kind: 'unlisted', part: 'architecture', words: `a GOARCH (${architectures.join(', ')})` }
  }
  if (variant !== undefined && known?.listed.test(variant) !== true) {
    const words =
      known === undefined ? `no variant of ${architecture}` : `a variant of ${architecture} (${known.words})`
    return { kind: 'unlisted', part: 'variant', words }
  }
  return undefined
}

/** Whether every client compares the variant as it is written; containerd alone reads `arm/7` and `arm64/8`. */
export function isListedVariant(architecture: string, variant: string): boolean {
  return variants.get(architecture)?.listed.test(variant) === true
}
