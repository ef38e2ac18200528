import { execFileSync } from 'node:child_process'
import { closeSync, ftruncateSync, linkSync, mkdirSync, openSync, symlinkSync, writeFileSync, writeSync } from 'node:fs'
import path from 'node:path'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { TarStream } from '../../../src/oci/tar/stream.js'
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
      skip: (size) => void parts.push(Buffer.from('.'.repeat(size))),
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

const sparseFormats: Record<string, readonly string[]> = {
  "GNU's own sparse format": ['--format=gnu'],
  'sparse format 0.0': ['--format=posix', '--sparse-version=0.0'],
  'sparse format 0.1': ['--format=posix', '--sparse-version=0.1'],
  'sparse format 1.0': ['--format=posix', '--sparse-version=1.0'],
}
for (const [what, options] of Object.entries(sparseFormats)) {
  testWith(test, missingTool('tar'), `${what}: what is stored stands in its place`, () => {
    const directory = temporaryDirectory()
    const file = path.join(directory, 'holes')
    // More segments than a header of GNU's own format has.
    const content = Buffer.alloc(1_000_000)
    for (let at = 0; at < content.length; at += 100_000) content.write(`data at ${at}`, at)
    writeFileSync(file, '')
    const handle = openSync(file, 'r+')
    for (let at = 0; at < content.length; at += 100_000) writeSync(handle, content, at, 20, at)
    ftruncateSync(handle, content.length)
    closeSync(handle)
    writeFileSync(path.join(directory, 'next'), 'next')
    const bytes = execFileSync('tar', ['--sparse', ...options, '-cf-', '-C', directory, 'holes', 'next'])
    assert.ok(bytes.length < content.length, 'it is stored without its holes')
    for (const piece of [bytes.length, 7, 511, 512]) {
      const { entries, fault } = read(bytes, piece)
      assert.is(fault, undefined)
      assert.ok(entries[0]!.replaceAll('\0', '.') === `file holes: ${content.toString().replaceAll('\0', '.')}`)
      assert.is(entries[1], 'file next: next')
    }
  })
}

test('a map that goes backwards, or is none, ends the file and not the layer', () => {
  const name = 'sparse'
  const maps = ['5,5,0,5', 'x,y', '0,99999999999999999999', '']
  for (const map of maps) {
    const pax = { 'GNU.sparse.size': '10', 'GNU.sparse.map': map }
    const { entries, fault } = read(tarOfEntries([{ name, content: 'content', pax }, { name: 'next' }]))
    assert.equal([entries.length, entries.at(-1), fault], [2, 'file next: ', undefined], map)
  }
  for (const content of ['x', '99999999999999\n', '2\n0\n1\n', '-1\n', '1\nx\ny\n']) {
    const pax = { 'GNU.sparse.major': '1', 'GNU.sparse.realsize': '10' }
    const { entries, fault } = read(tarOfEntries([{ name, content, pax }, { name: 'next' }]))
    assert.equal([entries.length, entries.at(-1), fault], [2, 'file next: ', undefined], content)
  }
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
    /^a header after a single block of zeros at byte 1024$/,
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
