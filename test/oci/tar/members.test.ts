import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import path from 'node:path'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readTarMembers, type TarMember } from '../../../src/oci/tar/members.js'
import { tarOf } from '../../rig/layout-builder.js'
import { temporaryDirectory } from '../../rig/temp.js'
import { missingTool, testWith } from '../../rig/tools.js'

const test = suite('tar')
const noTar = missingTool('tar')
const noPython = missingTool('python3')

async function readMembers(archive: string): Promise<readonly TarMember[] | { readonly error: string }> {
  const handle = await open(archive)
  try {
    return readTarMembers(handle.fd, (await handle.stat()).size)
  } finally {
    await handle.close()
  }
}

async function readBytes(bytes: Uint8Array): Promise<readonly TarMember[] | { readonly error: string }> {
  const archive = path.join(temporaryDirectory(), 'x.tar')
  writeFileSync(archive, bytes)
  return readMembers(archive)
}

/** Name to content of the regular files. */
async function filesOf(archive: string): Promise<Record<string, string>> {
  const members = await readMembers(archive)
  if ('error' in members) throw new Error(members.error)
  const bytes = readFileSync(archive)
  const files = members.filter(({ type }) => type === 'file')
  return Object.fromEntries(
    files.map(({ name, offset, size }) => [name, bytes.toString('utf8', offset, offset + size)]),
  )
}

const names = ['short', `${'d'.repeat(60)}/${'f'.repeat(90)}`, `${'x'.repeat(120)}/${'y'.repeat(200)}`, 'ä/ö']

function filesIn(directory: string): Record<string, string> {
  const files = Object.fromEntries(names.map((name, index) => [name, `content ${index}\n`.repeat(100 * index)]))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(directory, name)), { recursive: true })
    writeFileSync(path.join(directory, name), content)
  }
  return files
}

for (const format of ['gnu', 'posix', 'ustar']) {
  testWith(test, noTar, `finds what GNU tar --format=${format} packed`, async () => {
    const [from, to] = [temporaryDirectory(), temporaryDirectory()]
    const files = filesIn(from)
    // ustar cannot hold the longest name at all.
    if (format === 'ustar') delete files[names[2]!]
    const archive = path.join(to, 'x.tar')
    execFileSync('tar', [`--format=${format}`, '-C', from, '-cf', archive, ...Object.keys(files)])
    assert.equal(await filesOf(archive), files)
  })
}

testWith(test, noTar, 'drops the "./" that `tar -c .` puts before each name', async () => {
  const [from, to] = [temporaryDirectory(), temporaryDirectory()]
  const files = filesIn(from)
  execFileSync('tar', ['-C', from, '-cf', path.join(to, 'x.tar'), '.'])
  assert.equal(await filesOf(path.join(to, 'x.tar')), files)
})

testWith(test, noTar, 'takes the times of an incremental GNU archive for no part of the name', async () => {
  const [from, to] = [temporaryDirectory(), temporaryDirectory()]
  writeFileSync(path.join(from, 'a'), 'A')
  const archive = path.join(to, 'x.tar')
  const snapshot = `--listed-incremental=${path.join(to, 'snapshot')}`
  execFileSync('tar', ['--format=gnu', snapshot, '-C', from, '-cf', archive, 'a'])
  assert.equal(await filesOf(archive), { a: 'A' })
})

testWith(test, noTar, 'lets the last of several members of one name win', async () => {
  const [from, to] = [temporaryDirectory(), temporaryDirectory()]
  const archive = path.join(to, 'x.tar')
  writeFileSync(path.join(from, 'a'), 'old')
  execFileSync('tar', ['-C', from, '-cf', archive, 'a'])
  writeFileSync(path.join(from, 'a'), 'new')
  execFileSync('tar', ['-C', from, '-rf', archive, 'a'])
  assert.equal(await filesOf(archive), { a: 'new' })
})

for (const format of ['PAX_FORMAT', 'GNU_FORMAT']) {
  testWith(test, noPython, `finds what Python packed with ${format}, and tells links from files`, async () => {
    const archive = path.join(temporaryDirectory(), 'x.tar')
    const script = [
      'import io, sys, tarfile',
      `with tarfile.open(sys.argv[1], "w", format=tarfile.${format}) as tar:`,
      '  for name in sys.argv[2:]:',
      '    info = tarfile.TarInfo(name); info.size = 3; info.mtime = 1.5; info.uid = 2 ** 22',
      '    tar.addfile(info, io.BytesIO(b"abc"))',
      '  for name, kind in (("sym", tarfile.SYMTYPE), ("hard", tarfile.LNKTYPE), ("d", tarfile.DIRTYPE), ("p", tarfile.FIFOTYPE)):',
      '    info = tarfile.TarInfo(name); info.type = kind; info.linkname = "short"; tar.addfile(info)',
    ].join('\n')
    execFileSync('python3', ['-c', script, archive, ...names])
    assert.equal(await filesOf(archive), Object.fromEntries([...names, 'hard'].map((name) => [name, 'abc'])))
    const members = (await readMembers(archive)) as TarMember[]
    const types = Object.fromEntries(members.slice(-4).map(({ name, type }) => [name, type]))
    assert.equal(types, { sym: 'link', hard: 'file', d: 'directory', p: 'other' })
  })
}

