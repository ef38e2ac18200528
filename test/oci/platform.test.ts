import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  architectures,
  formatPlatform,
  normalizePlatform,
  parsePlatform,
  platformId,
  reconcilePlatform,
} from '../../src/oci/platform.js'
import { platformOf } from './merge-layouts.js'

const test = suite('platform')

/** What is written, and what containerd's `platforms.Normalize` or the OCI name of Yocto's architecture makes of it. */
const spellings: Record<string, string> = {
  'linux/amd64': 'linux/amd64',
  'linux/amd64/v1': 'linux/amd64',
  'linux/amd64/v3': 'linux/amd64/v3',
  'linux/x86_64': 'linux/amd64',
  'linux/x86-64': 'linux/amd64',
  'Linux/ARM64': 'linux/arm64',
  'linux/aarch64': 'linux/arm64',
  'linux/arm64/v8': 'linux/arm64',
  'linux/arm64/8': 'linux/arm64',
  'linux/arm64/v8.0': 'linux/arm64',
  'linux/arm64/v8.2': 'linux/arm64/v8.2',
  'linux/arm64/9': 'linux/arm64/v9',
  'linux/arm64/v9.0': 'linux/arm64/v9',
  'linux/arm/7': 'linux/arm/v7',
  'linux/arm/v5': 'linux/arm/v5',
  'linux/armhf': 'linux/arm/v7',
  'linux/armel': 'linux/arm/v6',
  'linux/i386': 'linux/386',
  ' arm64 ': 'linux/arm64',
  x86_64: 'linux/amd64',
  arm: 'linux/arm',
  armv7a: 'linux/arm/v7',
  i586: 'linux/386',
  i686: 'linux/386',
  powerpc64le: 'linux/ppc64le',
  mipsel: 'linux/mipsle',
  mips64el: 'linux/mips64le',
  loongarch64: 'linux/loong64',
  riscv64: 'linux/riscv64',
  'windows/amd64': 'windows/amd64',
  // One rule for all commands: Go's names without a port, variants of the spec's open lists, and names that no list has.
  'linux/sparc64': 'linux/sparc64',
  'linux/s390': 'linux/s390',
  'linux/wasm': 'linux/wasm',
  'wasi/wasm': 'wasi/wasm',
  'linux/arm64be': 'linux/arm64be',
  'linux/ppc64le/power11': 'linux/ppc64le/power11',
  'linux/riscv64/rva23u64': 'linux/riscv64/rva23u64',
  'linux/s390x/z15': 'linux/s390x/z15',
  'linux/m68k': 'linux/m68k',
  'linux/386/sse2': 'linux/386/sse2',
  'linux/i386/sse2': 'linux/386',
  // As containerd writes them.
  'windows(10.0.17763.1)/amd64': 'windows(10.0.17763.1)/amd64',
  'Windows(10.0.17763.1+win32k)/AMD64': 'windows(10.0.17763.1+win32k)/amd64',
  'windows(+win32k)/amd64': 'windows(+win32k)/amd64',
  'linux(a%2Fb)/x86_64': 'linux(a%2Fb)/amd64',
}
for (const [text, expected] of Object.entries(spellings)) {
  test(`reads "${text}" as ${expected}`, () => assert.is(formatPlatform(platformOf(text)), expected))
}

test('reads back every platform that it writes', () => {
  for (const text of Object.values(spellings)) assert.is(formatPlatform(platformOf(text)), text)
  for (const architecture of architectures) assert.is(formatPlatform(platformOf(architecture)), `linux/${architecture}`)
})

