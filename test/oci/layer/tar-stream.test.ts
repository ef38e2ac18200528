import { execFileSync } from 'node:child_process'
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { TarStream } from '../../../src/oci/layer/tar-stream.js'
import { tarOfEntries, type TarEntryDescription } from '../../rig/tar-builder.js'
import { temporaryDirectory } from '../../rig/temp.js'
import { missingTool, testWith } from '../../rig/tools.js'

const test = suite('tar-stream')

interface Read {
  readonly entries: readonly string[]
  readonly fault: string | undefined
}

/** `type name -> target: content`, of what comes in pieces. */
function read(bytes: Uint8Array, piece = bytes.length || 1): Read {
  const entries: string[] = []
  const tar = new TarStream(({ name, type, target }) => {
    const parts: Buffer[] = []
    return {
      read: (content) => void parts.push(Buffer.from(content)),
      end: () => {
        const link = target === '' ? '' : ` -> ${target}`
        entries.push(`${type} ${name}${link}: ${Buffer.concat(parts).toString()}`)
      },
    }
  })
  for (let at = 0; at < bytes.length; at += piece) tar.push(bytes.subarray(at, at + piece))
  return { entries, fault: tar.end() }
}

const long = 'a-directory-with-a-long-name/'.repeat(8)
const all: readonly TarEntryDescription[] = [
  { name: './', type: '5' },
  { name: './etc/hostname', content: 'box\n' },
  { name: 'etc/link', type: '2', target: 'hostname' },
  { name: 'etc/hard', type: '1', target: 'etc/hostname', size: 4 },
  { name: 'dev/null', type: '3' },
  { name: 'dev/pipe', type: '6' },
  { name: 'short', content: 'long name', pax: { path: `${long}ä`, size: '9' }, size: '00000000000' },
  { name: 'short', type: '2', pax: { linkpath: `${long}target` } },
  { name: 'short', content: 'gnu', gnu: { name: `${long}gnu` } },
  { name: 'short', type: '2', gnu: { target: `${long}gnu` } },
  { name: 'etc/.wh.gone' },
  { name: 'var/.wh..wh..opq' },
  { name: 'block', content: 'x'.repeat(512) },
  { name: 'two', content: 'y'.repeat(513) },
]
const expected = [
  'directory ./: ',
  'file ./etc/hostname: box\n',
  'symbolic-link etc/link -> hostname: ',
  'hard-link etc/hard -> etc/hostname: ',
  'device dev/null: ',
  'fifo dev/pipe: ',
  `file ${long}ä: long name`,
  `symbolic-link short -> ${long}target: `,
  `file ${long}gnu: gnu`,
  `symbolic-link short -> ${long}gnu: `,
  'file etc/.wh.gone: ',
  'file var/.wh..wh..opq: ',
  `file block: ${'x'.repeat(512)}`,
  `file two: ${'y'.repeat(513)}`,
]
const whole = tarOfEntries(all)

test('tells every kind of entry, in pieces of any size', () => {
  for (const piece of [whole.length, 1, 7, 100, 511, 512, 513, 4096]) {
    assert.equal(read(whole, piece), { entries: expected, fault: undefined }, `pieces of ${piece}`)
  }
})

test('names of ustar have a prefix, those of GNU have times there', () => {
  const ustar = tarOfEntries([{ name: 'name', edit: (header) => void header.write('some/prefix', 345) }])
  assert.equal(read(ustar).entries, ['file some/prefix/name: '])
  const gnu = tarOfEntries([
    {
      name: 'name',
      edit: (header) => {
        header.write('ustar  \0', 257)
        header.write('14572104530', 345)
      },
    },
  ])
  assert.equal(read(gnu).entries, ['file name: '])
})

test("GNU's old sparse files have blocks of a map before their content", () => {
  const map = Buffer.alloc(512)
  const edit = (header: Buffer): void => void (header[482] = 1)
  const sparse = tarOfEntries([{ name: 'sparse', type: 'S', content: 'data', edit }, { name: 'next' }])
  const bytes = Buffer.concat([sparse.subarray(0, 512), map, sparse.subarray(512)])
  assert.equal(read(bytes), { entries: ['file sparse: data', 'file next: '], fault: undefined })
})