for (const format of ['gnu', 'posix']) {
  testWith(test, noTar, `does not take a sparse file of GNU tar --format=${format} for what it is not`, async () => {
    const from = temporaryDirectory()
    writeFileSync(path.join(from, 'hole'), 'begin')
    truncateSync(path.join(from, 'hole'), 10_000_000)
    const archive = path.join(temporaryDirectory(), 'x.tar')
    execFileSync('tar', [`--format=${format}`, '--sparse', '-C', from, '-cf', archive, 'hole'])
    assert.equal(await readMembers(archive), {
      error: '"hole" is packed as a sparse file',
      next: 'make the archive again without --sparse (tar -cf)',
    })
  })
}

for (const format of ['PAX_FORMAT', 'GNU_FORMAT']) {
  testWith(test, noPython, `reads the size of a member above 8 GiB in ${format}`, async () => {
    const archive = path.join(temporaryDirectory(), 'x.tar')
    const script = [
      'import sys, tarfile',
      'with open(sys.argv[1], "wb") as file:',
      '  info = tarfile.TarInfo("large"); info.size = 9 * 2 ** 30',
      `  file.write(info.tobuf(tarfile.${format})); file.seek(info.size, 1)`,
      `  file.write(tarfile.TarInfo("behind").tobuf(tarfile.${format}) + bytes(1024))`,
    ].join('\n')
    execFileSync('python3', ['-c', script, archive])
    const members = (await readMembers(archive)) as TarMember[]
    assert.equal(
      members.map(({ name, size }) => [name, size]),
      [
        ['large', 9 * 2 ** 30],
        ['behind', 0],
      ],
    )
  })
}

/** An extended header of the given type before a small file. */
function extended(type: string, content: string): Buffer {
  const bytes = tarOf({ extension: content, file: 'x' })
  bytes.write(type, 156)
  bytes.write('        ', 148)
  const sum = bytes.subarray(0, 512).reduce((total, byte) => total + byte, 0)
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return bytes
}

const whole = tarOf({ a: 'A'.repeat(700), b: 'B' })
const broken: Record<string, [bytes: Uint8Array, reason: RegExp]> = {
  'an empty file': [Buffer.alloc(0), /no tar header at byte 0/],
  'a file shorter than a header': [whole.subarray(0, 300), /no tar header at byte 0/],
  text: [Buffer.from('# not a tar\n'.repeat(100)), /no tar header at byte 0/],
  gzip: [Buffer.concat([Buffer.from([0x1f, 0x8b, 8]), Buffer.alloc(2000, 7)]), /no tar header at byte 0/],
  'an archive cut off in a member': [whole.subarray(0, 1000), /member at byte 0 claims 700 bytes/],
  'garbage behind a member': [
    Buffer.concat([whole.subarray(0, 1536), Buffer.alloc(512, 9)]),
    /no tar header at byte 1536/,
  ],
  'a PAX record without a length': [extended('x', 'path=a\n'), /malformed extended header at byte 512/],
  'a PAX record of length 0': [extended('x', '8 a=bc\n\n0 c=d\n'), /malformed extended header/],
  'a PAX record longer than its header': [extended('x', '99 path=a\n'), /malformed extended header/],
  'a PAX record without its newline': [extended('x', '9 path=abc'), /malformed extended header/],
  'a PAX size that is no number': [extended('x', '11 size=-1\n'), /no size in the header at byte 1024/],
  'a PAX size above the archive': [extended('x', '17 size=99999999\n'), /claims 99999999 bytes/],
  'an extended header above 1 MiB': [extended('L', 'x'.repeat(2 ** 20 + 1)), /extended header of 1048577 bytes/],
}
for (const [what, [bytes, reason]] of Object.entries(broken)) {
  test(`refuses ${what}`, async () => {
    const result = await readBytes(bytes)
    assert.ok('error' in result, JSON.stringify(result))
    assert.match(result.error, reason)
  })
}

test('reads an archive whose closing blocks are missing, and an empty one', async () => {
  const members = (await readBytes(whole.subarray(0, -1024))) as TarMember[]
  assert.equal(
    members.map(({ name }) => name),
    ['a', 'b'],
  )
  assert.equal(await readBytes(Buffer.alloc(10_240)), [])
  const [only] = (await readBytes(extended('x', ''))) as TarMember[]
  assert.is(only?.name, 'file')
})

test('is not slow on a name of slashes or records of one byte', async () => {
  const slashes = `/`.repeat(500_000)
  assert.is(((await readBytes(extended('L', `${slashes}a`))) as TarMember[])[0]?.name, `${slashes}a`)
  assert.is(((await readBytes(extended('L', `a${slashes}`))) as TarMember[])[0]?.name, 'a')
  assert.is(((await readBytes(extended('L', `${'./'.repeat(400_000)}a`))) as TarMember[])[0]?.name, 'a')
  assert.ok('error' in (await readBytes(extended('x', `${'1\n'.repeat(500_000)} `))))
})

test('never throws, and never tells of bytes beyond the end, whatever is changed', async () => {
  const archive = Buffer.concat([extended('x', '22 path=some/long/name\n'), tarOf({ a: 'A', b: 'B'.repeat(600) })])
  const change = fc.tuple(fc.nat(archive.length - 1), fc.nat(255))
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 8 }), fc.nat(archive.length), async (changes, length) => {
      const bytes = Buffer.from(archive)
      for (const [position, value] of changes) bytes[position] = value
      const members = await readBytes(bytes.subarray(0, length))
      if ('error' in members) return
      for (const { offset, size } of members) assert.ok(size >= 0 && offset + size <= length)
    }),
    { numRuns: 300 },
  )
})

test.run()