const refusals: Record<string, RegExp> = {
  '': /expected os\/architecture/,
  'linux/': /expected os\/architecture/,
  'linux/arm/v7/x': /expected os\/architecture/,
  'linux arm64': /expected os\/architecture/,
  'linux/../arm64': /"\.\." is not made of letters/,
  aarch64_be: /big-endian ARM/,
  'linux/x32': /x32 ABI/,
  mips64n32: /n32 ABI/,
  sparcv8: /"sparcv8" is not an architecture: .*riscv64/,
  powerpc: /write linux\/ppc/,
  riscv32: /write linux\/riscv/,
  powerpcle: /little-endian 32-bit PowerPC/,
  armeb: /big-endian ARM/,
  armv5teb: /big-endian ARM/,
  armv4t: /ARMv4/,
  armv7em: /that ARM profile/,
  'mips64el-n32': /n32 ABI/,
  'mips64-n32': /n32 ABI/,
  gnux32: /x32 ABI/,
  mipsisa64r6el: /MIPS release 6/,
  m68k: /"m68k" is not an architecture/,
  'linux/arm/v9': /"v9" is not a variant of arm/,
  'linux/amd64/v9': /"v9" is not a variant of amd64/,
  'linux/arm64/v8a': /"v8a" is not a variant of arm64: expected v8, /,
  'arm/v7': /write linux\/arm\/v7/,
  'aarch64/v8': /write linux\/aarch64\/v8/,
  constructor: /"constructor" is not an architecture/,
  'linux/a b': /expected os\/architecture/,
  'windows(10.0)': /expected os\/architecture/,
}
for (const [text, reason] of Object.entries(refusals)) {
  test(`refuses "${text}" and says why`, () => {
    const refused = parsePlatform(text)
    assert.ok('error' in refused)
    assert.match(refused.error, reason)
  })
}

test('takes any architecture that a document states', () => {
  for (const architecture of ['constructor', '__proto__', 'toString', '']) {
    const platform = { os: 'linux', architecture, variant: '' }
    assert.is(formatPlatform(normalizePlatform(platform)), `linux/${architecture.toLowerCase() || 'unknown'}`)
    assert.is(formatPlatform(platform), `linux/${architecture || 'unknown'}`)
    assert.is(reconcilePlatform(platformOf('arm64'), platform), undefined)
  }
})

test('tells platforms apart as a reader does', () => {
  const same = (a: string, b: string): boolean => platformId(platformOf(a)) === platformId(platformOf(b))
  assert.ok(same('arm64', 'linux/arm64/v8'))
  assert.ok(same('linux/arm', 'linux/arm/v7'))
  assert.ok(same('linux/arm64/v9', 'linux/arm64/v9.0'))
  assert.not(same('linux/arm', 'linux/arm/v6'))
  assert.not(same('linux/amd64', 'linux/amd64/v3'))
  assert.not(same('linux/amd64', 'windows/amd64'))
  assert.is(platformId(platformOf('arm')), 'linux/arm/v7')
})

/** Wanted by the config, stated by the image, and the platform of the descriptor. */
const reconciled: [wanted: string, image: string, result: string | undefined][] = [
  ['linux/arm64', 'linux/arm64/v8', 'linux/arm64'],
  ['linux/arm/v7', 'linux/arm', 'linux/arm/v7'],
  ['linux/arm', 'linux/arm/v6', 'linux/arm/v6'],
  ['linux/arm', 'linux/arm', 'linux/arm'],
  ['linux/amd64', 'linux/amd64/v3', 'linux/amd64'],
  ['linux/amd64/v3', 'linux/amd64', 'linux/amd64/v3'],
  ['linux/arm/v7', 'linux/arm/v6', undefined],
  ['linux/arm64', 'linux/amd64', undefined],
  ['linux/arm64', 'linux/arm', undefined],
  ['linux/amd64', 'windows/amd64', undefined],
]
for (const [wanted, image, result] of reconciled) {
  test(`makes ${result ?? 'a contradiction'} of ${wanted} wanted and ${image} built`, () => {
    const platform = reconcilePlatform(platformOf(wanted), platformOf(image))
    assert.is(platform && formatPlatform(platform), result)
  })
}

test.run()
