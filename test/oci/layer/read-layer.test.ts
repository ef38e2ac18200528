import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseDigest } from '../../../src/oci/digest.js'
import type { Compression } from '../../../src/oci/layer/layer-type.js'
import { readLayer, unpackedLimit, type LayerFacts } from '../../../src/oci/layer/read-layer.js'
import { elfs } from '../../rig/elf-builder.js'
import { digestOf, seededBytes } from '../../rig/layout-builder.js'
import { tarOfEntries, zstdStored } from '../../rig/tar-builder.js'
import { temporaryDirectory } from '../../rig/temp.js'
import { missingTool, testWith } from '../../rig/tools.js'

const test = suite('read-layer')

const tar = tarOfEntries([
  { name: 'bin/hello', content: elfs.arm64 },
  { name: 'data', content: seededBytes(1, 700_000) },
  { name: 'lib/firmware/modem.bin', content: elfs.armv7 },
])
const diffId = digestOf(tar)

async function read(bytes: Uint8Array, compression: Compression, offset = 0): Promise<LayerFacts> {
  const file = path.join(temporaryDirectory(), 'layer')
  writeFileSync(file, Buffer.concat([Buffer.alloc(offset, 1), bytes, Buffer.alloc(offset, 1)]))
  const digest = parseDigest(digestOf(bytes))!
  const range = { file, offset, size: bytes.length }
  return readLayer({ range, digest, compression, diffId: parseDigest(diffId)! })
}

test('absolute names are below the root', async () => {
  const facts = await read(
    tarOfEntries([
      { name: '/usr/bin/tool', content: elfs.arm64 },
      { name: '/lib/firmware/modem.bin', content: elfs.armv7 },
    ]),
    'none',
  )
  assert.equal(facts.faults, [])
  assert.equal(facts.machines, [{ machine: { architecture: 'arm64' }, files: ['usr/bin/tool'], more: 0 }])
})

const stored: Record<string, [bytes: Uint8Array, compression: Compression]> = {
  'a plain tar': [tar, 'none'],
  gzip: [gzipSync(tar), 'gzip'],
  'gzip of several members': [Buffer.concat([gzipSync(tar.subarray(0, 5000)), gzipSync(tar.subarray(5000))]), 'gzip'],
  zstd: [zstdStored(tar), 'zstd'],
  'zstd after half a million frames to skip': [
    Buffer.concat([Buffer.alloc(8 * 500_000, Buffer.from('502a4d1800000000', 'hex')), zstdStored(tar)]),
    'zstd',
  ],
  'zstd of several frames, with one to skip': [
    Buffer.concat([
      zstdStored(tar.subarray(0, 5000)),
      Buffer.from('502a4d1803000000616263', 'hex'),
      zstdStored(tar.subarray(5000)),
    ]),
    'zstd',
  ],
}
for (const [what, [bytes, compression]] of Object.entries(stored)) {
  test(`reads ${what}`, async () => {
    for (const offset of [0, 1000]) {
      const facts = await read(bytes, compression, offset)
      assert.equal(facts.faults, [])
      assert.is(facts.digest, digestOf(bytes))
      assert.is(facts.diffId, diffId)
      assert.is(facts.unpacked, tar.length)
      // Firmware is for another processor than the image's.
      assert.equal(facts.machines, [{ machine: { architecture: 'arm64' }, files: ['bin/hello'], more: 0 }])
    }
  })
}

testWith(test, missingTool('zstd'), 'reads what zstd writes, also with a long window', async () => {
  const file = path.join(temporaryDirectory(), 'layer.tar')
  writeFileSync(file, tar)
  for (const level of ['-1', '-19', '--ultra -22 --long=27']) {
    const bytes = execFileSync('zstd', ['-q', '-c', ...level.split(' '), file])
    const facts = await read(bytes, 'zstd')
    assert.equal([facts.faults, facts.diffId], [[], diffId], level)
  }
})

