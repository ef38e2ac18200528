/** Whether a program or library can run where its image says it runs. */
import { normalizePlatform, type Platform } from '../platform.js'
import type { ArmAttributes } from './arm-attributes.js'
import { elfMachines, elfTypes, type Elf } from './elf.js'

/** `companion`: for a narrower machine that such a processor can be, as 386 is for amd64 (multilib images). */
export type Judgement = 'own' | 'companion' | { readonly expected: string; readonly found: string }

const mipsN32 = 0x20

/** The architecture in Go's words, also those without a port; `undefined` for what runs no containers: GPUs, BPF, … */
function architectureOf({ machine, width, order, flags }: Elf): string | undefined {
  const big = order === 'big'
  switch (machine) {
    case elfMachines.x86_64:
      return width === 64 ? 'amd64' : 'x32'
    case elfMachines.i386:
      return '386'
    case elfMachines.aarch64:
      return width === 32 ? 'arm64 ILP32' : big ? 'arm64be' : 'arm64'
    case elfMachines.arm:
      return big ? 'armbe' : 'arm'
    case elfMachines.mips: {
      const word = width === 64 ? 'mips64' : (flags & mipsN32) !== 0 ? 'mips64p32' : 'mips'
      return big ? word : `${word}le`
    }
    case elfMachines.ppc:
      return big ? 'ppc' : 'ppcle'
    case elfMachines.ppc64:
      return big ? 'ppc64' : 'ppc64le'
    case elfMachines.s390:
      return width === 64 ? 's390x' : 's390'
    case elfMachines.riscv:
      return width === 64 ? 'riscv64' : 'riscv'
    case elfMachines.loongarch:
      return width === 64 ? 'loong64' : 'loong32'
    default:
      return undefined
  }
}

const words: ReadonlyMap<string, string> = new Map([
  ['x32', 'x32 (the 32-bit ABI of x86-64)'],
  ['mips64p32', 'mips64p32 (the n32 ABI of MIPS, big-endian)'],
  ['mips64p32le', 'mips64p32le (the n32 ABI of MIPS, little-endian)'],
  ['arm64be', 'arm64be (big-endian)'],
  ['armbe', 'armbe (big-endian)'],
])

const companions: ReadonlyMap<string, readonly string[]> = new Map([
  ['amd64', ['386', 'x32']],
  ['arm64', ['arm']],
  ['mips64', ['mips', 'mips64p32']],
  ['mips64le', ['mipsle', 'mips64p32le']],
  ['ppc64', ['ppc']],
  ['s390x', ['s390']],
  ['riscv64', ['riscv']],
])

/** All that `architectureOf` can say: files are compared with platforms of these only. */
const known: ReadonlySet<string> = new Set(
  '386 amd64 arm arm64 loong64 mips mips64 mips64le mipsle ppc ppc64 ppc64le riscv riscv64 s390 s390x'.split(' '),
)

export function isJudged(platform: Platform): boolean {
  const { os, architecture } = normalizePlatform(platform)
  return os !== 'windows' && os !== 'darwin' && known.has(architecture)
}

/** Files of one layer that are for one kind of machine. */
export interface MachineFiles {
  readonly machine: Machine
  /** The places of the first of them, each file once. */
  readonly files: string[]
  /** Files whose places were too many to remember. */
  more: number
}

export interface Machine {
  readonly architecture: string
  readonly arm?: Pick<ArmAttributes, 'version' | 'hardFloat'>
}

/** Characters of places that are remembered of one layer. */
const maximumPlaces = 4 * 1024 * 1024

interface KnownFile {
  readonly kind: MachineFiles
  /** The place by which it is in `files`; absent for a file that has only places of code for other processors. */
  place?: string
}

/** The programs and libraries of one layer, by the machine that they are for. */
export class Programs {
  /** More names of files, by the place in `files`. */
  readonly hardLinks = new Map<string, string[]>()
  readonly #byMachine = new Map<string, MachineFiles>()
  readonly #byPlace = new Map<string, KnownFile>()
  #size = 0

