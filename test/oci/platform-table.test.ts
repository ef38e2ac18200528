/** One spelling for each platform: as containerd has it, what Yocto writes besides, and what holds for any spelling. */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  architectures,
  formatPlatform,
  normalizePlatform,
  parsePlatform,
  platformId,
  reconcilePlatform,
  type Platform,
} from '../../src/oci/platform.js'
import { platformOf } from './merge-layouts.js'

const test = suite('platform-table')

/** `platforms.Normalize` of containerd 1.7 (platforms/database.go): `os/architecture[/variant]`, then what it makes of it. */
const containerd: readonly (readonly [written: string, normal: string])[] = [
  ['linux/i386', 'linux/386'],
  ['linux/i386/v2', 'linux/386'],
  ['linux/x86_64', 'linux/amd64'],
  ['linux/x86-64', 'linux/amd64'],
  ['linux/amd64/v1', 'linux/amd64'],
  ['linux/x86_64/v1', 'linux/amd64'],
  ['linux/amd64/v2', 'linux/amd64/v2'],
  ['linux/aarch64', 'linux/arm64'],
  ['linux/arm64/8', 'linux/arm64'],
  ['linux/arm64/v8', 'linux/arm64'],
  ['linux/aarch64/v8', 'linux/arm64'],
  ['linux/arm64/v9', 'linux/arm64/v9'],
  ['linux/arm64/9', 'linux/arm64/v9'],
  ['linux/arm64/9.0', 'linux/arm64/v9'],
  ['linux/arm64/v9.0', 'linux/arm64/v9'],
  ['linux/armhf', 'linux/arm/v7'],
  ['linux/armhf/v6', 'linux/arm/v7'],
  ['linux/armel', 'linux/arm/v6'],
  ['linux/armel/v7', 'linux/arm/v6'],
  ['linux/arm/5', 'linux/arm/v5'],
  ['linux/arm/6', 'linux/arm/v6'],
  ['linux/arm/7', 'linux/arm/v7'],
  ['linux/arm/8', 'linux/arm/v8'],
  ['linux/arm/v7', 'linux/arm/v7'],
  ['LINUX/AMD64', 'linux/amd64'],
  ['macos/arm64', 'darwin/arm64'],
  ['linux/riscv64', 'linux/riscv64'],
  ['linux/s390x', 'linux/s390x'],
]

/** What Yocto's TARGET_ARCH, `uname -m` and Debian say, and containerd leaves as it is. */
const yocto: readonly (readonly [written: string, normal: string])[] = [
  ['linux/i486', 'linux/386'],
  ['linux/i586', 'linux/386'],
  ['linux/i686', 'linux/386'],
  ['linux/armv5te', 'linux/arm/v5'],
  ['linux/armv5tel', 'linux/arm/v5'],
  ['linux/armv6', 'linux/arm/v6'],
  ['linux/armv6l', 'linux/arm/v6'],
  ['linux/armv7a', 'linux/arm/v7'],
  ['linux/armv7l', 'linux/arm/v7'],
  ['linux/armv7ve', 'linux/arm/v7'],
  ['linux/armv8l', 'linux/arm/v8'],
  ['linux/powerpc64', 'linux/ppc64'],
  ['linux/powerpc64le', 'linux/ppc64le'],
  ['linux/ppc64el', 'linux/ppc64le'],
  ['linux/mipsel', 'linux/mipsle'],
  ['linux/mips64el', 'linux/mips64le'],
  ['linux/loongarch64', 'linux/loong64'],
]

function split(text: string): Platform {
  const [os = '', architecture = '', variant] = text.split('/')
  return { os, architecture, variant }
}

for (const [written, normal] of [...containerd, ...yocto]) {
  test(`${written} is ${normal}`, () => assert.is(formatPlatform(normalizePlatform(split(written))), normal))
}

test('an arm that nobody calls v7 is one to a reader, but is not written as one', () => {
  assert.is(formatPlatform(normalizePlatform(split('linux/arm'))), 'linux/arm')
  assert.is(platformId(split('linux/arm')), platformId(split('linux/arm/v7')))
})

const spellings = [...containerd, ...yocto].map(([written]) => written)
const anyPlatform: fc.Arbitrary<Platform> = fc.oneof(
  fc.constantFrom(...spellings).map(split),
  fc.record({
    os: fc.constantFrom('linux', 'windows', 'Linux'),
    architecture: fc.oneof(fc.constantFrom(...architectures, 'constructor'), fc.string()),
    variant: fc.option(fc.oneof(fc.constantFrom('', 'v1', 'v3', 'v6', 'v7', 'V8', '8'), fc.string()), {
      nil: undefined,
    }),
    'os.version': fc.option(fc.constantFrom('', '6.6'), { nil: undefined }),
  }),
)

test('normalising twice is normalising once, and changes nothing for a reader', () => {
  fc.assert(
    fc.property(anyPlatform, (platform) => {
      const normal = normalizePlatform(platform)
      assert.equal(normalizePlatform(normal), normal)
      assert.is(platformId(normal), platformId(platform))
    }),
  )
})

test('what is read from a config is written and read back as the same', () => {
  fc.assert(
    fc.property(anyPlatform, (platform) => {
      const parsed = parsePlatform(formatPlatform(platform))
      if ('error' in parsed) return
      assert.equal(parsePlatform(formatPlatform(parsed)), parsed)
    }),
  )
})

test('what two sides agree on contradicts neither, and no amd64 variant comes from an image alone', () => {
  fc.assert(
    fc.property(anyPlatform, anyPlatform, (wanted, image) => {
      const agreed = reconcilePlatform(wanted, image)
      if (agreed === undefined) return
      assert.ok(reconcilePlatform(wanted, agreed) !== undefined && reconcilePlatform(image, agreed) !== undefined)
      if (agreed.architecture === 'amd64') assert.is(agreed.variant, normalizePlatform(wanted).variant)
    }),
    { numRuns: 2000 },
  )
})

test('an image contradicts what is wanted only where both say something', () => {
  assert.equal(reconcilePlatform(platformOf('arm64'), split('linux/aarch64/v8')), platformOf('arm64'))
  assert.is(reconcilePlatform(platformOf('linux/arm/v7'), split('linux/armel')), undefined)
  const version = (text: string): Platform => ({ ...platformOf('arm64'), 'os.version': text })
  assert.is(reconcilePlatform(version('1'), version('2')), undefined)
  assert.equal(reconcilePlatform(version('1'), platformOf('arm64')), version('1'))
})

test.run()
