import { rmSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { formatPlatform } from '../../../src/oci/platform.js'
import { selectImage } from '../../../src/oci/image/select.js'
import { checkTogether } from '../../../src/oci/image/image.js'
import {
  buildLayout,
  flipByte,
  type BuiltLayout,
  type Document,
  type ImageDescription,
  type IndexDescription,
} from '../../rig/layout-builder.js'
import { open, placesOf, platformOf, select } from '../merge-layouts.js'

const test = suite('select')

/** Code, place, expectation and finding of each problem. */
async function problemsOf(built: BuiltLayout, platform: string, reference?: string): Promise<readonly string[]> {
  const selected = selectImage(await open(built.directory), reference, platformOf(platform))
  return selected.ok
    ? [`selected ${selected.value.digest}`]
    : selected.problems.map(({ code, expected, found }) => `${code}: expected ${expected}; found ${found}`)
}

const arm = { architecture: 'arm64' }

test('takes the only image, named or not', async () => {
  for (const reference of [{}, { reference: 'other' }, { reference: 'latest' }]) {
    const built = buildLayout({ ...arm, ...reference })
    assert.is((await select(built.directory, 'arm64')).digest, built.images[0]!.digest)
  }
})

test('takes the reference that was asked for, wherever it stands', async () => {
  const built = buildLayout([
    { ...arm, reference: 'old', layers: ['old'] },
    { ...arm, layers: ['unnamed'] },
    { ...arm, reference: 'latest', layers: ['new'] },
  ])
  const [old, , latest] = built.images
  assert.is((await select(built.directory, 'arm64')).digest, latest!.digest)
  assert.is((await select(built.directory, 'arm64', 'latest')).digest, latest!.digest)
  assert.is((await select(built.directory, 'arm64', 'old')).digest, old!.digest)
})

test('takes one image of several names', async () => {
  const built = buildLayout([
    { ...arm, reference: '1.0' },
    { ...arm, reference: '1.0-r0' },
  ])
  assert.is((await select(built.directory, 'arm64')).digest, built.images[0]!.digest)
})

test('names the references that there are when the one asked for is not', async () => {
  const built = buildLayout([
    { ...arm, reference: 'a', layers: ['a'] },
    { ...arm, layers: ['b'] },
  ])
  assert.equal(await problemsOf(built, 'arm64', 'latest'), [
    'reference-missing: expected the reference "latest"; found a, one without a name',
  ])
  assert.equal(await problemsOf(built, 'arm64'), [
    'reference-missing: expected the reference "latest", or a single image; found a, one without a name',
  ])
})

test('refuses two images of one name for one platform', async () => {
  const built = buildLayout([
    { ...arm, reference: 'latest', layers: ['a'] },
    { ...arm, reference: 'latest', layers: ['b'] },
  ])
  const [first, second] = built.images
  assert.equal(await problemsOf(built, 'arm64'), [
    `reference-ambiguous: expected one image for linux/arm64; found linux/arm64 ${first!.digest}, linux/arm64 ${second!.digest}`,
  ])
})

test('tells two images of one name apart by their platforms', async () => {
  const built = buildLayout([
    { architecture: 'amd64', reference: 'latest' },
    { ...arm, reference: 'latest' },
  ])
  assert.is((await select(built.directory, 'arm64')).digest, built.images[1]!.digest)
})

const multi: IndexDescription = {
  reference: 'latest',
  entries: [{ architecture: 'amd64' }, arm, { architecture: 'arm', variant: 'v7' }],
}

test('finds the platform in an index, however deep, also in a Docker list', async () => {
  for (const entry of [multi, { reference: 'latest', entries: [multi] }, { ...multi, docker: true }]) {
    const built = buildLayout(entry)
    const image = await select(built.directory, 'linux/arm/v7')
    assert.is(image.digest, built.images[2]!.digest)
    assert.is(formatPlatform(image.platform), 'linux/arm/v7')
  }
})

test('goes by the image config when the entries of an index say no platform', async () => {
  const built = buildLayout({
    entries: [
      { architecture: 'amd64', platform: false },
      { ...arm, platform: false },
    ],
  })
  assert.is((await select(built.directory, 'arm64')).digest, built.images[1]!.digest)
})

test('passes over attestations', async () => {
  const attestation = { os: 'unknown', architecture: 'unknown', layers: ['{}'] }
  const built = buildLayout({ entries: [attestation, arm] })
  assert.is((await select(built.directory, 'arm64')).digest, built.images[1]!.digest)
  assert.equal(await problemsOf(built, 'amd64'), [
    'platform-contradiction: expected linux/amd64; found the index says linux/arm64',
  ])
})

test('finds an image in a sparse layout that lacks the other platforms', async () => {
  const built = buildLayout(multi)
  rmSync(built.file(built.images[0]!.digest))
  rmSync(built.file(built.images[2]!.config))
  assert.is((await select(built.directory, 'arm64')).digest, built.images[1]!.digest)
  assert.match((await problemsOf(built, 'amd64')).join(), /^blob-missing/)
  assert.equal(await problemsOf(built, 'riscv64'), [
    'platform-missing: expected an image for linux/riscv64; found the index says linux/arm64, ' +
      'the index says linux/arm/v7, the index says linux/amd64',
  ])
})

test('fills in a variant that the image config lacks', async () => {
  const built = buildLayout({ architecture: 'arm' })
  assert.is(formatPlatform((await select(built.directory, 'linux/arm/v6')).platform), 'linux/arm/v6')
})

test('refuses an image of another architecture, and says where each side says what', async () => {
  const built = buildLayout({ architecture: 'aarch64' })
  const selected = selectImage(await open(built.directory), undefined, platformOf('amd64'))
  assert.ok(!selected.ok)
  const [problem] = selected.problems
  assert.is(problem!.expected, 'linux/amd64')
  assert.is(problem!.found, 'the image config says linux/aarch64 (linux/arm64)')
  assert.match(problem!.at.join(' > '), /^index\.json > manifests\[0\] sha256:\w{12} > config sha256:\w{12}$/)
  assert.match(problem!.next ?? '', /correct the platform in the config .*or build the image for linux\/amd64/)
})

test('goes by what an index says of variants that the image configs lack', async () => {
  const entry = (variant: string): ImageDescription => ({
    architecture: 'arm',
    layers: [variant],
    editDescriptor: (descriptor) => (descriptor['platform'].variant = variant),
  })
  const built = buildLayout({ entries: [entry('v6'), entry('v7')] })
  assert.is((await select(built.directory, 'linux/arm/v7')).digest, built.images[1]!.digest)
  assert.match((await problemsOf(built, 'linux/arm/v5')).join(), /the index says linux\/arm\/v6/)
  const one = buildLayout({ entries: [entry('v6')] })
  assert.is(formatPlatform((await select(one.directory, 'arm')).platform), 'linux/arm/v6')
})

test('different images of one platform under different references are told apart by the reference alone', async () => {
  const built = buildLayout([arm, { ...arm, reference: '1.0', layers: ['other'] }])
  assert.is((await select(built.directory, 'arm64', '1.0')).digest, built.images[1]!.digest)
  const twice = buildLayout([
    { ...arm, reference: 'latest' },
    { ...arm, reference: 'latest', layers: ['other'] },
  ])
  const digests = twice.images.map(({ digest }) => `linux/arm64 ${digest}`).join(', ')
  assert.equal(await problemsOf(twice, 'arm64'), [
    `reference-ambiguous: expected one image for linux/arm64; found ${digests}`,
  ])
})

test('the very platform that is wanted is taken before one that only does not contradict it', async () => {
  const entries = [
    { architecture: 'amd64', variant: 'v3', layers: ['v3'] },
    { architecture: 'amd64', layers: ['bare'] },
  ]
  const built = buildLayout({ reference: 'latest', entries })
  assert.is((await select(built.directory, 'amd64')).digest, built.images[1]!.digest)
  assert.is((await select(built.directory, 'linux/amd64/v3')).digest, built.images[0]!.digest)
  // A sparse layout may lack it.
  rmSync(built.file(built.images[1]!.digest))
  assert.match((await problemsOf(built, 'amd64')).join(), /^blob-missing/)
})

test('refuses a variant that contradicts', async () => {
  const built = buildLayout({ architecture: 'arm', variant: 'v6' })
  assert.equal(await problemsOf(built, 'linux/arm/v7'), [
    'platform-contradiction: expected linux/arm/v7; found the image config says linux/arm/v6',
  ])
})

test('says which platforms an index has when the wanted one is missing', async () => {
  assert.equal(await problemsOf(buildLayout(multi), 'riscv64'), [
    'platform-missing: expected an image for linux/riscv64; found the index says linux/amd64, ' +
      'the index says linux/arm64, the index says linux/arm/v7',
  ])
})

for (const manifests of [null, []]) {
  test(`tells of a layout whose manifests are ${JSON.stringify(manifests)}`, async () => {
    const built = buildLayout({}, { edit: (index) => (index['manifests'] = manifests) })
    assert.equal(await problemsOf(built, 'arm64'), [
      'manifests-empty: expected at least one image; found none: the layout is empty',
    ])
  })
}

test('tells of an index without images', async () => {
  assert.equal(await problemsOf(buildLayout({ reference: 'latest', entries: [] }), 'arm64'), [
    'platform-missing: expected an image for linux/arm64; found no image at all',
  ])
})

test('takes an image without layers, and refuses one with other diff IDs than layers', async () => {
  const empty = buildLayout({ ...arm, layers: [] })
  assert.is((await select(empty.directory, 'arm64')).digest, empty.images[0]!.digest)
  const short = buildLayout({ ...arm, layers: ['a', 'b'], editConfig: (config) => config['rootfs'].diff_ids.pop() })
  assert.equal(await problemsOf(short, 'arm64'), [
    'layer-count: expected 2 diff IDs in the image config, as the manifest has layers; found 1 diff ID',
  ])
})

test('passes over an artifact that is no container image', async () => {
  const chart: ImageDescription = {
    ...arm,
    layers: ['chart'],
    editManifest: (manifest) => (manifest['config'].mediaType = 'application/x-helm'),
  }
  const beside = buildLayout({ entries: [chart, arm] })
  assert.is((await select(beside.directory, 'arm64')).digest, beside.images[1]!.digest)
  assert.equal(await problemsOf(buildLayout(chart), 'arm64'), [
    'platform-missing: expected an image for linux/arm64; found an artifact of type application/x-helm',
  ])
})

test('an artifact beside the one image is none to choose, whatever its name', async () => {
  const toArtifact = (manifest: Document): void => {
    manifest['config'].mediaType = 'application/vnd.oci.empty.v1+json'
  }
  const sbom: ImageDescription = { layers: ['sbom'], editManifest: toArtifact }
  const others = [sbom, { ...sbom, reference: 'latest' }, { entries: [sbom], reference: 'latest' }, { entries: [] }]
  for (const other of others) {
    const built = buildLayout([arm, other])
    assert.is((await select(built.directory, 'arm64')).digest, built.images[0]!.digest)
  }
  // A blob that is not there may well have been an image.
  const built = buildLayout([arm, { ...arm, layers: ['another'] }])
  rmSync(built.file(built.images[1]!.digest))
  assert.match((await problemsOf(built, 'arm64')).join(), /^reference-missing/)
})

test('tells of a manifest or config that is damaged, missing or of another size', async () => {
  const cases: [damage: (built: BuiltLayout) => void, expected: RegExp][] = [
    [(built) => flipByte(built.file(built.images[0]!.digest)), /^blob-digest index\.json > manifests\[0\]$/],
    [(built) => rmSync(built.file(built.images[0]!.digest)), /^blob-missing index\.json > manifests\[0\]$/],
    [(built) => flipByte(built.file(built.images[0]!.config)), /^blob-digest index\.json > manifests\[0\] > config$/],
    [(built) => rmSync(built.file(built.images[0]!.config)), /^blob-missing index\.json > manifests\[0\] > config$/],
  ]
  for (const [damage, expected] of cases) {
    const built = buildLayout(arm)
    damage(built)
    const selected = selectImage(await open(built.directory), undefined, platformOf('arm64'))
    assert.match(placesOf(selected).join(), expected)
  }
})

test('refuses more levels of indexes than any reader takes', async () => {
  let entry: IndexDescription = multi
  for (let level = 0; level < 4; level++) entry = { entries: [entry] }
  assert.match((await problemsOf(buildLayout(entry), 'arm64')).join(), /^index-too-deep/)
})

test('ends soon when indexes list one another a thousand times', async () => {
  let entry: IndexDescription = multi
  for (let level = 0; level < 3; level++) {
    const repeat = (index: { [key: string]: unknown }): void => {
      index['manifests'] = Array(1000).fill((index['manifests'] as unknown[])[0])
    }
    entry = { entries: [entry], editIndex: repeat }
  }
  const built = buildLayout(entry)
  assert.is((await select(built.directory, 'arm64')).digest, built.images[1]!.digest)
})

test('finds platforms and images that are there twice', () => {
  const entry = (platform: string, digest: string) => ({ platform: platformOf(platform), digest })
  const check = (...entries: ReturnType<typeof entry>[]): readonly string[] =>
    placesOf({ ok: false, problems: checkTogether(entries, 'L', (index) => [`${index}`]) })
  assert.equal(check(entry('amd64', 'a'), entry('arm64', 'b'), entry('linux/arm/v6', 'c'), entry('arm', 'd')), [])
  assert.equal(check(entry('arm64', 'a'), entry('linux/arm64/v8', 'b')), ['platform-duplicate 1'])
  assert.equal(check(entry('linux/arm/v7', 'a'), entry('arm', 'b'), entry('arm', 'b')), [
    'platform-duplicate 1',
    'platform-duplicate 2',
  ])
  assert.equal(check(entry('arm64', 'a'), entry('amd64', 'a')), ['platform-same-image 1'])
})

test.run()
