import { readFileSync, rmSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { reachableDigests } from '../../../src/oci/read/reachable.js'
import { buildLayout, flipByte, type BuiltLayout, type IndexDescription } from '../../rig/layout-builder.js'
import { open } from '../merge-layouts.js'

const test = suite('reachable')

async function reachedIn(built: BuiltLayout): Promise<readonly string[] | undefined> {
  const reached = reachableDigests(await open(built.directory))
  return reached && [...reached].toSorted()
}

const two: IndexDescription = { entries: [{ layers: ['shared', 'a'] }, { architecture: 'arm64', layers: ['shared'] }] }

test('reaches all of an image, and no garbage', async () => {
  const built = buildLayout([two, { reference: 'other', docker: true, algorithm: 'sha512' }], { garbage: 4 })
  assert.equal(await reachedIn(built), built.reachable)
  assert.equal(await reachedIn(buildLayout({}, { edit: (index) => (index['manifests'] = null) })), [])
})

test('reaches blobs that are not there, and does not read layers', async () => {
  const built = buildLayout(two)
  rmSync(built.file(built.images[0]!.config))
  flipByte(built.file(built.images[1]!.layers[0]!))
  assert.equal(await reachedIn(built), built.reachable)
})

test('follows a manifest whose bytes are also a layer of another image', async () => {
  const first = buildLayout({ reference: 'a' })
  const manifest = readFileSync(first.file(first.images[0]!.digest))
  const built = buildLayout([{ architecture: 'arm64', layers: [manifest] }, { reference: 'a' }])
  assert.equal(await reachedIn(built), built.reachable)
})

const unknown: Record<string, (built: BuiltLayout) => void> = {
  'a manifest is missing': (built) => rmSync(built.file(built.images[1]!.digest)),
  'a manifest is damaged': (built) => flipByte(built.file(built.images[1]!.digest)),
  'an index is damaged': (built) => flipByte(built.file(built.indexes[0]!)),
}
for (const [what, damage] of Object.entries(unknown)) {
  test(`says that it cannot know when ${what}`, async () => {
    const built = buildLayout(two)
    damage(built)
    assert.is(await reachedIn(built), undefined)
  })
}

test('says that it cannot know when a digest is none', async () => {
  const built = buildLayout({ editManifest: (manifest) => (manifest['layers'][0].digest = 'sha256:../x') })
  assert.is(await reachedIn(built), undefined)
})

test('gives up on indexes deeper than any reader takes', async () => {
  let entry = two
  for (let level = 0; level < 6; level++) entry = { entries: [entry] }
  assert.is(await reachedIn(buildLayout(entry)), undefined)
})

test.run()
