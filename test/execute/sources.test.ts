import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readSources, type SourceFiles } from '../../src/execute/sources.js'
import { temporaryDirectory } from '../rig/temp.js'

const test = suite('sources')

function tree(files: Record<string, string>): string {
  const root = temporaryDirectory()
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true })
    writeFileSync(path.join(root, name), content)
  }
  return root
}

async function read(root: string, ...patterns: string[]): Promise<SourceFiles> {
  const sources = await readSources(root, patterns)
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

test.run()
