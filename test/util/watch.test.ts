import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isUnchanged, watch, type ToWatch, type Watched } from '../../src/util/watch.js'
import { temporaryDirectory } from '../rig/temp.js'

const test = suite('start/watch')

/** Late enough that what is there has changed long ago. */
const later = Date.now() + 60_000

function tree(): { root: string; at: (name: string) => string } {
  const root = temporaryDirectory()
  const at = (name: string): string => path.join(root, name)
  mkdirSync(at('directory'))
  writeFileSync(at('file'), 'one')
  writeFileSync(at('directory/inner'), 'one')
  symlinkSync('file', at('link'))
  symlinkSync('directory', at('way'))
  return { root, at }
}

function watched(root: string, what: Partial<ToWatch>, since = later): Watched {
  const found = watch(root, { leading: [], files: [], identities: [], ...what }, since)
  assert.ok(found)
  return found.watched
}

const holds = (root: string, list: Watched): boolean => isUnchanged(root, list, 0, list.paths.length)

type Change = (at: (name: string) => string) => void
const changes: Record<string, Change> = {
  'a file is written': (at) => appendFileSync(at('file'), 'x'),
  'a file is written with the same size, and its time put back': (at) => {
    const { atime, mtime } = statSync(at('file'))
    writeFileSync(at('file'), 'two')
    utimesSync(at('file'), atime, mtime)
  },
  'a file is touched': (at) => utimesSync(at('file'), 1, 1),
  'a file is gone': (at) => rmSync(at('file')),
  'another file takes its place': (at) => {
    writeFileSync(at('other'), 'one')
    renameSync(at('other'), at('file'))
  },
  'a directory takes its place': (at) => {
    rmSync(at('file'))
    mkdirSync(at('file'))
  },
  'its mode changes': (at) => chmodSync(at('file'), 0o700),
  'a link leads elsewhere': (at) => {
    rmSync(at('link'))
    symlinkSync('directory/inner', at('link'))
  },
  'a link on the way leads elsewhere': (at) => {
    mkdirSync(at('elsewhere'))
    writeFileSync(at('elsewhere/inner'), 'one')
    rmSync(at('way'))
    symlinkSync('elsewhere', at('way'))
  },
  'a file is added to a directory': (at) => writeFileSync(at('directory/new'), ''),
  'a file is removed from a directory': (at) => rmSync(at('directory/inner')),
  'what was not there appears': (at) => writeFileSync(at('absent'), ''),
}

for (const [name, change] of Object.entries(changes)) {
  test(name, () => {
    const { root, at } = tree()
    const files = ['link', 'way/inner', 'directory', 'absent', 'absent/deeper', 'file/no'].map(at)
    const list = watched(root, { files })
    assert.ok(holds(root, list))
    change(at)
    assert.not.ok(holds(root, list))
  })
}

test('a change within a tick of the clock is told by the content', () => {
  const { root, at } = tree()
  const list = watched(root, { files: [at('file'), at('directory')] }, Date.now())
  assert.is(list.contents.size, 2)
  const forged: Watched = { ...list, stats: watched(root, { files: [at('file'), at('directory')] }).stats }
  assert.ok(holds(root, forged))
  const contents = new Map(
    [...list.contents].map(([position, content]) => [position, Buffer.from(`${String(content)}x`)]),
  )
  assert.not.ok(holds(root, { ...forged, contents }))
})

test('what changed lately and is too large to keep cannot be watched; by its identity it can', () => {
  const { root, at } = tree()
  writeFileSync(at('large'), Buffer.alloc(2 * 1024 * 1024))
  const since = Date.now()
  assert.is(watch(root, { leading: [], files: [at('large')], identities: [] }, since), undefined)
  assert.ok(watch(root, { leading: [], files: [], identities: [at('large')] }, since))
})

test('several other names of watched files in one directory are watched by the directory', () => {
  const { root, at } = tree()
  for (const name of ['a', 'b']) {
    writeFileSync(at(name), name)
    linkSync(at(name), at(`directory/${name}`))
  }
  const what = { identities: [at('a'), at('b')], files: [at('directory/a'), at('directory/b')] }
  const list = watched(root, what)
  assert.equal(list.paths, ['a', 'b', 'directory'])
  appendFileSync(at('directory/a'), 'x')
  assert.not.ok(holds(root, list))
  const again = watched(root, what)
  writeFileSync(at('c'), 'b')
  renameSync(at('c'), at('directory/b'))
  assert.not.ok(holds(root, again))
})

test('the leading paths can be compared alone', () => {
  const { root, at } = tree()
  const found = watch(root, { leading: [at('link')], files: [at('directory')], identities: [] }, later)
  assert.ok(found)
  assert.equal(found.watched.paths.slice(0, found.leading), ['link', 'file'])
  writeFileSync(at('directory/new'), '')
  assert.ok(isUnchanged(root, found.watched, 0, found.leading))
})

test.run()
