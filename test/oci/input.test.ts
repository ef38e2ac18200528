/** Layouts as they are met in the field, from the opening to an image that is found to be right. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openLayout } from '../../src/oci/read/layout.js'
import { mergeImage } from '../../src/oci/write/merge.js'
import { verifyLayout } from '../../src/oci/verify/verify.js'
import { nothingVerified } from '../../src/oci/verified.js'
import {
  blobsIn,
  buildLayout,
  digestOf,
  withAttestation,
  type BuiltLayout,
  type Document,
  type EntryOf,
  type ImageDescription,
} from '../rig/layout-builder.js'
import { tarOfEntries, type TarEntryDescription } from '../rig/tar-builder.js'
import { temporaryDirectory } from '../rig/temp.js'
import { missingTool, testWith } from '../rig/tools.js'
import { mergeLayouts, placesOf, select, valueOf } from './merge-layouts.js'

const test = suite('input')
const noTar = missingTool('tar')

/** Merges the arm64 image, and checks that the output holds exactly what belongs to it. */
async function mergeArm64(built: BuiltLayout, location = built.directory): Promise<string> {
  const merged = await mergeLayouts({ arm64: location })
  assert.equal(valueOf(await verifyLayout(merged.directory)).problems, [])
  assert.equal(blobsIn(merged.directory), [...built.reachable, merged.digest].toSorted())
  return merged.directory
}

const arm64 = { architecture: 'arm64', reference: 'latest', layers: ['one', 'two'] } as const

const kinds: Readonly<Record<string, EntryOf>> = {
  'an image with a newline behind each document': { ...arm64, ending: '\n' },
  'an image without media types in its manifest': {
    ...arm64,
    editManifest: (manifest) => delete manifest['mediaType'],
  },
  "an image of Docker's media types": { ...arm64, docker: true, gzip: true },
  'an image of compressed layers': { ...arm64, gzip: true },
  'an image of sha512 throughout': { ...arm64, algorithm: 'sha512' },
}
for (const [what, description] of Object.entries(kinds)) {
  test(`takes ${what} as it is`, async () => {
    const built = buildLayout(description, { garbage: 2 })
    const output = await mergeArm64(built)
    for (const digest of built.reachable) {
      const [from, to] = [built.directory, output].map((root) =>
        readFileSync(path.join(root, 'blobs', ...digest.split(':'))),
      )
      assert.equal(to, from)
    }
  })
}

testWith(test, missingTool('zstd'), 'takes an image of zstd layers as it is', async () => {
  const layer = execFileSync('zstd', ['-q', '-c'], { input: Buffer.alloc(10_240) })
  const editManifest = (manifest: Document): void => {
    manifest['layers'][0].mediaType = 'application/vnd.oci.image.layer.v1.tar+zstd'
  }
  const editConfig = (config: Document): void => void (config['rootfs'].diff_ids = [digestOf(Buffer.alloc(10_240))])
  await mergeArm64(buildLayout({ ...arm64, layers: [layer], editManifest, editConfig }))
})

test('tolerates stray files and looping links in a layout', async () => {
  const built = buildLayout(arm64)
  writeFileSync(path.join(built.directory, 'README'), 'not mine')
  writeFileSync(path.join(built.directory, 'blobs', 'sha256', '.umoci-123'), '')
  mkdirSync(path.join(built.directory, 'blobs', 'md5'))
  symlinkSync('..', path.join(built.directory, 'blobs', 'up'))
  symlinkSync('loop', path.join(built.directory, 'loop'))
  symlinkSync('self', path.join(built.directory, 'blobs', 'sha256', 'self'))
  await mergeArm64(built)
})

test('counts every blob that only its owner can read, the manifest too', async () => {
  const built = buildLayout(arm64)
  for (const digest of built.reachable) chmodSync(built.file(digest), 0o600)
  assert.is(valueOf(await verifyLayout(built.directory)).ownerOnly, built.reachable.length)
})

test('takes the blobs of a layout whose blobs directory is a link', async () => {
  const built = buildLayout(arm64)
  const elsewhere = path.join(temporaryDirectory(), 'blobs')
  renameSync(path.join(built.directory, 'blobs'), elsewhere)
  symlinkSync(elsewhere, path.join(built.directory, 'blobs'))
  await mergeArm64(built)
})

test('finds no image in an empty layout (`manifests: null`)', async () => {
  const built = buildLayout(arm64, { edit: (index) => (index['manifests'] = null) })
  try {
    await mergeArm64(built)
    assert.unreachable()
  } catch (error) {
    assert.match((error as Error).message, 'manifests-empty')
  }
})