test('nothing, zeros alone and a missing end are taken, as readers take them', () => {
  assert.equal(read(Buffer.alloc(0)), { entries: [], fault: undefined })
  assert.equal(read(Buffer.alloc(10_240)), { entries: [], fault: undefined })
  assert.is(read(whole.subarray(0, -1024)).fault, undefined)
  assert.is(read(whole.subarray(0, -512)).fault, undefined)
  assert.is(read(Buffer.concat([whole, Buffer.from('what stands behind the end is nobody’s')])).fault, undefined)
})

const second = tarOfEntries([{ name: 'a' }, { name: 'b', content: 'content' }])
const faults: Record<string, [bytes: Buffer, fault: RegExp]> = {
  text: [Buffer.from('hello '.repeat(200)), /^no tar header at byte 0$/],
  'a header that is changed': [
    Buffer.concat([second.subarray(0, 512), Buffer.from('x'), second.subarray(513)]),
    /^no tar header at byte 512$/,
  ],
  'an end in a header': [second.subarray(0, 700), /^cut off at byte 700$/],
  'an end in a content': [second.subarray(0, 1026), /^cut off at byte 1026$/],
  'an end behind an extended header': [
    tarOfEntries([{ name: 'x', type: 'x', content: '9 a=bcd\n' }]).subarray(0, 512),
    /^cut off/,
  ],
  'one block of zeros in the middle': [
    Buffer.concat([second.subarray(0, 512), Buffer.alloc(512), second.subarray(512)]),
    /^one block of zeros before byte 1024/,
  ],
  'a size that is no number': [tarOfEntries([{ name: 'a', size: '9z' }]), /^no size in the header at byte 0$/],
  'a negative size': [
    tarOfEntries([{ name: 'a', edit: (header) => void header.fill(0xff, 124, 136) }]),
    /^no size in the header at byte 0$/,
  ],
  'a PAX size that is no number': [tarOfEntries([{ name: 'a', pax: { size: '-1' } }]), /^no size in the header/],
  'PAX records that are none': [
    tarOfEntries([{ name: 'x', type: 'x', content: '99 path=a\n' }, { name: 'a' }]),
    /^a malformed extended header/,
  ],
  'an extended header of 2 MiB': [
    tarOfEntries([{ name: 'x', type: 'x', size: 2 * 1024 * 1024 }]),
    /^an extended header of 2097152 bytes at byte 0$/,
  ],
}
for (const [what, [bytes, fault]] of Object.entries(faults)) {
  test(`tells of ${what}`, () => {
    for (const piece of [bytes.length, 100]) assert.match(read(bytes, piece).fault ?? 'nothing', fault)
  })
}

testWith(test, missingTool('tar'), 'reads what GNU tar writes, in each of its formats', () => {
  const directory = temporaryDirectory()
  mkdirSync(path.join(directory, long), { recursive: true })
  writeFileSync(path.join(directory, long, 'file'), 'content')
  symlinkSync(`${long}file`, path.join(directory, 'link'))
  linkSync(path.join(directory, long, 'file'), path.join(directory, 'zhard'))
  const link = `symbolic-link link -> ${long}file: `
  const content = `file ${long}file: content`
  const hard = `hard-link zhard -> ${long}file: `
  // A ustar has no room for the names of such links.
  for (const [format, expectedEntries] of Object.entries({
    gnu: [link, content, hard],
    pax: [link, content, hard],
    ustar: [content],
  })) {
    const links = (name: string): string[] => (format === 'ustar' ? [] : [name])
    const args = ['--format', format, '--no-recursion', '-C', directory, '-cf', '-']
    const bytes = execFileSync('tar', [...args, ...links('link'), `${long}file`, ...links('zhard')])
    assert.equal(read(bytes, 1000), { entries: expectedEntries, fault: undefined })
  }
})

test('never throws, and reads the same in pieces of any size, whatever stands in the tar', () => {
  const change = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 })
  fc.assert(
    fc.property(change, fc.nat(whole.length), fc.integer({ min: 1, max: 2000 }), (changes, length, piece) => {
      const bytes = Buffer.from(whole.subarray(0, length))
      for (const [at, value] of changes) if (at < length) bytes[at] = value
      assert.equal(read(bytes, piece), read(bytes))
    }),
    { numRuns: 1000 },
  )
})

test.run()
