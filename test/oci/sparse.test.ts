/** Layouts that list more than they hold (image-layout.md: "The blobs directory MAY be missing referenced blobs"). */
import { rmSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { inspectLayout } from '../../src/oci/image/inspect.js'
import { listImages, selectImage } from '../../src/oci/image/select.js'
import { verifyLayout } from '../../src/oci/verify/verify.js'
import type { VerifyOptions } from '../../src/oci/verify/verify-report.js'
import { useLines } from '../../src/report/use-text.js'
import { buildLayout, withAttestation, type BuiltLayout, type Document, type EntryOf } from '../rig/layout-builder.js'
import { describeProblems, open, placesOf, platformOf, select, valueOf } from './merge-layouts.js'

const test = suite('sparse')

const three: EntryOf = {
  reference: 'latest',
  entries: [{ architecture: 'amd64' }, { architecture: 'arm64' }, { architecture: 'arm', variant: 'v7' }],
}

/** Without the images at these positions: manifest, config and layers. */
function buildSparse(absent: readonly number[], description: EntryOf | readonly EntryOf[] = three): BuiltLayout {
  const built = buildLayout(description)
  for (const position of absent) {
    const { digest, config, layers } = built.images[position]!
    for (const blob of [digest, config, ...layers]) rmSync(built.file(blob))
  }
  return built
}

async function problemsOf(built: BuiltLayout, options: VerifyOptions = {}): Promise<string[]> {
  return describeProblems(valueOf(await verifyLayout(built.directory, options)).problems)
}

const arm64 = 'blob-missing index.json > manifests[0] > manifests[1] (linux/arm64)'
const armv7 = 'blob-missing index.json > manifests[0] > manifests[2] (linux/arm/v7)'

test('is checked for what it holds, and what is absent is in the report', async () => {
  const built = buildSparse([1, 2])
  const report = valueOf(await verifyLayout(built.directory, { deep: true }))
  assert.equal(report.problems, [])
  assert.equal(
    report.images.map(({ platform }) => platform),
    ['linux/amd64'],
  )
  assert.equal(
    report.absentEntries.map(({ platform, digest, entries }) => [platform, digest, entries]),
    [
      ['linux/arm64', built.images[1]!.digest, built.indexes],
      ['linux/arm/v7', built.images[2]!.digest, built.indexes],
    ],
  )
})

test('is an error where it is asked whether all is there, or a platform is wanted', async () => {
  const built = buildSparse([1, 2])
  assert.equal(await problemsOf(built, { strict: true }), [arm64, armv7])
  assert.equal(await problemsOf(built, { complete: true }), [arm64, armv7])
  const platforms = ['amd64', 'arm64', 'linux/arm/v7'].map(platformOf)
  assert.equal(await problemsOf(built, { platforms }), [arm64, armv7])
  assert.equal(await problemsOf(built, { platforms: [platformOf('riscv64')] }), [
    'platform-missing index.json',
    'platform-unexpected index.json > manifests[0] > manifests[0] (linux/amd64)',
    'platform-unexpected index.json > manifests[0] > manifests[1] (linux/arm64)',
    'platform-unexpected index.json > manifests[0] > manifests[2] (linux/arm/v7)',
    arm64,
    armv7,
  ])
})

test('is an error when nothing is there', async () => {
  const built = buildSparse([0, 1, 2])
  assert.equal((await problemsOf(built)).length, 3)
  assert.equal(placesOf(inspectLayout(built.directory)).length, 3)
  assert.equal(placesOf(listImages(await open(built.directory), undefined)).length, 3)
})

test('an index may be absent as a manifest may', async () => {
  const built = buildLayout([
    { architecture: 'arm64', platform: true },
    { ...three, reference: 'old' },
  ])
  rmSync(built.file(built.indexes[0]!))
  const report = valueOf(await verifyLayout(built.directory))
  assert.equal(report.problems, [])
  assert.equal(
    report.absentEntries.map(({ digest, platform }) => [digest, platform]),
    [[built.indexes[0], undefined]],
  )
  assert.equal(await problemsOf(built, { strict: true }), ['blob-missing index.json > manifests[1]'])
  // It may hold another image without a name, so the one that is meant has to be named.
  assert.equal(placesOf(selectImage(await open(built.directory), undefined, platformOf('arm64'))), [
    'reference-missing index.json',
  ])
})

test('a manifest without its config or layers is no absent platform', async () => {
  const [config, layer] = [buildLayout(three), buildLayout(three)]
  rmSync(config.file(config.images[1]!.config))
  assert.equal(await problemsOf(config), [`${arm64} > config`])
  rmSync(layer.file(layer.images[1]!.layers[0]!))
  assert.equal(await problemsOf(layer), [`${arm64} > layers[0]`])
})

test('a platform that is listed twice is a problem, though one of the two is absent', async () => {
  const built = buildSparse([0], {
    entries: [{ architecture: 'arm64' }, { architecture: 'arm64', layers: ['another'] }],
  })
  assert.equal(await problemsOf(built), ['platform-duplicate index.json > manifests[0] > manifests[0] (linux/arm64)'])
})

test('gives the image of the platform that is wanted, and says how to get an absent one', async () => {
  const name = 'registry.example.com/acme/app:1.0'
  const editDescriptor = (entry: Record<string, unknown>): unknown =>
    (entry['annotations'] = { 'io.containerd.image.name': name })
  const built = buildSparse([1, 2], { ...three, editDescriptor })
  assert.is((await select(built.directory, 'amd64')).digest, built.images[0]!.digest)
  const absent = selectImage(await open(built.directory), undefined, platformOf('arm64'))
  assert.equal(placesOf(absent), [arm64])
  assert.ok(!absent.ok)
  const next = absent.problems[0]!.next ?? ''
  for (const command of [
    `skopeo copy --all docker://${name} oci-archive:NEW.tar`,
    `ctr content fetch --all-platforms ${name} && ctr images export --all-platforms NEW.tar ${name}`,
    `docker save --platform linux/arm64 -o NEW.tar ${name}`,
  ]) {
    assert.ok(next.includes(command), next)
  }
  const { images, absent: leftOut } = valueOf(listImages(await open(built.directory), undefined))
  assert.equal([images.length, leftOut.length], [1, 2])
})

test('a name that no registry has is not in the commands', async () => {
  for (const name of ['localhost/app:latest', '--help']) {
    const editDescriptor = (entry: Record<string, unknown>): unknown =>
      (entry['annotations'] = { 'io.containerd.image.name': name })
    const built = buildSparse([0], { architecture: 'arm64', editDescriptor })
    const { problems } = valueOf(await verifyLayout(built.directory))
    assert.match(problems[0]!.next ?? '', /docker:\/\/IMAGE /)
  }
})

test('is shown by inspect, with a command that works', async () => {
  const inspected = valueOf(inspectLayout(buildSparse([1, 2]).directory))
  assert.equal(
    inspected.absent.map(({ platform }) => platform),
    ['linux/arm64', 'linux/arm/v7'],
  )
  assert.equal(
    inspected.entries.map(({ images, absent }) => [images, absent]),
    [[1, 2]],
  )
  assert.equal(useLines(inspected, 'x').slice(1), ['  mab merge -o OTHER x   (an image of what it holds)'])
})

test('an attestation may be absent, and is not stray because its image is', async () => {
  const [first, second] = [withAttestation({ architecture: 'amd64' }), withAttestation({ architecture: 'arm64' })]
  const entries = [...first.entries, ...second.entries]
  const built = buildSparse([2], { reference: 'latest', entries })
  const image = await select(built.directory, 'amd64')
  assert.equal([image.attestations.length, image.strayAttestations.length], [1, 0])
  const without = buildLayout(first)
  rmSync(without.file(without.images[1]!.digest))
  assert.equal(await problemsOf(without), [])
})

test('docker is asked for a platform without the version of its system', async () => {
  const editConfig = (config: Document): unknown => (config['os.version'] = '10.0.17763.1')
  const windows = { os: 'windows', architecture: 'amd64', editConfig }
  const built = buildSparse([0], { reference: 'latest', entries: [windows, { architecture: 'amd64' }] })
  const [problem] = valueOf(await verifyLayout(built.directory, { strict: true })).problems
  assert.match(problem!.next!, 'docker save --platform windows/amd64 -o NEW.tar IMAGE')
})

test('no command takes a reference whose other entry is absent', () => {
  const one = (architecture: string): EntryOf => ({ reference: 'latest', entries: [{ architecture }] })
  const built = buildSparse([], [one('arm64'), one('amd64')])
  rmSync(built.file(built.indexes[0]!))
  const lines = useLines(valueOf(inspectLayout(built.directory)), 'two')
  assert.equal(lines.slice(1), ['  mab merge -o OTHER two   (an image of what it holds)'])
})

test.run()
