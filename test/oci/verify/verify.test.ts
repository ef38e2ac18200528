import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { verifyLayout } from '../../../src/oci/verify/verify.js'
import type { VerifyOptions, VerifyReport } from '../../../src/oci/verify/verify-report.js'
import { blobsIn, buildLayout, digestOf, flipByte, seededBytes } from '../../rig/layout-builder.js'
import type { BuiltLayout, IndexDescription } from '../../rig/layout-builder.js'
import { describeProblems, platformOf, valueOf } from '../merge-layouts.js'

const test = suite('validate')

const two: IndexDescription = {
  reference: 'latest',
  entries: [
    { architecture: 'amd64', layers: ['shared', 'amd64'] },
    { architecture: 'arm', variant: 'v7', layers: ['shared', seededBytes(7, 1_200_000)] },
  ],
}

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
  assert.equal(
    report.entries.map(({ reference, digest }) => [reference, digest]),
    [['latest', built.indexes[0]]],
  )
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
  'other images for the same platforms under other names': () =>
    buildLayout([
      two,
      { ...two, reference: '1.0', entries: two.entries.map((entry) => ({ ...entry, layers: ['old'] })) },
    ]),
  'an attestation beside the image': () =>
    buildLayout({ entries: [{}, { os: 'unknown', architecture: 'unknown', layers: ['{}'] }] }),
  'a blob of a type that is not known': () =>
    buildLayout([{}, { layers: ['x'], editDescriptor: (entry) => (entry['mediaType'] = 'application/x-own') }]),
  'an empty layer file': () => buildLayout({ layers: [Buffer.alloc(0)] }),
}
for (const [what, build] of Object.entries(good)) {
  test(`takes ${what}`, async () => assert.equal((await verify(build())).problems, []))
}

test('tells which name leads to which image, and looks at one alone when asked', async () => {
  const built = buildLayout([two, { reference: '1.0', layers: ['x'] }, { ...two, reference: 'new' }])
  const index = built.indexes[0]!
  const { digest } = built.images.find(({ layers }) => layers.length === 1)!
  const whole = await verify(built)
  assert.is(whole.index, index)
  assert.equal(
    whole.entries.map((entry) => [entry.reference, entry.digest]),
    [
      ['latest', index],
      ['1.0', digest],
      ['new', index],
    ],
  )
  assert.equal(
    whole.images.map((image) => image.entries),
    [[index], [index], [digest]],
  )
  flipByte(built.file(built.images[0]!.config))
  const ofOne = valueOf(await verifyLayout(built.directory, { reference: '1.0', strict: true }))
  assert.equal([ofOne.problems, ofOne.images.map((image) => image.digest), ofOne.index], [[], [digest], undefined])
  const none = valueOf(await verifyLayout(built.directory, { reference: '2.0' }))
  assert.equal(describeProblems(none.problems), ['reference-missing index.json'])
  assert.is(none.problems[0]!.found, 'latest, 1.0, new')
})

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

test('an artifact alone is fine, unless platforms are wanted', async () => {
  const built = buildLayout({ editManifest: (manifest) => (manifest['config'].mediaType = 'application/x-helm') })
  assert.equal(describeProblems((await verify(built)).problems), [])
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

test('names what it does not read: blobs of unknown types with digests of unregistered algorithms', async () => {
  const built = buildLayout([two, { reference: 'other' }], {
    edit: (index) => {
      Object.assign(index['manifests'][1], { mediaType: 'application/x-own', digest: `blake3:${'a'.repeat(64)}` })
    },
  })
  const report = await verify(built)
  assert.equal(report.problems, [])
  assert.equal(report.unread, [{ digest: `blake3:${'a'.repeat(64)}`, mediaType: 'application/x-own' }])
})

test('says what lies in place of a blob', async () => {
  const put: Record<string, [put: (file: string) => void, found: RegExp]> = {
    nothing: [() => {}, /^no such file$/],
    'a directory': [(file) => mkdirSync(file), /^a directory$/],
    'a pipe': [(file) => execFileSync('mkfifo', [file]), /^a named pipe$/],
    'a loop': [(file) => symlinkSync(path.basename(file), file), /^a symbolic link to \w{64} \(which leads round\)$/],
    'a dangling link': [(file) => symlinkSync('nowhere', file), /^a symbolic link to nowhere \(where nothing is\)$/],
  }
  for (const [what, [lay, found]] of Object.entries(put)) {
    const built = buildLayout({})
    const file = built.file(built.images[0]!.layers[0]!)
    rmSync(file)
    lay(file)
    const { problems } = await verify(built)
    assert.equal(describeProblems(problems), ['blob-missing index.json > manifests[0] (linux/amd64) > layers[0]'], what)
    assert.match(problems[0]!.found, found, what)
  }
})

test('tells a hundred problems of a code and counts the rest', async () => {
  const entries = Array.from({ length: 150 }, (_, index) => ({ architecture: 'amd64', layers: [String(index)] }))
  const { problems } = await verify(buildLayout({ entries }))
  assert.is(problems.length, 101)
  assert.equal([problems.at(-1)!.code, problems.at(-1)!.found], ['platform-duplicate', '49 more'])
})

test('does not look at blobs that nothing refers to', async () => {
  const built = buildLayout(two, { garbage: 1 })
  const garbage = blobsIn(built.directory).filter((digest) => !built.reachable.includes(digest))
  assert.equal(garbage, [digestOf('garbage 0')])
  flipByte(built.file(garbage[0]!))
  assert.equal((await verify(built)).problems, [])
})

test.run()
