/** Layouts of the tools that write them in the field go in, as directories and as tars, and come out right. */
import { lstatSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { formatPlatform } from '../../src/oci/platform.js'
import { verifyLayout } from '../../src/oci/verify/verify.js'
import { blobsIn } from '../rig/layout-builder.js'
import { temporaryDirectory } from '../rig/temp.js'
import { missingTool, testWith } from '../rig/tools.js'
import { runTool, writers, writeWithUmoci } from '../rig/writers.js'
import { mergeLayouts, platformOf, select, valueOf } from './merge-layouts.js'

const test = suite('writers')

interface Entry {
  readonly mediaType: string
  readonly digest: string
  readonly annotations?: Readonly<Record<string, string>>
}

function documentAt(layout: string, digest: string): { config: Entry; layers: Entry[] } {
  return JSON.parse(readFileSync(path.join(layout, 'blobs', ...digest.split(':')), 'utf8')) as never
}

/** Manifest, config and layers of an entry, read without any of our code. */
function blobsOf(layout: string, reference?: string): string[] {
  const { manifests } = JSON.parse(readFileSync(path.join(layout, 'index.json'), 'utf8')) as { manifests: Entry[] }
  const named = (entry: Entry): boolean => entry.annotations?.['org.opencontainers.image.ref.name'] === reference
  const entry = manifests.length === 1 ? manifests[0]! : manifests.find(named)!
  const { config, layers } = documentAt(layout, entry.digest)
  return [entry.digest, config.digest, ...layers.map(({ digest }) => digest)]
}

for (const { name, missing, write } of writers) {
  testWith(
    test,
    missing,
    `what ${name} wrote becomes one image of exactly its blobs, from directories and tars`,
    async () => {
      const [arm64, s390x] = [write('arm64'), write('s390x')]
      const { layers } = documentAt(arm64.directory, blobsOf(arm64.directory, 'latest')[0]!)
      assert.is(
        layers.some(({ mediaType }) => mediaType.endsWith('+zstd')),
        name.includes('zstd'),
      )
      const image = await mergeLayouts({ arm64: arm64.directory, s390x: s390x.directory }, { reference: 'latest' })
      const wanted = [image.digest, ...blobsOf(arm64.directory, 'latest'), ...blobsOf(s390x.directory, 'latest')]
      assert.equal(blobsIn(image.directory), [...new Set(wanted)].toSorted())
      for (const blob of blobsIn(image.directory)) {
        const stat = lstatSync(path.join(image.directory, 'blobs', ...blob.split(':')))
        assert.ok(stat.isFile())
      }
      const platforms = [platformOf('arm64'), platformOf('s390x')]
      const report = valueOf(await verifyLayout(image.directory, { platforms, deep: true }))
      assert.equal(report.problems, [])
      assert.equal(
        report.images.map(({ platform }) => platform),
        ['linux/arm64', 'linux/s390x'],
      )
      const packed = await mergeLayouts({ arm64: arm64.archive, s390x: s390x.archive }, { reference: 'latest' })
      assert.equal(valueOf(await verifyLayout(packed.directory, { platforms, deep: true })).problems, [])
      // buildah and podman write the time of each commit into the image: their tar is another image than the directory.
      if (name.startsWith('umoci')) assert.is(packed.digest, image.digest)
    },
  )
}

testWith(test, missingTool('umoci'), 'takes the reference that is meant out of several of umoci', async () => {
  const { directory } = writeWithUmoci('arm')
  assert.ok(blobsIn(directory).length > 20, 'umoci leaves every config and manifest on the way')
  for (const reference of ['latest', '1.0']) {
    const image = await select(directory, 'linux/arm/v7', reference)
    assert.is(image.digest, blobsOf(directory, reference)[0])
    assert.is(formatPlatform(image.platform), 'linux/arm/v7')
  }
  assert.is.not(blobsOf(directory, 'latest')[0], blobsOf(directory, '1.0')[0])
})

testWith(test, missingTool('umoci'), 'finds no image in a layout that umoci has only begun', async () => {
  const layout = path.join(temporaryDirectory(), 'image-oci')
  runTool('umoci', 'init', '--layout', layout)
  try {
    await select(layout, 'arm64')
    assert.unreachable()
  } catch (error) {
    assert.match((error as Error).message, 'manifests-empty')
  }
})

testWith(test, missingTool('umoci'), 'images without layers, as umoci makes new ones, become one image', async () => {
  const sources = ['arm64', 's390x'].map((architecture) => {
    const layout = path.join(temporaryDirectory(), 'image-oci')
    runTool('umoci', 'init', '--layout', layout)
    runTool('umoci', 'new', '--image', `${layout}:latest`)
    runTool('umoci', 'config', '--image', `${layout}:latest`, '--architecture', architecture)
    return [architecture, layout] as const
  })
  const image = await mergeLayouts(Object.fromEntries(sources), { reference: 'latest' })
  const platforms = [platformOf('arm64'), platformOf('s390x')]
  const { problems, images } = valueOf(await verifyLayout(image.directory, { platforms, deep: true }))
  assert.equal(problems, [])
  assert.equal(
    images.map(({ layers }) => layers),
    [0, 0],
  )
})

test.run()
