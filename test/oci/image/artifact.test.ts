/** What is an image and what is an artifact, in every command that has to know. */
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { inspectLayout } from '../../../src/oci/image/inspect.js'
import { listImages } from '../../../src/oci/image/select.js'
import { verifyLayout } from '../../../src/oci/verify/verify.js'
import { useLines } from '../../../src/report/use-text.js'
import { artifacts, oddImages } from '../../rig/artifacts.js'
import { buildLayout, type EntryOf, type ImageDescription } from '../../rig/layout-builder.js'
import { describeProblems, open, placesOf, select, valueOf } from '../merge-layouts.js'

const test = suite('artifact')

const app: ImageDescription = { architecture: 'arm64', layers: ['app'] }

for (const [what, { image, type }] of Object.entries(artifacts)) {
  test(`${what} is an artifact, alone and next to an image`, async () => {
    const alone = buildLayout(image)
    const report = valueOf(await verifyLayout(alone.directory, { deep: true, strict: true }))
    assert.equal(describeProblems(report.problems), [])
    assert.equal(report.images, [])
    const { digest } = alone.images[0]!
    assert.equal(report.artifacts, [{ digest, type, entries: [digest] }])
    const inspected = valueOf(inspectLayout(alone.directory))
    assert.equal([inspected.images, inspected.artifacts.map((artifact) => artifact.type)], [[], [type]])
    assert.equal(useLines(inspected, 'x'), [], 'no command takes it for an image')
    const listed = listImages(await open(alone.directory), undefined)
    assert.match(placesOf(listed).join(), /^not-an-image index\.json > manifests\[0\](?: \(\S+\))?$/)

    const sets: readonly (EntryOf | readonly EntryOf[])[] = [
      [app, image],
      [image, { ...app, reference: 'v1' }],
      { reference: 'latest', entries: [image, app] },
    ]
    for (const entries of sets) {
      const built = buildLayout(entries)
      const together = valueOf(await verifyLayout(built.directory, { deep: true, strict: true }))
      assert.equal(describeProblems(together.problems), [])
      assert.equal(
        together.images.map(({ platform }) => platform),
        ['linux/arm64'],
      )
      assert.equal(together.artifacts.length, 1)
      assert.is((await select(built.directory, 'arm64')).digest, together.images[0]!.digest)
      assert.is(valueOf(listImages(await open(built.directory), undefined)).images.length, 1)
    }
  })
}

for (const [what, image] of Object.entries(oddImages)) {
  test(`an image with ${what} is an image`, async () => {
    const { directory, images } = buildLayout({ ...image, architecture: 'arm64' })
    const report = valueOf(await verifyLayout(directory))
    assert.equal([describeProblems(report.problems), report.artifacts], [[], []])
    assert.is(report.images[0]!.digest, images[0]!.digest)
    assert.is((await select(directory, 'arm64')).digest, images[0]!.digest)
  })
}

test('an image does not hide from the check behind what it is called', async () => {
  const unknown = [
    'platform-contradiction index.json > manifests[0] (unknown/unknown) > config',
    'platform-unmatchable index.json > manifests[0] (unknown/unknown)',
  ]
  const hidden: readonly [image: ImageDescription, problems: readonly string[]][] = [
    [{ ...app, editDescriptor: (entry) => (entry['platform'] = { os: 'unknown', architecture: 'unknown' }) }, unknown],
    [
      {
        ...app,
        editManifest: (document) => (document['artifactType'] = 'x/y'),
        editConfig: (config) => config['rootfs'].diff_ids.pop(),
      },
      ['layer-count index.json > manifests[0]'],
    ],
  ]
  for (const [image, problems] of hidden) {
    const report = valueOf(await verifyLayout(buildLayout(image).directory))
    assert.equal(describeProblems(report.problems), problems)
    assert.equal(report.artifacts, [])
  }
})

test('a manifest that is listed as an attestation and as an image is checked as an image', async () => {
  const image: ImageDescription = { ...artifacts['a signature of cosign']!.image, platform: true }
  const as = (architecture: string, os: string): ImageDescription => ({
    ...image,
    editDescriptor: (entry) => (entry['platform'] = { os, architecture }),
  })
  const { directory } = buildLayout({ reference: 'latest', entries: [as('unknown', 'unknown'), as('amd64', 'linux')] })
  const { problems } = valueOf(await verifyLayout(directory))
  assert.equal(
    problems.map(({ code }) => code),
    ['platform-incomplete'],
  )
})

test('what is wrong with the bytes of an artifact is reported', async () => {
  const { image } = artifacts['a signature of cosign']!
  const layers = [Buffer.from('signed')]
  const wrong: ImageDescription = {
    ...image,
    layers,
    editManifest: (manifest) => {
      image.editManifest!(manifest)
      manifest['layers'][0].size++
    },
  }
  const { problems } = valueOf(await verifyLayout(buildLayout(wrong).directory))
  assert.equal(describeProblems(problems), ['blob-size index.json > manifests[0] > layers[0]'])
})

test('indexes of artifacts and of unknown media types are not errors', async () => {
  const chart = artifacts['a chart of Helm']!.image
  const unknownType: ImageDescription = {
    ...app,
    editDescriptor: (entry) => (entry['mediaType'] = 'application/x-own'),
  }
  for (const entries of [[chart], [unknownType], [{ reference: 'a', entries: [chart, unknownType] }]] as EntryOf[][]) {
    const { directory } = buildLayout(entries)
    const report = valueOf(await verifyLayout(directory))
    assert.equal(report.problems, [])
    assert.ok(report.artifacts.length > 0)
    assert.ok(valueOf(inspectLayout(directory)).artifacts.length > 0, path.basename(directory))
  }
})

test.run()