/** Puts the bytes of the blob into each descriptor of it in a document. */
function embed(built: BuiltLayout, descriptor: Document): void {
  descriptor['data'] = readFileSync(built.file(descriptor['digest'])).toString('base64')
}

/** An image whose config, first layer and manifest are in their descriptors. */
function buildEmbedded(damage: (data: string) => string = (data) => data): BuiltLayout {
  // What lies in the directory already is what is embedded.
  const plain = buildLayout(arm64)
  return buildLayout(
    {
      ...arm64,
      editManifest: (manifest) => {
        embed(plain, manifest['config'])
        embed(plain, manifest['layers'][0])
        manifest['layers'][0].data = damage(manifest['layers'][0].data)
      },
    },
    { directory: plain.directory, edit: (index) => embed(plain, index['manifests'][0]) },
  )
}

test('takes embedded data for a blob that is not there, and the output has the blob', async () => {
  const built = buildEmbedded()
  const { digest, config, layers } = built.images[0]!
  const content = [digest, config, layers[0]!].map((blob) => readFileSync(built.file(blob)))
  for (const blob of [digest, config, layers[0]!]) rmSync(built.file(blob))
  assert.equal(valueOf(await verifyLayout(built.directory)).problems, [])
  const output = await mergeArm64(built)
  assert.equal(
    [digest, config, layers[0]!].map((blob) => readFileSync(path.join(output, 'blobs', ...blob.split(':')))),
    content,
  )
})

const wrongData: Readonly<Record<string, readonly [(data: string) => string, RegExp]>> = {
  'other bytes': [(data) => `AAAA${data.slice(4)}`, /^those of sha256:/],
  'fewer bytes': [(data) => data.slice(0, -4), /^\d+ bytes$/],
  'no base64': [(data) => `!${data.slice(1)}`, /^a string that is not base64$/],
}
for (const [what, [damage, found]] of Object.entries(wrongData)) {
  for (const there of [true, false]) {
    test(`refuses embedded data that is ${what}, ${there ? 'though' : 'and'} the blob is ${there ? '' : 'not '}there`, async () => {
      const built = buildEmbedded(damage)
      if (!there) rmSync(built.file(built.images[0]!.layers[0]!))
      const options = { link: 'auto', verified: nothingVerified } as const
      const merged = await mergeImage(await select(built.directory, 'arm64'), temporaryDirectory(), options)
      assert.equal(placesOf(merged), ['blob-data index.json > manifests[0] (linux/arm64) > layers[0]'])
      const { problems } = valueOf(await verifyLayout(built.directory))
      assert.equal(
        problems.map(({ code }) => code),
        ['blob-data'],
      )
      assert.match(problems[0]!.found, found)
    })
  }
}

const foreignType = 'application/vnd.oci.image.layer.nondistributable.v1.tar'

/** Lacks both layers; the first is a foreign one. */
function buildSparse(): BuiltLayout {
  const built = buildLayout({
    ...arm64,
    editManifest: (manifest) => {
      Object.assign(manifest['layers'][0], { mediaType: foreignType, urls: ['https://example.com/base.tar'] })
    },
  })
  for (const layer of built.images[0]!.layers) rmSync(built.file(layer))
  return built
}

test('refuses a source that lacks layers, of whatever kind, unless that kind may be absent', async () => {
  const missing = (layer: number): string => `blob-missing index.json > manifests[0] (linux/arm64) > layers[${layer}]`
  const expectations = { none: [missing(0), missing(1)], foreign: [missing(1)], any: [] }
  const built = buildSparse()
  const image = await select(built.directory, 'arm64')
  for (const allowAbsentLayers of ['none', 'foreign', 'any'] as const) {
    const options = { link: 'auto', verified: nothingVerified, allowAbsentLayers } as const
    const expected = expectations[allowAbsentLayers]
    const merged = await mergeImage(image, temporaryDirectory(), options)
    assert.equal(placesOf(merged), expected)
    const report = valueOf(await verifyLayout(built.directory, { allowAbsentLayers }))
    assert.equal(placesOf({ ok: false, problems: report.problems }), expected)
    assert.is(report.absent.length, 2 - expected.length)
    if (merged.ok) assert.is(merged.value.absent.length, 2)
    else if (allowAbsentLayers === 'none') assert.match(merged.problems[0]!.next ?? '', /allowAbsentLayers: 'foreign'/)
  }
  rmSync(built.file(built.images[0]!.config))
  const opened = await verifyLayout(built.directory, { allowAbsentLayers: 'any' })
  assert.equal(placesOf({ ok: false, problems: valueOf(opened).problems }), [
    'blob-missing index.json > manifests[0] > config',
  ])
})

