import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from 'node:fs'
import { writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  errorCode,
  errorText,
  fileIdentity,
  isTemporaryName,
  statIfThere,
  temporaryName,
  writeFileAtomic,
} from '../../src/util/fs.js'
import { systemProblem } from '../../src/problem/system-problem.js'
import { temporaryDirectory } from '../rig/temp.js'

const test = suite('fs')

test('writes a file whole, with its directories, readable for everyone', async () => {
  const file = path.join(temporaryDirectory(), 'a', 'b', 'file')
  writeFileAtomic(file, 'old')
  const before = process.umask(0o077)
  try {
    writeFileAtomic(file, Buffer.from('new'))
  } finally {
    process.umask(before)
  }
  assert.is(readFileSync(file, 'utf8'), 'new')
  assert.is(statSync(file).mode & 0o777, 0o644)
  assert.equal(readdirSync(path.dirname(file)), ['file'])
})

test('puts a new file in place of the old one, and does not write into it', async () => {
  const file = path.join(temporaryDirectory(), 'file')
  writeFileSync(file, 'old')
  linkSync(file, `${file}-link`)
  writeFileAtomic(file, 'new')
  assert.is(readFileSync(`${file}-link`, 'utf8'), 'old')
})

test('leaves no temporary file where it cannot write', async () => {
  const directory = temporaryDirectory()
  mkdirSync(path.join(directory, 'file', 'inside'), { recursive: true })
  try {
    writeFileAtomic(path.join(directory, 'file'), 'x')
    assert.unreachable()
  } catch (error) {
    assert.match(errorText(error), /^(EISDIR|ENOTEMPTY): [a-z ]+$/)
  }
  assert.equal(readdirSync(directory), ['file'])
})

test('makes temporary names beside the file, which can be told from others', () => {
  const [one, two] = [temporaryName('/x/file'), temporaryName('/x/file')]
  assert.is(path.dirname(one), '/x')
  assert.is.not(one, two)
  assert.ok(isTemporaryName(one) && isTemporaryName(path.basename(one)))
  assert.not(isTemporaryName('/x/file'))
})

test('finds nothing where nothing is, also behind a file or a looping link', () => {
  const directory = temporaryDirectory()
  writeFileSync(path.join(directory, 'file'), 'x')
  symlinkSync('loop', path.join(directory, 'loop'))
  for (const name of ['nothing', 'file/inside', 'loop']) {
    assert.is(statIfThere(path.join(directory, name)), undefined)
  }
})

async function identityOf(file: string): Promise<string> {
  return fileIdentity(statIfThere(file)!)
}

/** What happens to a file, and whether its identity stays the same. */
const events: Record<string, [event: (file: string) => void, same: boolean]> = {
  nothing: [() => {}, true],
  'another hard link': [(file) => linkSync(file, `${file}-second`), false],
  'a hard link less': [(file) => rmSync(`${file}-first`), false],
  'other bytes of the same size': [(file) => writeFileSync(file, 'BBBB'), false],
  'other bytes with the old time': [
    (file) => {
      const { atime, mtime } = statSync(file)
      writeFileSync(file, 'BBBB')
      utimesSync(file, atime, mtime)
    },
    false,
  ],
  'other bytes with the old time, and another hard link': [
    (file) => {
      const { atime, mtime } = statSync(file)
      writeFileSync(file, 'BBBB')
      utimesSync(file, atime, mtime)
      linkSync(file, `${file}-second`)
    },
    false,
  ],
  'another size': [(file) => writeFileSync(file, 'longer'), false],
  'another file in its place': [
    (file) => {
      writeFileSync(`${file}-new`, 'AAAA')
      rmSync(file)
      linkSync(`${file}-new`, file)
    },
    false,
  ],
  'another mode': [(file) => chmodSync(file, 0o600), false],
}
for (const [what, [event, same]] of Object.entries(events)) {
  test(`a file has ${same ? 'the same' : 'another'} identity after ${what}`, async () => {
    const file = path.join(temporaryDirectory(), 'file')
    writeFileSync(file, 'AAAA')
    utimesSync(file, 1_000_000_000, 1_000_000_000)
    linkSync(file, `${file}-first`)
    const before = await identityOf(file)
    event(file)
    assert.is(before === (await identityOf(file)), same)
  })
}

test('gives the words of the system without the path', () => {
  assert.is(errorText(new Error("ENOENT: no such file or directory, open '/a/b'")), 'ENOENT: no such file or directory')
  assert.is(errorText(new Error("EXDEV: cross-device link, link '/a' -> '/b'")), 'EXDEV: cross-device link')
  assert.is(errorText('text'), 'text')
})

test('a quota that is exceeded is named, though Node has no name for it', () => {
  const error = Object.assign(new Error('UNKNOWN: unknown error, write'), {
    code: 'UNKNOWN',
    errno: -constants.errno.EDQUOT,
    syscall: 'write',
  })
  assert.is(errorCode(error), 'EDQUOT')
  const problem = systemProblem(error)
  assert.is(problem?.code === 'file-system' && problem.found, 'disk quota exceeded (EDQUOT)')
})

test("permission denied below another user's directory names the directory and the user", () => {
  const denied = (file: string): Error =>
    Object.assign(new Error('EACCES: x'), { code: 'EACCES', syscall: 'open', path: file })
  const own = temporaryDirectory()
  const ownerOf = (file: string): unknown => {
    const problem = systemProblem(denied(file))
    return problem?.code === 'file-system' ? problem.owner : problem
  }
  assert.is(ownerOf(path.join(own, 'lock')), undefined)
  const isRoot = process.geteuid?.() === 0
  if (isRoot) chownSync(own, 4711, 4711)
  const other = isRoot ? { place: own, uid: 4711 } : { place: '/', uid: 0 }
  assert.equal(ownerOf(path.join(other.place, 'not-there/lock')), other)
})

test.run()