  /** Adds a program or library. Anything else is for no machine that runs containers. */
  add(elf: Elf, arm: ArmAttributes | undefined, place: string): void {
    const architecture = architectureOf(elf)
    const isCode = elf.type === elfTypes.executable || elf.type === elfTypes.shared
    if (architecture === undefined || !isCode || arm?.microcontroller === true) return
    const machine: Machine = { architecture, ...(arm && { arm: { ...versionOf(arm), hardFloat: arm.hardFloat } }) }
    const key = JSON.stringify(machine)
    const kind = this.#byMachine.get(key) ?? { machine, files: [], more: 0 }
    this.#byMachine.set(key, kind)
    this.#name({ kind }, place)
  }

  /** Adds a second name of a file, if that is a program or library. */
  link(target: string, place: string): void {
    const file = this.#byPlace.get(target)
    if (file !== undefined) this.#name(file, place)
  }

  /** Whether there were more than are remembered. */
  get isFull(): boolean {
    return this.#size > maximumPlaces
  }

  list(): readonly MachineFiles[] {
    return [...this.#byMachine.values()].filter(({ files, more }) => files.length + more > 0)
  }

  #name(file: KnownFile, place: string): void {
    this.#size += place.length
    const isOwn = isForThisMachine(place)
    if (this.#size > maximumPlaces) {
      if (isOwn) file.kind.more++
      return
    }
    this.#byPlace.set(place, file)
    if (!isOwn) return
    if (file.place === undefined) {
      file.place = place
      file.kind.files.push(place)
      return
    }
    const others = this.hardLinks.get(file.place)
    if (others === undefined) this.hardLinks.set(file.place, [place])
    else others.push(place)
  }
}

function versionOf({ version }: ArmAttributes): { version?: number } {
  return version === undefined ? {} : { version }
}

export function judge({ architecture: found, arm }: Machine, platform: Platform): Judgement {
  const { architecture, variant } = normalizePlatform(platform)
  if (found !== architecture) {
    if (companions.get(architecture)?.includes(found) === true) return 'companion'
    return { expected: `code for ${architecture}`, found: `code for ${words.get(found) ?? found}` }
  }
  return architecture === 'arm' && arm !== undefined ? judgeArm(arm, variant) : 'own'
}

/** An `arm` without a variant is v7 to containerd. */
function judgeArm({ version, hardFloat }: NonNullable<Machine['arm']>, variant = 'v7'): Judgement {
  const most = /^v([4-9])$/.exec(variant)?.[1]
  if (most === undefined) return 'own'
  if (version !== undefined && version > Number(most)) {
    return { expected: `code for arm ${variant} or older`, found: `code for arm v${version} (Tag_CPU_arch)` }
  }
  // Processors of that age have no floating-point registers as a rule, and Go's GOARM=5 uses none.
  if (Number(most) < 6 && hardFloat) {
    return { expected: `soft-float code for arm ${variant}`, found: 'hard-float code (Tag_ABI_VFP_args)' }
  }
  return 'own'
}

/**
 * Places of code that other processors, or none, run: firmware, boot loaders, what emulators load, and the libraries of
 * cross toolchains (Debian's and Fedora's `usr/<triplet>/` and `usr/lib/gcc-cross/`, which no dynamic linker searches).
 */
const elsewhere =
  /^(?:usr\/)?lib\/(?:firmware|modules|u-boot)\/|^usr\/share\/|^boot\/|^usr\/(?:lib\/gcc-cross\/)?[a-z0-9_]+(?:-[a-z0-9]+)?-linux-(?:gnu|musl|uclibc)[a-z0-9_]*\//

/** @param place of a file. */
export function isForThisMachine(place: string): boolean {
  return !elsewhere.test(place)
}
