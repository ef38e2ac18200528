import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ElfReader } from '../../../src/oci/elf/elf-reader.js'
import { isForThisMachine, judge, Programs, type Machine } from '../../../src/oci/elf/machine.js'
import { elfOf, elfs } from '../../rig/elf-builder.js'
import { platformOf } from '../merge-layouts.js'

const test = suite('elf')

/** What is read of a file that comes in pieces. */
function machineOf(bytes: Uint8Array, piece = bytes.length): Machine | undefined {
  const programs = new Programs()
  const reader = new ElfReader(bytes.length, (elf, arm) => programs.add(elf, arm, 'file'))
  for (let at = 0; at < bytes.length; at += piece) reader.read(bytes.subarray(at, at + piece))
  reader.end()
  return programs.list()[0]?.machine
}

function verdict(bytes: Uint8Array, platform: string): string {
  const machine = machineOf(bytes)
  if (machine === undefined) return 'not judged'
  const judgement = judge(machine, platformOf(platform))
  return typeof judgement === 'string' ? judgement : `${judgement.expected}; ${judgement.found}`
}

const fitting: readonly (readonly [keyof typeof elfs, string])[] = [
  ['amd64', 'amd64'],
  ['i386', '386'],
  ['arm64', 'arm64'],
  ['armv5', 'linux/arm/v5'],
  ['armv5', 'linux/arm/v7'],
  ['armv6', 'linux/arm/v6'],
  ['armv6', 'linux/arm/v7'],
  ['armv7', 'linux/arm/v7'],
  ['armv7', 'linux/arm'],
  ['armv8', 'linux/arm/v8'],
  ['mips', 'mips'],
  ['ppc64', 'ppc64'],
  ['ppc64le', 'ppc64le'],
  ['riscv64', 'riscv64'],
  ['s390x', 's390x'],
]
for (const [elf, platform] of fitting) {
  test(`${elf} runs on ${platform}`, () => assert.is(verdict(elfs[elf], platform), 'own'))
}

const wrong: readonly (readonly [keyof typeof elfs, string, string])[] = [
  ['amd64', 'arm64', 'code for arm64; code for amd64'],
  ['arm64', 'amd64', 'code for amd64; code for arm64'],
  ['amd64', '386', 'code for 386; code for amd64'],
  ['x32', 'arm64', 'code for arm64; code for x32 (the 32-bit ABI of x86-64)'],
  ['mipsN32', 'mips', 'code for mips; code for mips64p32 (the n32 ABI of MIPS, big-endian)'],
  ['ppc64', 'ppc64le', 'code for ppc64le; code for ppc64'],
  ['ppc64le', 'ppc64', 'code for ppc64; code for ppc64le'],
  ['armv7', 'linux/arm/v6', 'code for arm v6 or older; code for arm v7 (Tag_CPU_arch)'],
  ['armv8', 'linux/arm/v7', 'code for arm v7 or older; code for arm v8 (Tag_CPU_arch)'],
  ['armv8', 'linux/arm', 'code for arm v7 or older; code for arm v8 (Tag_CPU_arch)'],
  ['armv5hard', 'linux/arm/v5', 'soft-float code for arm v5; hard-float code (Tag_ABI_VFP_args)'],
]
for (const [elf, platform, expected] of wrong) {
  test(`${elf} does not run on ${platform}`, () => assert.is(verdict(elfs[elf], platform), expected))
}

test('a narrower machine that the processor can be is told apart', () => {
  assert.is(verdict(elfs.i386, 'amd64'), 'companion')
  assert.is(verdict(elfs.x32, 'amd64'), 'companion')
  assert.is(verdict(elfs.armv7, 'arm64'), 'companion')
})

test('firmware, boot loaders and the libraries of cross toolchains are for other machines; those of Debian are not', () => {
  const others = [
    'lib/firmware/modem.bin',
    'usr/lib/u-boot/rpi_4/u-boot.bin',
    'boot/vmlinuz',
    'usr/aarch64-linux-gnu/lib/libc.so.6',
    'usr/arm-linux-gnueabihf/lib/libc.so.6',
    'usr/x86_64-redhat-linux-gnu/lib64/libc.so',
    'usr/lib/gcc-cross/riscv64-linux-gnu/13/libgcc_s.so.1',
  ]
  for (const place of others) assert.not(isForThisMachine(place), place)
  const own = [
    'usr/lib/aarch64-linux-gnu/libc.so.6',
    'usr/bin/qemu-aarch64-static',
    'usr/lib/gcc/x86_64-linux-gnu/13/cc1',
  ]
  for (const place of own) assert.ok(isForThisMachine(place), place)
})

test('what no container runs is not judged: kernel modules, BPF, microcontrollers', () => {
  assert.is(verdict(elfOf({ machine: 62, type: 1 }), 'arm64'), 'not judged')
  assert.is(verdict(elfs.bpf, 'arm64'), 'not judged')
  assert.is(verdict(elfs.cortexM, 'amd64'), 'not judged')
  assert.is(verdict(Buffer.from('#!/bin/sh\n'.repeat(20)), 'amd64'), 'not judged')
})

test('attributes are found behind much code, and before many symbols', () => {
  const description = { machine: 40, width: 32, attributes: { 6: 10, 28: 1 }, size: 300_000, behind: 300_000 } as const
  assert.equal(machineOf(elfOf(description), 65_536), { architecture: 'arm', arm: { version: 7, hardFloat: true } })
  const big = elfOf({ ...description, order: 'big' })
  assert.equal(machineOf(big), { architecture: 'armbe', arm: { version: 7, hardFloat: true } })
})

test('a file without a table of sections is judged by its header', () => {
  const stripped = elfOf({ machine: 40, width: 32 })
  assert.equal(machineOf(stripped), { architecture: 'arm' })
})

test('reads the program that runs this test', () => {
  const names: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', s390x: 's390x', ppc64: 'ppc64le' }
  const expected = names[process.arch] ?? process.arch
  assert.is(machineOf(readFileSync(process.execPath), 256 * 1024)?.architecture, expected)
})

test('reads the same in pieces of any size', () => {
  fc.assert(
    fc.property(fc.constantFrom(...Object.values(elfs)), fc.integer({ min: 1, max: 600 }), (bytes, piece) => {
      assert.equal(machineOf(bytes, piece), machineOf(bytes))
    }),
  )
})

test('never throws, whatever stands in the file', () => {
  const change = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 12 })
  const length = fc.option(fc.nat(500), { nil: undefined })
  fc.assert(
    fc.property(fc.constantFrom(...Object.values(elfs)), change, length, (good, changes, cut) => {
      const bytes = Buffer.from(good.subarray(0, cut))
      if (bytes.length === 0) return
      // The magic stays, or there is nothing to read.
      for (const [at, value] of changes) if (at % bytes.length > 3) bytes[at % bytes.length] = value
      machineOf(bytes, 100)
    }),
    { numRuns: 3000 },
  )
})

test.run()
