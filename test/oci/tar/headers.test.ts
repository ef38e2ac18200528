/** What both readers of tars, that of archives and that of layers, must make of headers that tools write or may meet. */
import { execFileSync } from 'node:child_process'
import { closeSync, openSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { showName } from '../../../src/oci/tar/fields.js'
import { readTarMembers } from '../../../src/oci/tar/members.js'
import { TarStream } from '../../../src/oci/tar/stream.js'
import { buildLayout } from '../../rig/layout-builder.js'
import { tarOfDirectory, tarOfEntries, type TarEntryDescription } from '../../rig/tar-builder.js'
import { temporaryDirectory } from '../../rig/temp.js'
import { missingTool, testWith } from '../../rig/tools.js'
import { verifyLayout } from '../../../src/oci/verify/verify.js'
import { valueOf } from '../merge-layouts.js'

const test = suite('tar-headers')

function save(bytes: Uint8Array): string {
  const file = path.join(temporaryDirectory(), 'x.tar')
  writeFileSync(file, bytes)
  return file
}

/** By the reader of archives. */
function membersOf(bytes: Uint8Array): string[] {
  const descriptor = openSync(save(bytes), 'r')
  try {
    const members = readTarMembers(descriptor, bytes.length)
    if ('error' in members) return [members.error]
    return members.map(
      ({ name, offset, size }) => `${name}: ${Buffer.from(bytes).toString('latin1', offset, offset + size)}`,
    )
  } finally {
    closeSync(descriptor)
  }
}

/** By the reader of layers. */
function entriesOf(bytes: Uint8Array): string[] {
  const entries: string[] = []
  const tar = new TarStream(({ name, type }) => {
    // Nothing is unpacked of it.
    if (type === 'global-header') return undefined
    let content = ''
    return {
      read: (piece) => (content += Buffer.from(piece).toString('latin1')),
      skip: () => {},
      end: () => entries.push(`${name.replace(/\/$/, '')}: ${content}`),
    }
  })
  tar.push(bytes)
  const fault = tar.end()
  return fault === undefined ? entries : [fault]
}

const v7 = (header: Buffer): void => void header.fill(0, 156, 512)
const base256 = (header: Buffer): void => {
  header.fill(0, 124, 136)
  header[124] = 0x80
  header[135] = 7
}
const cases: Record<string, readonly TarEntryDescription[]> = {
  'a directory with a size': [{ name: 'before/', type: '5', size: 4096 }],
  'a directory with a size in a PAX record': [{ name: 'before/', type: '5', pax: { size: '4096' } }],
  'a directory of a v7 tar': [{ name: 'before/', edit: v7 }],
  'a symbolic link with a size': [{ name: 'before', type: '2', target: 'file', size: 4 }],
  'a hard link with a size': [{ name: 'before', type: '1', target: 'nothing', size: 4 }],
  'a device with a size': [{ name: 'before', type: '3', size: 512 }],
  'a FIFO with a size': [{ name: 'before', type: '6', size: 512 }],
  'a file of a v7 tar': [{ name: 'before', edit: v7 }],
  'a size in base 256': [{ name: 'before', content: 'content', edit: base256 }],
  'a size after NULs': [{ name: 'before', content: 'content', size: '\0\0\0\0\0\0\0\x007 \0' }],
  'a prefix': [{ name: 'before', edit: (header) => void header.write('a/prefix', 345) }],
  'a GNU long name': [{ name: 'before', gnu: { name: `${'long/'.repeat(50)}before` } }],
  'a global PAX header': [{ name: 'g', type: 'g', content: '18 comment=commit\n' }, { name: 'before' }],
}
/** GNU tar skips a content of these, and takes no NUL before digits. Go's archive/tar, and so every engine, does as above. */
const otherThanGnu = /^a (?:symbolic link|device|FIFO|size after NULs)/
for (const [what, entries] of Object.entries(cases)) {
  const bytes = tarOfEntries([...entries, { name: 'file', content: 'text' }])
  test(`${what}: both readers find the same`, () => {
    const entry = entries.at(-1)!
    const prefix = what === 'a prefix' ? 'a/prefix/' : ''
    const name = `${prefix}${entry.gnu?.name ?? entry.name}`.replace(/\/$/, '')
    const expected = [`${name}: ${String(entry.content ?? '')}`, 'file: text']
    assert.equal(membersOf(bytes), expected)
    assert.equal(entriesOf(bytes), expected)
  })
  if (otherThanGnu.test(what)) continue
  testWith(test, missingTool('tar'), `${what}: GNU tar finds the same names`, () => {
    const listed = execFileSync('tar', ['-tf', save(bytes)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    const names = entriesOf(bytes).map((entry) => entry.slice(0, entry.indexOf(':')))
    assert.equal(
      listed
        .split('\n')
        .slice(0, -1)
        .map((name) => name.replace(/\/$/, '')),
      names,
    )
  })
}

const headerOf =
  (...fields: readonly (readonly [number, string])[]) =>
  (header: Buffer): void => {
    for (const [offset, text] of fields) header.write(text, offset)
  }
const gnu = [257, 'ustar  \0'] as const
/** Headers that could hide a file from a reader that takes them differently than Go's archive/tar does. */
const asGo: Record<string, [entry: TarEntryDescription, expected: string]> = {
  'the GNU long name, next to a PAX path': [
    { name: 'a', pax: { path: 'usr/share/a' }, gnu: { name: 'usr/bin/a' }, content: 'x' },
    'usr/bin/a: x',
  ],
  'the plain name, next to an empty GNU long name': [{ name: 'a', gnu: { name: '' }, content: 'x' }, 'a: x'],
  'the plain name of an unknown sparse version': [
    {
      name: 'a',
      pax: {
        'GNU.sparse.major': '2',
        'GNU.sparse.minor': '0',
        'GNU.sparse.name': 'b',
        'GNU.sparse.realsize': '1',
      },
      content: 'x',
    },
    'a: x',
  ],
  'the content of a sparse version without its minor number': [
    { name: 'a', pax: { 'GNU.sparse.major': '1', 'GNU.sparse.realsize': '1' }, content: 'x' },
    'a: x',
  ],
  'the plain name without a sparse map': [{ name: 'a', pax: { 'GNU.sparse.name': 'b' }, content: 'x' }, 'a: x'],
  'the prefix of star, which is shorter': [
    {
      name: 'a',
      content: 'x',
      edit: headerOf([345, 'p'.repeat(131)], [476, '00000000001 00000000001 '], [508, 'tar\0']),
    },
    `${'p'.repeat(131)}/a: x`,
  ],
  'the prefix that Go before 1.8 wrote in a header of GNU': [
    { name: 'a', content: 'x', edit: headerOf(gnu, [345, 'some/directory']) },
    'some/directory/a: x',
  ],
  'no prefix where a header of GNU has times': [
    { name: 'a', content: 'x', edit: headerOf(gnu, [345, '14000000000\x0014000000000\0']) },
    'a: x',
  ],
}
for (const [what, [entry, expected]] of Object.entries(asGo)) {
  test(`both readers take ${what}`, () => {
    const bytes = tarOfEntries([entry, { name: 'file', content: 'text' }])
    const both = [expected, 'file: text']
    assert.equal([membersOf(bytes), entriesOf(bytes)], [both, both])
  })
}

test('a size in a PAX header is not the size of a global header after it', () => {
  const first = tarOfEntries([{ name: 'x', type: 'x', content: '9 size=0\n' }])
  const rest = tarOfEntries([
    { name: 'g', type: 'g', content: '18 comment=commit\n' },
    { name: 'file', content: 'text' },
  ])
  const bytes = Buffer.concat([first.subarray(0, 1024), rest])
  assert.equal([membersOf(bytes), entriesOf(bytes)], [['file: text'], ['file: text']])
})

test('names that are not UTF-8 stay different', () => {
  const latin1 = (byte: number): TarEntryDescription => ({ name: 'd/?', edit: (header) => void (header[2] = byte) })
  const names = entriesOf(tarOfEntries([latin1(0xe8), latin1(0xe9), { name: 'd/\u00e9' }]))
  assert.is(new Set(names).size, 3)
  assert.is(showName(names[1]!), 'd/\\xe9: ')
})

for (const [what, text, offset] of [
  ['a blank inside a number', '0000 44', 100],
  ["a device's number that is none", 'zzzz', 329],
] as const) {
  test(`${what} is refused by both`, () => {
    const bytes = tarOfEntries([{ name: 'a', edit: headerOf([offset, text]) }])
    const fault = ['a malformed number in the header at byte 0']
    assert.equal([membersOf(bytes), entriesOf(bytes)], [fault, fault])
  })
}

test('a negative size is refused by both', () => {
  const bytes = tarOfEntries([{ name: 'a', edit: (header) => void header.fill(0xff, 124, 136) }])
  assert.equal(
    [membersOf(bytes), entriesOf(bytes)],
    [['no size in the header at byte 0'], ['no size in the header at byte 0']],
  )
})

/** An archive of a layout whose directory entries have the size that `stat` gives for a directory. */
function archiveWithSizedDirectories(): string {
  const bytes = tarOfDirectory(buildLayout({ reference: 'latest' }).directory)
  for (let at = 0; at < bytes.length; at += 512) {
    const header = bytes.subarray(at, at + 512)
    if (header.toString('latin1', 257, 262) !== 'ustar' || header[156] !== 0x35) continue
    header.write('00000010000', 124)
    header.fill(' ', 148, 156)
    const sum = header.reduce((total, byte) => total + byte, 0)
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  }
  return save(bytes)
}

test('an archive whose directories have a size is read', async () => {
  assert.equal(valueOf(await verifyLayout(archiveWithSizedDirectories(), { deep: true })).problems, [])
})

testWith(test, missingTool('skopeo'), 'skopeo reads an archive whose directories have a size', () => {
  execFileSync('skopeo', ['inspect', '--raw', `oci-archive:${archiveWithSizedDirectories()}`])
})

test.run()
