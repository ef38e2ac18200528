/**
 * `mab run` on real OpenEmbedded with meta-virtualization's image-oci takes the image that was deployed last. MAB_TEST_OE
 * names a directory with checkouts of one release: openembedded-core, bitbake and meta-virtualization.
 */
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { mabIn } from '../cli/fixture.js'
import { newestLayout, openEmbeddedProject } from '../rig/openembedded.js'
import { missingTool, testWith } from '../rig/tools.js'

const test = suite('OpenEmbedded')

const release = process.env['MAB_TEST_OE'] ?? ''
const missing =
  release === ''
    ? 'MAB_TEST_OE names no checkouts of OpenEmbedded'
    : process.getuid?.() === 0
      ? 'OpenEmbedded refuses root'
      : missingTool('umoci', 'jq')

interface Index {
  readonly manifests: readonly { readonly digest: string }[]
}

function digestsOf(index: string): string[] {
  const { manifests } = JSON.parse(readFileSync(index, 'utf8')) as Index
  return manifests.map(({ digest }) => digest)
}

testWith(test, missing, 'whatever decides where an image goes, the newest is taken', () => {
  const directory = openEmbeddedProject(release)
  const append = path.join(directory, 'meta-test/images/hello.bbappend')
  const output = path.join(directory, 'deploy/hello-multiarch-oci')
  const run = (state: string): void => {
    const { code, stdout, stderr } = mabIn(directory, {}, ['run', '-v'])
    assert.is(code, 0, stderr)
    assert.match(stdout, new RegExp(`^hello +${state}`), stderr)
    const [index] = digestsOf(path.join(output, 'index.json'))
    const images = digestsOf(path.join(output, 'blobs', ...index!.split(':')))
    assert.equal(images, digestsOf(path.join(newestLayout(directory), 'index.json')), stderr)
  }
  run('built')
  run('fresh')

  writeFileSync(append, 'OCI_IMAGE_TAG = "v2"\nOCI_IMAGE_LABELS = "a=b"\n')
  run('built')
  // The class links it in two ways: up to scarthgap a second link of one name goes into the older layout.
  writeFileSync(append, 'OCI_IMAGE_TAG = "v2"\nOCI_IMAGE_LABELS = "a=c"\n')
  run('built')
  rmSync(append)
  run('built')
  run('fresh')
  // Kirkstone's class makes no links, so the layouts are counted.
  const layouts = readdirSync(path.dirname(newestLayout(directory))).filter((name) => /-\d{14}\b.*-oci$/.test(name))
  assert.ok(layouts.length > 1, 'earlier layouts are there still')
})

test.run()