test('a foreign layer that is there is a layer like others', async () => {
  const editManifest = (manifest: Document): void => void (manifest['layers'][0].mediaType = foreignType)
  await mergeArm64(buildLayout({ ...arm64, editManifest }))
})

const compressors: Readonly<Record<string, readonly [program: string, ending: string, next: string]>> = {
  gzip: ['gzip', 'gz', 'gunzip -k'],
  zstd: ['zstd', 'zst', 'zstd -d'],
  xz: ['xz', 'xz', 'unxz -k'],
  bzip2: ['bzip2', 'bz2', 'bunzip2 -k'],
  lz4: ['lz4', 'lz4', 'lz4 -d -m'],
}
for (const [name, [program, ending, next]] of Object.entries(compressors)) {
  testWith(test, noTar ?? missingTool(program), `says how to decompress an archive of ${name}`, () => {
    const file = path.join(temporaryDirectory(), `image.tar.${ending}`)
    const tar = execFileSync('tar', ['-c', '-C', buildLayout(arm64).directory, '.'])
    writeFileSync(file, execFileSync(program, ['-c'], { input: tar }))
    const opened = openLayout(file)
    assert.ok(!opened.ok)
    const [problem] = opened.problems
    assert.is(problem?.found, `a file compressed by ${name}`)
    assert.equal(problem?.remedy, { kind: 'decompress', command: next, file })
    execFileSync('sh', ['-c', `${next} ${file}`], { stdio: 'ignore' })
    assert.ok(openLayout(file.slice(0, -ending.length - 1)).ok)
  })
}

testWith(test, noTar, 'says how to convert a docker-archive, which is no layout', () => {
  const directory = temporaryDirectory()
  writeFileSync(path.join(directory, 'manifest.json'), '[]')
  const file = path.join(temporaryDirectory(), 'image.tar')
  execFileSync('tar', ['-cf', file, '-C', directory, 'manifest.json'])
  const opened = openLayout(file)
  const remedy = opened.ok ? undefined : opened.problems[0]?.remedy
  assert.equal(remedy, { kind: 'convert', transport: 'docker-archive', path: file })
})

for (const args of [
  ['--format=posix', '--pax-option=globexthdr.name=x,comment=y'],
  ['--format=gnu'],
  ['--format=ustar'],
]) {
  testWith(test, noTar, `reads an archive of tar ${args.join(' ')} without unpacking it`, async () => {
    // ustar has no place for so long a name.
    const algorithm = args.includes('--format=ustar') ? 'sha256' : 'sha512'
    const built = buildLayout({ ...arm64, algorithm })
    const parent = temporaryDirectory()
    renameSync(built.directory, path.join(parent, 'layout'))
    const file = path.join(temporaryDirectory(), 'image.tar')
    execFileSync('tar', [...args, '-cf', file, '-C', parent, './layout'])
    await mergeArm64(built, file)
  })
}

testWith(test, noTar, 'reads a blob that is the second name of another one in an archive', async () => {
  const built = buildLayout(arm64)
  const shared = built.file(built.images[0]!.layers[0]!)
  const directory = temporaryDirectory()
  execFileSync('ln', [shared, path.join(directory, 'first')])
  const file = path.join(temporaryDirectory(), 'image.tar')
  execFileSync('tar', [
    '-cf',
    file,
    '-C',
    directory,
    'first',
    '-C',
    built.directory,
    '.',
    '--transform',
    's,^first$,./first,',
  ])
  const listed = execFileSync('tar', ['-tvf', file], { encoding: 'utf8' })
  assert.match(listed, /link to/)
  await mergeArm64(built, file)
})

test('finds what is attested of an image, and brings it only when asked to', async () => {
  const { reference: _, ...plain } = arm64
  const built = buildLayout(withAttestation(plain))
  const image = await select(built.directory, 'arm64')
  const [subject, attestation] = built.images
  assert.is(image.digest, subject!.digest)
  assert.equal(
    image.attestations.map(({ descriptor }) => descriptor.digest),
    [attestation!.digest],
  )
  const own = [subject!.digest, subject!.config, ...subject!.layers]
  const attested = [attestation!.digest, attestation!.config, ...attestation!.layers]
  for (const keepAttestations of [false, true]) {
    const output = temporaryDirectory()
    valueOf(await mergeImage(image, output, { link: 'auto', verified: nothingVerified, keepAttestations }))
    assert.equal(blobsIn(output), (keepAttestations ? [...own, ...attested] : own).toSorted())
  }
})

