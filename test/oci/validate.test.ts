import { rmSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { verifyLayout } from '../../src/oci/validate.js'
import type { VerifyOptions, VerifyReport } from '../../src/oci/verify-report.js'
import { blobsIn, buildLayout, digestOf, editJson, flipByte, seededBytes } from '../rig/layout-builder.js'
import type { BuiltLayout, IndexDescription } from '../rig/layout-builder.js'
import { describeProblems, platformOf, valueOf } from './merge-layouts.js'

const test = suite('validate')

const two: IndexDescription = {
  reference: 'latest',
  entries: [
    { architecture: 'amd64', layers: ['shared', 'amd64'] },
    { architecture: 'arm', variant: 'v7', layers: ['shared', seededBytes(7, 1_200_000)] },
  ],
}
const inIndex = 'index.json > manifests[0]'
const [amd64, arm] = [`${inIndex} > manifests[0] (linux/amd64)`, `${inIndex} > manifests[1] (linux/arm/v7)`]

async function verify(built: BuiltLayout, platforms?: readonly string[]): Promise<VerifyReport> {
  const options: VerifyOptions = platforms === undefined ? {} : { platforms: platforms.map(platformOf) }
  return valueOf(await verifyLayout(built.directory, options))
}

test('finds nothing wrong with a good image, and says what is in it', async () => {
  const built = buildLayout(two, { garbage: 2 })
  const report = await verify(built, ['amd64', 'linux/arm/v7'])
  assert.equal(report.problems, [])
  assert.is(report.kind, 'directory')
  assert.is(report.index, built.indexes[0])
  assert.equal(report.references, ['latest'])
  assert.equal(report.blobs.map(({ digest }) => digest).toSorted(), built.reachable)
  assert.equal(
    report.images.map(({ platform, digest, layers }) => [platform, digest, layers]),
    [
      ['linux/amd64', built.images[0]!.digest, 2],
      ['linux/arm/v7', built.images[1]!.digest, 2],
    ],
  )
})

const good: Record<string, () => BuiltLayout> = {
  'one image': () => buildLayout({}),
  'a flat list': () => buildLayout([{ platform: true }, { architecture: 'arm64', platform: true }]),
  'Docker media types and sha512': () =>
    buildLayout({ docker: true, algorithm: 'sha512', entries: [{ docker: true }] }),
  'documents without a media type': () =>
    buildLayout({
      entries: [{ editManifest: (manifest) => void delete manifest['mediaType'] }],
      editIndex: (index) => void delete index['mediaType'],
    }),
  'one index under two names': () => buildLayout([two, { ...two, reference: '1.0' }]),
  'one image under two names': () => buildLayout([{ reference: 'latest' }, { reference: '1.0' }]),
  'an index, and its images again under names of their own': () =>
    buildLayout([two, ...two.entries.map((entry, index) => ({ ...entry, reference: `part-${index}` }))]),
  'an attestation beside the image': () =>
    buildLayout({ entries: [{}, { os: 'unknown', architecture: 'unknown', layers: ['{}'] }] }),
  'a blob of a type that is not known': () =>
    buildLayout([{}, { layers: ['x'], editDescriptor: (entry) => (entry['mediaType'] = 'application/x-own') }]),
  'an empty layer file': () => buildLayout({ layers: [Buffer.alloc(0)] }),
}
for (const [what, build] of Object.entries(good)) {
  test(`takes ${what}`, async () => assert.equal((await verify(build())).problems, []))
}

const config = (built: BuiltLayout, image = 0): string => built.file(built.images[image]!.config)
const layer = (built: BuiltLayout, image: number, position: number): string =>
  built.file(built.images[image]!.layers[position]!)
const cut = (file: string): void => truncateSync(file, 3)

/** What is done to a good image, and all problems that are told of it. */
const damages: Record<string, [damage: (built: BuiltLayout) => void, expected: readonly string[]]> = {
  'an index changed': [(built) => flipByte(built.file(built.indexes[0]!)), [`blob-digest ${inIndex}`]],
  'an index missing': [(built) => rmSync(built.file(built.indexes[0]!)), [`blob-missing ${inIndex}`]],
  'an index with a newline more': [
    (built) => writeFileSync(built.file(built.indexes[0]!), '\n', { flag: 'a' }),
    [`blob-size ${inIndex}`],
  ],
  'a manifest changed': [(built) => flipByte(built.file(built.images[1]!.digest)), [`blob-digest ${arm}`]],
  'a manifest missing': [(built) => rmSync(built.file(built.images[0]!.digest)), [`blob-missing ${amd64}`]],
  'a config changed': [(built) => flipByte(config(built)), [`blob-digest ${amd64} > config`]],
  'a config missing': [(built) => rmSync(config(built)), [`blob-missing ${amd64} > config`]],
  'a config cut off': [(built) => cut(config(built)), [`blob-size ${amd64} > config`]],
  'a layer changed': [(built) => flipByte(layer(built, 1, 1)), [`blob-digest ${arm} > layers[1]`]],
  'the last byte of a layer changed': [
    (built) => flipByte(layer(built, 1, 1), 1_199_999, 0x80),
    [`blob-digest ${arm} > layers[1]`],
  ],
  'a layer missing': [(built) => rmSync(layer(built, 0, 1)), [`blob-missing ${amd64} > layers[1]`]],
  'a layer cut off': [(built) => cut(layer(built, 0, 1)), [`blob-size ${amd64} > layers[1]`]],
  'a shared layer changed': [
    (built) => flipByte(layer(built, 0, 0)),
    [`blob-digest ${amd64} > layers[0]`, `blob-digest ${arm} > layers[0]`],
  ],
  'everything at once': [
    (built) => {
      flipByte(config(built))
      rmSync(layer(built, 0, 1))
      cut(layer(built, 1, 1))
    },
    [`blob-digest ${amd64} > config`, `blob-missing ${amd64} > layers[1]`, `blob-size ${arm} > layers[1]`],
  ],
  'another size in index.json': [
    (built) => editJson(path.join(built.directory, 'index.json'), (index) => index['manifests'][0].size++),
    [`blob-size ${inIndex}`],
  ],
  'a digest that leads out': [
    (built) =>
      editJson(path.join(built.directory, 'index.json'), (index) => {
        index['manifests'][0].digest = 'sha256:../../../etc/passwd'
      }),
    [`digest-invalid ${inIndex} sha256:../../../etc`],
  ],
  'a media type that makes the image a mere blob': [
    (built) =>
      editJson(path.join(built.directory, 'index.json'), (index) => {
        index['manifests'][0].mediaType = 'application/vnd.oci.image.index.v2+json'
      }),
    ['manifests-empty index.json > manifests'],
  ],
  'no entries': [
    (built) => editJson(path.join(built.directory, 'index.json'), (index) => (index['manifests'] = null)),
    ['manifests-empty index.json > manifests'],
  ],
}
for (const [what, [damage, expected]] of Object.entries(damages)) {
  test(`tells of ${what}`, async () => {
    const built = buildLayout(two)
    damage(built)
    assert.equal(describeProblems((await verify(built)).problems), expected)
  })
}

test('compares the platforms with those that are wanted', async () => {
  const built = buildLayout(two)
  const found = async (...wanted: string[]): Promise<string[]> => {
    const { problems } = await verify(built, wanted)
    return problems.map(({ code, expected, found: there }) => `${code}: ${expected}; ${there}`)
  }
  assert.equal(await found('amd64', 'linux/arm/v7'), [])
  assert.equal(await found('linux/arm', 'amd64'), [], 'arm alone is v7 to a reader')
  assert.equal(await found('amd64', 'linux/arm/v7', 'riscv64'), [
    'platform-missing: an image for linux/riscv64; linux/amd64, linux/arm/v7',
  ])
  assert.equal(await found('amd64'), ['platform-unexpected: only linux/amd64; linux/arm/v7'])
  assert.equal(await found('arm64', 'amd64'), [
    'platform-missing: an image for linux/arm64; linux/amd64, linux/arm/v7',
    'platform-unexpected: only linux/arm64, linux/amd64; linux/arm/v7',
  ])
})

test('says once that there is no image for the platforms that are wanted', async () => {
  const built = buildLayout({ editManifest: (manifest) => (manifest['config'].mediaType = 'application/x-helm') })
  assert.equal(describeProblems((await verify(built)).problems), ['manifests-empty index.json > manifests'])
  assert.equal(describeProblems((await verify(built, ['amd64'])).problems), ['platform-missing index.json'])
})

test('tells only that there is no layout when there is none', async () => {
  const nothing = await verifyLayout('/nonexistent/layout')
  assert.equal(nothing.ok ? [] : describeProblems(nothing.problems), ['layout-unreadable '])
})

test('reads a blob once, however many images list it', async () => {
  const reads: string[] = []
  const verified = { has: () => false, add: (file: string) => void reads.push(path.basename(file)) }
  const built = buildLayout(two)
  valueOf(await verifyLayout(built.directory, { verified }))
  const layers = new Set(built.images.flatMap((image) => image.layers.map((digest) => digest.slice(7))))
  assert.equal(reads.toSorted(), [...layers].toSorted())
})

test('does not look at blobs that nothing refers to', async () => {
  const built = buildLayout(two, { garbage: 1 })
  const garbage = blobsIn(built.directory).filter((digest) => !built.reachable.includes(digest))
  assert.equal(garbage, [digestOf('garbage 0')])
  flipByte(built.file(garbage[0]!))
  assert.equal((await verify(built)).problems, [])
})

test.run()