const gzip = gzipSync(tar)
const zstd = zstdStored(tar)
const broken: Record<string, [bytes: Uint8Array, compression: Compression, fault: RegExp]> = {
  'gzip that is cut off': [gzip.subarray(0, -9), 'gzip', /^layer-compression unexpected end of file/],
  'gzip with zeros behind it': [
    Buffer.concat([gzip, Buffer.alloc(300_000)]),
    'gzip',
    /^layer-compression 300000 bytes/,
  ],
  'gzip with a text behind it': [
    Buffer.concat([gzip, Buffer.from('more')]),
    'gzip',
    /^layer-compression bytes that are not gzip after the end of the compressed stream$/,
  ],
  'gzip that is a plain tar': [tar, 'gzip', /^layer-compression a plain tar$/],
  'gzip that is zstd': [zstd, 'gzip', /^layer-compression a zstd stream$/],
  'gzip that is a text': [Buffer.from('hello'), 'gzip', /^layer-compression neither .* it begins with 68656c6c$/],
  'gzip of no bytes': [Buffer.alloc(0), 'gzip', /^layer-compression no bytes$/],
  'zstd that is a plain tar': [tar, 'zstd', /^layer-compression a plain tar$/],
  'zstd that is cut off': [zstd.subarray(0, -9), 'zstd', /^layer-compression unexpected end of file/],
  'zstd with a text behind it': [
    Buffer.concat([zstd, Buffer.from('some more')]),
    'zstd',
    /^layer-compression corrupt, or/,
  ],
  'zstd that is gzip': [gzip, 'zstd', /^layer-compression a gzip stream$/],
  'a plain tar that is gzip': [gzip, 'none', /^layer-compression a gzip stream/],
  'a plain tar that is zstd': [zstd, 'none', /^layer-compression a zstd stream/],
  'gzip of gzip': [gzipSync(gzip), 'gzip', /^layer-compression a gzip stream/],
  'gzip of a text': [gzipSync(Buffer.from('text'.repeat(300))), 'gzip', /^layer-malformed no tar header at byte 0/],
  'a tar that is cut off': [tar.subarray(0, 50_000), 'none', /^layer-malformed cut off at byte 50000/],
}
for (const [what, [bytes, compression, expected]] of Object.entries(broken)) {
  test(`tells of ${what}, and hashes all of it`, async () => {
    const facts = await read(bytes, compression)
    assert.is(facts.faults.length, 1)
    assert.match(facts.faults.map(({ code, found }) => `${code} ${found}`)[0]!, expected)
    assert.is(facts.digest, digestOf(bytes))
  })
}

test('ten faults of one layer are told, and the rest counted', async () => {
  const facts = await read(tarOfEntries(Array.from({ length: 25 }, (_, index) => ({ name: `../${index}` }))), 'none')
  assert.is(facts.faults.length, 10)
  assert.equal(facts.moreFaults, { 'layer-entry-escapes': 15 })
})

test('stops unpacking what grows beyond all measure, and still hashes all of it', async () => {
  const size = 64 * 1024 ** 2
  const zeros = gzipSync(Buffer.alloc(size))
  const header = tarOfEntries([{ name: 'zeros', size: '0', pax: { size: String(40 * size) } }]).subarray(0, -1024)
  const bomb = Buffer.concat([gzipSync(header), ...Array.from({ length: 40 }, () => zeros)])
  const facts = await read(bomb, 'gzip')
  assert.equal(
    facts.faults.map(({ code }) => code),
    ['layer-too-large'],
  )
  assert.ok(facts.unpacked <= unpackedLimit(bomb.length) + 1024 ** 2)
  assert.ok(facts.unpacked < 40 * size)
  assert.is(facts.digest, digestOf(bomb))
  assert.is(facts.diffId, undefined)
})

test('finds any byte of a layer that is changed, or cut off', async () => {
  const small = tarOfEntries([{ name: 'bin/hello', content: elfs.amd64 }])
  const good = { none: small, gzip: gzipSync(small), zstd: zstdStored(small) }
  const file = path.join(temporaryDirectory(), 'layer')
  const change = fc.tuple(fc.constantFrom('none', 'gzip', 'zstd'), fc.nat(), fc.integer({ min: 1, max: 255 }), fc.nat())
  await fc.assert(
    fc.asyncProperty(change, async ([kind, position, mask, length]) => {
      const whole = good[kind]
      const bytes = Buffer.from(length % 3 === 0 ? whole.subarray(0, length % whole.length) : whole)
      if (bytes.length > 0) bytes[position % bytes.length]! ^= mask
      writeFileSync(file, bytes)
      const digest = parseDigest(digestOf(whole))!
      const range = { file, offset: 0, size: bytes.length }
      const facts = await readLayer({ range, digest, compression: kind, diffId: parseDigest(digestOf(small))! })
      assert.is(facts.digest, digestOf(bytes))
      assert.ok(facts.digest !== digest)
    }),
    { numRuns: 500 },
  )
})

test.run()