test('an image is one, though an annotation says that it is an attestation', async () => {
  const hidden: ImageDescription = {
    architecture: 'arm64',
    layers: ['hidden'],
    editDescriptor: (descriptor) => {
      descriptor['annotations'] = { 'vnd.docker.reference.type': 'attestation-manifest' }
    },
  }
  const { directory } = buildLayout({ entries: [{ architecture: 'arm64' }, hidden], reference: 'latest' })
  const { problems } = valueOf(await verifyLayout(directory))
  assert.equal(
    problems.map(({ code }) => code),
    ['platform-duplicate'],
  )
})

test('one platform may stand in an index for several versions of its system, but not twice for one', async () => {
  const windows = (version: string, layer: string): ImageDescription => ({
    os: 'windows',
    layers: [layer],
    editConfig: (config) => (config['os.version'] = version),
    editDescriptor: (descriptor) => (descriptor['platform']['os.version'] = version),
  })
  const codesOf = async (entries: readonly ImageDescription[]): Promise<string[]> =>
    valueOf(await verifyLayout(buildLayout({ entries }).directory)).problems.map(({ code }) => code)
  assert.equal(await codesOf([windows('10.0.1', 'one'), windows('10.0.2', 'two')]), [])
  assert.equal(await codesOf([windows('10.0.1', 'one'), windows('10.0.1', 'two')]), ['platform-duplicate'])
})

/** A tar of the layout, whose blobs lie in `store` under other names, each behind a link of the given kind. */
function tarWithLinks(built: BuiltLayout, link: (digest: string) => TarEntryDescription[]): string {
  const archive = path.join(temporaryDirectory(), 'linked.tar')
  const stored = built.reachable.map((digest) => ({
    name: `store/${digest.slice(7)}`,
    content: readFileSync(built.file(digest)),
  }))
  const documents = ['index.json', 'oci-layout'].map((name) => ({
    name,
    content: readFileSync(path.join(built.directory, name)),
  }))
  const entries = [...documents, ...built.reachable.flatMap(link), ...stored]
  writeFileSync(archive, tarOfEntries(entries))
  return archive
}

const linkKinds: Readonly<Record<string, (hex: string) => TarEntryDescription[]>> = {
  'symbolic links': (hex) => [{ name: `blobs/sha256/${hex}`, type: '2', target: `../../store/${hex}` }],
  'hard links before their file': (hex) => [{ name: `./blobs/sha256/${hex}`, type: '1', target: `./store/${hex}` }],
  'links to links': (hex) => [
    { name: `blobs/sha256/${hex}`, type: '2', target: `x${hex}`.slice(0, 60) },
    { name: `blobs/sha256/${`x${hex}`.slice(0, 60)}`, type: '1', target: `links/${hex}` },
    { name: `links/${hex}`, type: '2', target: `.././store/./${hex}` },
  ],
  'a linked directory': () => [{ name: 'blobs/sha256', type: '2', target: '../store/' }],
}
for (const [what, link] of Object.entries(linkKinds)) {
  test(`reads an archive whose blobs are ${what} inside it`, async () => {
    const built = buildLayout(arm64)
    const archive = tarWithLinks(built, (digest) => link(digest.slice(7)))
    assert.equal(valueOf(await verifyLayout(archive)).problems, [])
    await mergeArm64(built, archive)
  })
}

const wildLinks: Readonly<Record<string, (hex: string) => TarEntryDescription[]>> = {
  'out of it': (hex) => [{ name: `blobs/sha256/${hex}`, type: '2', target: `../../../store/${hex}` }],
  'to an absolute name': (hex) => [{ name: `blobs/sha256/${hex}`, type: '2', target: `/store/${hex}` }],
  'in a circle': (hex) => [
    { name: `blobs/sha256/${hex}`, type: '2', target: `../../links/${hex}` },
    { name: `links/${hex}`, type: '2', target: `../blobs/sha256/${hex}` },
  ],
  'round themselves, longer each time': (hex) => [
    { name: 'blobs', type: '2', target: `blobs/${'a/'.repeat(40)}${hex}`.slice(0, 99) },
  ],
  'along a name of a mebibyte': (hex) => [
    { name: `blobs/sha256/${hex}`, type: '2', gnu: { target: `${'a/'.repeat(500_000)}${hex}` } },
  ],
  'to a directory': (hex) => [
    { name: `blobs/sha256/${hex}`, type: '2', target: '../../store' },
    { name: 'store/', type: '5' },
  ],
}
for (const [where, link] of Object.entries(wildLinks)) {
  test(`a blob of an archive that links ${where} is missing`, async () => {
    const archive = tarWithLinks(buildLayout(arm64), (digest) => link(digest.slice(7)))
    const { problems } = valueOf(await verifyLayout(archive))
    assert.equal(
      problems.map(({ code }) => code),
      ['blob-missing'],
    )
  })
}

test.run()
