import { execFileSync } from 'node:child_process'
import { chmodSync, lstatSync, mkdirSync, renameSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SourceCache } from '../../../src/execute/state/source-cache.js'
import { readSources, type SourceFiles } from '../../../src/execute/state/sources.js'
import { temporaryDirectory } from '../../rig/temp.js'

const test = suite('sources')

function tree(files: Record<string, string>): string {
  const root = temporaryDirectory()
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true })
    writeFileSync(path.join(root, name), content)
  }
  return root
}

function cacheOf(root: string): SourceCache {
  return new SourceCache(path.join(root, '.mab/sources.json'), false)
}

async function read(root: string, ...patterns: string[]): Promise<SourceFiles> {
  const sources = await readSources(root, patterns, cacheOf(root))
  assert.ok(sources.ok)
  return sources.value
}

test('holds the files that the patterns match and the exclusions leave, in order', async () => {
  const root = tree({ 'b.bb': '1', 'a/c.bb': '2', 'a/d.inc': '3', 'a/.hidden.bb': '4', 'tmp/x.bb': '5' })
  const { files, empty } = await read(root, '**/*.bb', '!tmp/**', '**/*.bbclass')
  assert.equal(Object.keys(files), ['a/.hidden.bb', 'a/c.bb', 'b.bb'])
  assert.equal(empty, ['**/*.bbclass'])
})

test('the content decides, not the time', async () => {
  const root = tree({ 'a.bb': 'one' })
  const before = await read(root, '*.bb')
  utimesSync(path.join(root, 'a.bb'), 1, 1)
  assert.equal(await read(root, '*.bb'), before)
  writeFileSync(path.join(root, 'a.bb'), 'two')
  assert.not.equal(await read(root, '*.bb'), before)
  writeFileSync(path.join(root, 'a.bb'), 'one')
  assert.equal(await read(root, '*.bb'), before)
})

test('a link counts as what it points to and as where it points', async () => {
  const root = tree({ 'one.txt': 'same', 'two.txt': 'same' })
  symlinkSync('one.txt', path.join(root, 'link.bb'))
  symlinkSync('nowhere', path.join(root, 'dangling.bb'))
  const before = await read(root, '*.bb')
  assert.equal(Object.keys(before.files), ['dangling.bb', 'link.bb'])
  writeFileSync(path.join(root, 'one.txt'), 'other')
  const after = await read(root, '*.bb')
  assert.is(after.files['dangling.bb'], before.files['dangling.bb'])
  assert.is.not(after.files['link.bb'], before.files['link.bb'])
})

test('a file that can be run is another than one that cannot; other modes make no difference', async () => {
  const root = tree({ 'run.sh': 'same' })
  const before = await read(root, '*')
  chmodSync(path.join(root, 'run.sh'), 0o600)
  assert.equal((await read(root, '*')).files, before.files)
  chmodSync(path.join(root, 'run.sh'), 0o755)
  assert.not.equal((await read(root, '*')).files, before.files)
})

test('links that lead round are followed once', async () => {
  const root = tree({ 'a/x.bb': '1', 'b/y.bb': '2' })
  symlinkSync('..', path.join(root, 'a/up'))
  symlinkSync('../a', path.join(root, 'b/over'))
  symlinkSync('circle.bb', path.join(root, 'circle.bb'))
  const names = Object.keys((await read(root, '**/*.bb')).files)
  assert.equal(names, ['a/x.bb', 'b/over/x.bb', 'b/y.bb', 'circle.bb'])
})

