import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { verifyLayout } from '../../../src/oci/verify/verify.js'
import { buildLayout, type BuiltLayout } from '../../rig/layout-builder.js'
import { temporaryDirectory } from '../../rig/temp.js'
import { missingTool, testWith } from '../../rig/tools.js'
import { describeProblems, valueOf } from '../merge-layouts.js'

const test = suite('strays')

async function strict(location: string): Promise<string[]> {
  return describeProblems(valueOf(await verifyLayout(location, { strict: true })).problems)
}

/** With an unneeded blob, a name that is no digest, a file at the top, links and a pipe. */
function buildStray(): BuiltLayout {
  const built = buildLayout({ entries: [{}, { architecture: 'arm64' }] }, { garbage: 1 })
  writeFileSync(path.join(built.directory, 'blobs/sha256/ABC'), '')
  mkdirSync(path.join(built.directory, '.umoci-123/deep'), { recursive: true })
  writeFileSync(path.join(built.directory, '.umoci-123/deep/part'), '')
  writeFileSync(path.join(built.directory, 'manifest.json'), '[]')
  symlinkSync('.', path.join(built.directory, 'loop'))
  return built
}
test('a good layout has none', async () => {
  assert.equal(await strict(buildLayout({ entries: [{}, { architecture: 'arm64' }] }).directory), [])
})

test('are tolerated as a rule, and told when they are looked for', async () => {
  const { directory } = buildStray()
  assert.equal(valueOf(await verifyLayout(directory)).problems, [])
  const found = await strict(directory)
  assert.match(found[0]!, /^blob-unreferenced blobs\/sha256\/[0-9a-f]{64}$/)
  assert.equal(found.slice(1), [
    'file-unknown .umoci-123/deep/part',
    'file-unknown blobs/sha256/ABC',
    'file-unknown loop',
    'file-unknown manifest.json',
  ])
})

testWith(test, missingTool('tar'), 'are told of archives too, also what lies beside the layout', async () => {
  const { directory } = buildStray()
  const parent = path.dirname(directory)
  writeFileSync(path.join(parent, `${path.basename(directory)}.txt`), '')
  const file = path.join(temporaryDirectory(), 'image.tar')
  const name = path.basename(directory)
  execFileSync('tar', ['-C', parent, '-cf', file, name, `${name}.txt`])
  const found = await strict(file)
  assert.equal(
    found
      .slice(1)
      .map((problem) => problem.replace(name, 'LAYOUT'))
      .toSorted(),
    [
      'file-unknown .umoci-123/deep/part',
      'file-unknown LAYOUT.txt',
      'file-unknown blobs/sha256/ABC',
      'file-unknown loop',
      'file-unknown manifest.json',
    ],
  )
})

test('blobs are not told as long as nobody knows which are needed', async () => {
  const built = buildStray()
  rmSync(built.file(built.images[0]!.digest))
  const found = await strict(built.directory)
  assert.ok(found.some((problem) => problem.startsWith('blob-missing')))
  assert.not(found.some((problem) => problem.startsWith('blob-unreferenced')))
})

test('twenty of a kind are named, and the rest counted', async () => {
  const { directory } = buildLayout({}, { garbage: 30 })
  const { problems } = valueOf(await verifyLayout(directory, { strict: true }))
  assert.is(problems.length, 21)
  assert.is(problems.at(-1)!.found, '10 more')
})

test('nothing is read through a link that leads out, but a blob', async () => {
  const secret = path.join(temporaryDirectory(), 'secret')
  writeFileSync(secret, '{"imageLayoutVersion":"the secret"}')
  for (const name of ['index.json', 'oci-layout']) {
    const { directory } = buildLayout({})
    rmSync(path.join(directory, name))
    symlinkSync(secret, path.join(directory, name))
    const verified = await verifyLayout(directory)
    assert.not(verified.ok)
    const text = JSON.stringify(verified)
    assert.match(text, /is a link to .*secret, outside of the layout/)
    assert.not.match(text, /the secret/)
  }
  const built = buildLayout({})
  const [layer] = built.images[0]!.layers
  renameSync(built.file(layer!), secret)
  symlinkSync(secret, built.file(layer!))
  assert.equal(valueOf(await verifyLayout(built.directory)).problems, [])
  rmSync(built.file(layer!))
  symlinkSync('/proc/self/maps', built.file(layer!))
  const { problems } = valueOf(await verifyLayout(built.directory))
  assert.equal(describeProblems(problems), ['blob-unreadable index.json > manifests[0] (linux/amd64) > layers[0]'])
})

test('a whole layout may be made of links to files of the same names', async () => {
  const { directory } = buildLayout({})
  const links = temporaryDirectory()
  for (const name of ['index.json', 'oci-layout', 'blobs'])
    symlinkSync(path.join(directory, name), path.join(links, name))
  assert.equal(valueOf(await verifyLayout(links)).problems, [])
})

test.run()
