/** The machines of openembedded-core, as BitBake describes them. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { formatPlatform, parsePlatform, type Platform } from '../../src/oci/platform.js'
import { agreePlatform, platformOfMachine, type Machine } from '../../src/discover/yocto-platform.js'

const test = suite('yocto platform')

const machine = (TARGET_ARCH: string, TUNE_FEATURES = '', more: Machine = {}): Machine => ({
  TARGET_ARCH,
  TUNE_FEATURES,
  TARGET_OS: 'linux',
  ...more,
})

const known: readonly (readonly [string, Machine])[] = [
  ['linux/amd64', machine('x86_64', 'm64 x86-64-v3')],
  ['linux/amd64', machine('x86_64', 'm64 core2')],
  ['linux/386', machine('i686', 'm32 core2')],
  ['linux/386', machine('i586', 'm32 i586')],
  ['linux/arm64', machine('aarch64', 'aarch64 crc cortexa57')],
  ['linux/arm64', machine('aarch64', 'aarch64 armv8-2a', { TARGET_OS: 'linux-musl' })],
  ['linux/arm/v7', machine('arm', 'arm vfp cortexa15 neon thumb callconvention-hard', { TARGET_OS: 'linux-gnueabi' })],
  ['linux/arm/v7', machine('arm', 'arm vfp thumb cortexa8')],
  ['linux/arm/v7', machine('arm', 'arm armv7ve vfp')],
  ['linux/arm/v7', machine('arm', 'arm armv8a cortexa32 crc')],
  ['linux/arm/v6', machine('arm', 'arm vfp arm1176jzs')],
  ['linux/arm/v6', machine('arm', 'arm armv6 vfp')],
  ['linux/arm/v5', machine('arm', 'arm thumb dsp arm926ejs')],
  ['linux/arm/v5', machine('arm', 'arm armv5 thumb dsp')],
  ['linux/arm/v7', machine('arm', 'arm vfp', { MACHINEOVERRIDES: 'armv7a:board' })],
  ['linux/ppc64', machine('powerpc64', 'm64 fpu-hard e5500 altivec bigendian')],
  ['linux/ppc64le', machine('powerpc64le', 'm64 power9')],
  ['linux/mips', machine('mips', 'o32 bigendian fpu-hard')],
  ['linux/mipsle', machine('mipsel', 'o32 fpu-hard')],
  ['linux/mips64', machine('mips64', 'n64 bigendian')],
  ['linux/mips64le', machine('mips64el', 'n64')],
  ['linux/riscv64', machine('riscv64', 'rv 64 i m a f d c')],
  ['linux/loong64', machine('loongarch64', 'loongarch64')],
  ['linux/s390x', machine('s390x')],
]

test('each machine has one platform', () => {
  const found = known.map(([, one]) => {
    const platform = platformOfMachine(one)
    return platform.kind === 'known' ? formatPlatform(platform.platform) : JSON.stringify(platform)
  })
  assert.equal(
    found,
    known.map(([platform]) => platform),
  )
})

const others: readonly (readonly [kind: string, reason: RegExp, Machine])[] = [
  ['refused', /x32 ABI/, machine('x86_64', 'mx32', { TARGET_OS: 'linux-gnux32' })],
  ['refused', /x32 ABI/, machine('x86_64', 'mx32')],
  ['refused', /big-endian ARM/, machine('aarch64_be', 'aarch64 bigendian')],
  ['refused', /big-endian ARM/, machine('armeb', 'arm armv5 bigendian')],
  ['refused', /big-endian ARM/, machine('arm', 'arm armv7a bigendian')],
  ['refused', /n32 ABI/, machine('mips64', 'n32 bigendian', { TARGET_OS: 'linux-gnun32' })],
  ['refused', /ILP32/, machine('aarch64', 'aarch64', { TARGET_OS: 'linux-gnu_ilp32' })],
  ['refused', /microcontroller/, machine('arm', 'armv7em cortexm4')],
  ['refused', /microcontroller/, machine('arm', 'armv7r cortexr5')],
  ['refused', /PowerPC/, machine('powerpcle', 'm32')],
  ['unnamed', /as old as the tune's arm920t/, machine('arm', 'arm thumb arm920t')],
  ['unnamed', /no version of ARM/, machine('arm')],
  ['unnamed', /TARGET_ARCH powerpc$/, machine('powerpc', 'm32')],
  ['unnamed', /TARGET_ARCH mipsisa64r6el/, machine('mipsisa64r6el', 'n64 r6')],
  ['unnamed', /TARGET_OS is elf/, machine('arm', 'armv7a', { TARGET_OS: 'elf' })],
  ['unnamed', /does not say TARGET_ARCH/, {}],
]

for (const [kind, reason, one] of others) {
  test(`${kind}: ${JSON.stringify(one)}`, () => {
    const found = platformOfMachine(one)
    assert.is(found.kind, kind)
    assert.match(found.kind === 'known' ? '' : found.reason, reason)
  })
}

function agree(wanted: string | undefined, one: Machine): string {
  const platform = wanted === undefined ? undefined : (parsePlatform(wanted) as Platform)
  const agreed = agreePlatform(platform, one)
  return agreed.ok ? [formatPlatform(agreed.platform), ...agreed.variants].join(' ') : `${agreed.why}: ${agreed.reason}`
}

test('what the config says and what BitBake says', () => {
  const cortexa15 = machine('arm', 'arm vfp cortexa15')
  const cortexa32 = machine('arm', 'arm armv8a cortexa32')
  assert.is(agree(undefined, cortexa15), 'linux/arm/v7 v7')
  assert.is(agree('linux/arm', cortexa15), 'linux/arm/v7 v7')
  assert.is(agree('linux/arm/v7', cortexa15), 'linux/arm/v7')
  assert.is(agree('linux/arm/v6', cortexa15), 'contradiction: linux/arm/v7')
  assert.is(agree('linux/arm/v8', cortexa32), 'linux/arm/v8')
  assert.is(agree(undefined, cortexa32), 'linux/arm/v7 v7 v8')
  assert.is(agree('linux/arm64', machine('x86_64')), 'contradiction: linux/amd64')
  // A variant that BitBake has no word for is the user's to claim.
  assert.is(agree('linux/amd64/v3', machine('x86_64')), 'linux/amd64/v3')
  assert.is(agree('linux/arm/v5', machine('arm', 'arm arm920t')), 'linux/arm/v5')
  assert.match(agree(undefined, machine('arm', 'arm arm920t')), /^unnamed: /)
  assert.match(agree('linux/amd64', machine('x86_64', 'mx32')), /^refused: /)
})

test.run()