test('layers next to the project are sources, and a project that moves with them has the same', async () => {
  const parent = tree({
    'my [project] (1)/a.bb': '1',
    'my [project] (1)/b.bb': '2',
    'meta-x/conf/layer.conf': '3',
    'meta-x/README.md': '4',
    'meta-x/.git/index': '5',
    'meta-x/.mab/stamps.ndjson': '6',
    'meta-y/y.bb': '7',
  })
  const patterns = [
    '*.bb',
    '../meta-x/**',
    String.raw`../my \[project\] \(1\)/a.bb`,
    '!../meta-*/*.md',
    '!b.bb',
    'sub/../../meta-y/*',
  ]
  const root = path.join(parent, 'my [project] (1)')
  const before = await read(root, ...patterns)
  assert.equal(Object.keys(before.files), ['../meta-x/conf/layer.conf', '../meta-y/y.bb', 'a.bb'])
  assert.equal(before.empty, [])
  assert.ok(before.evidence.includes(path.join(parent, 'meta-x/conf/layer.conf')))
  const place = path.join(temporaryDirectory(), 'moved')
  renameSync(parent, place)
  assert.is((await read(path.join(place, 'my [project] (1)'), ...patterns)).digest, before.digest)
  writeFileSync(path.join(place, 'meta-x/conf/layer.conf'), 'other')
  assert.is.not((await read(path.join(place, 'my [project] (1)'), ...patterns)).digest, before.digest)
})

test('an absolute pattern names files that stay when the project moves, and the same files inside it', async () => {
  const layer = tree({ 'x.bb': '1', 'x.md': '2', '.git/index': '3' })
  const parent = tree({ 'project/a.bb': '4' })
  const root = path.join(parent, 'project')
  const patterns = [`${layer}/**`, `!${path.dirname(layer)}/**/*.md`, `${parent}/**`]
  const before = await read(root, ...patterns)
  assert.equal(Object.keys(before.files), [path.join(layer, 'x.bb'), 'a.bb'])
  const moved = path.join(temporaryDirectory(), 'moved')
  renameSync(root, moved)
  const after = await read(moved, ...patterns.slice(0, 2), '*')
  assert.is(after.digest, before.digest)
})

test('a link from a layer outside to a directory above it is not followed round', async () => {
  const parent = tree({ 'project/a.bb': '1', 'layer/x.bb': '2' })
  symlinkSync('..', path.join(parent, 'layer/up'))
  const { files } = await read(path.join(parent, 'project'), '../layer/**')
  assert.equal(Object.keys(files), ['../layer/x.bb'])
})

test("mab's own state, git's and Python's are not sources", async () => {
  const root = tree({
    'a.bb': '1',
    '.mab/stamps.ndjson': '',
    '.git/index': '',
    'layer/.git': 'gitdir: x',
    'layer/lib/__pycache__/oe.pyc': '',
  })
  assert.equal(Object.keys((await read(root, '**')).files), ['a.bb'])
})

test('what cannot be read is an error that names it', async () => {
  const root = tree({ 'a.bb': '1' })
  execFileSync('mkfifo', [path.join(root, 'pipe.bb')])
  const found = await readSources(root, ['*.bb'], cacheOf(root))
  assert.not.ok(found.ok)
  assert.equal(found.ok ? [] : found.problems, [
    { code: 'source-unreadable', pattern: '*.bb', path: 'pipe.bb', found: 'neither a file nor a directory' },
  ])
})

test('a file is read again when its stat differs, or when it changed too lately to tell', async () => {
  const root = tree({ 'a.bb': 'one' })
  const isKnown = (cache: SourceCache): boolean => cache.get('a.bb', lstatSync(path.join(root, 'a.bb'))) !== undefined
  const hasty = cacheOf(root)
  await readSources(root, ['*.bb'], hasty)
  assert.not.ok(isKnown(hasty))
  const cache = cacheOf(root)
  await readSources(root, ['*.bb'], cache, Date.now() + 5000)
  assert.ok(isKnown(cache))
  cache.save()
  assert.ok(isKnown(cacheOf(root)))
  utimesSync(path.join(root, 'a.bb'), 1, 1)
  assert.not.ok(isKnown(cacheOf(root)))
})

test('directories that were looked into are evidence, also those that are not there', async () => {
  const root = tree({ 'layer/a/x.bb': '1' })
  const evidence = (await read(root, 'layer/**/*.bb', 'gone/*.bb')).evidence.map((file) => path.relative(root, file))
  for (const file of ['layer', 'layer/a', 'layer/a/x.bb', 'gone']) assert.ok(evidence.includes(file), file)
})

test.run()
