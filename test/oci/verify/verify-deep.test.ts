/** Layers that are read through: what their content says, against what their image says. */
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { verifyLayout } from '../../../src/oci/verify/verify.js'
import type { VerifyOptions, VerifyReport } from '../../../src/oci/verify/verify-report.js'
import { elfs } from '../../rig/elf-builder.js'
import {
  buildLayout,
  flipByte,
  type BuiltLayout,
  type Document,
  type ImageDescription,
} from '../../rig/layout-builder.js'
import { tarOfEntries, type TarEntryDescription } from '../../rig/tar-builder.js'
import { describeProblems, valueOf } from '../merge-layouts.js'

const test = suite('validate-deep')
const [image, other] = ['index.json > manifests[0]', 'index.json > manifests[1]']

async function verify(built: BuiltLayout, options: VerifyOptions = {}): Promise<VerifyReport> {
  return valueOf(await verifyLayout(built.directory, { deep: true, ...options }))
}

/** An image of layers with one program each. */
function having(architecture: string, ...programs: readonly (keyof typeof elfs)[]): ImageDescription {
  const layers = programs.map((program, index) =>
    tarOfEntries([{ name: `usr/bin/${program}-${index}`, content: elfs[program] }]),
  )
  return { architecture, layers: layers.length > 0 ? layers : ['text'], platform: true }
}

test('counts the programs of good images', async () => {
  const multilib = { ...having('amd64', 'amd64', 'i386', 'amd64'), reference: 'a' }
  const report = await verify(buildLayout([multilib, { ...having('arm64'), reference: 'b' }]))
  assert.equal(report.problems, [])
  assert.ok(report.deep)
  assert.equal(
    report.images.map(({ platform, programs }) => [platform, programs]),
    [
      ['linux/amd64', 3],
      ['linux/arm64', 0],
    ],
  )
})

test('names the file of another machine, and its layer', async () => {
  const { problems } = await verify(buildLayout(having('arm64', 'arm64', 'amd64')))
  assert.equal(describeProblems(problems), [`file-platform ${image} (linux/arm64) > layers[1] > usr/bin/amd64-1`])
  assert.equal([problems[0]!.expected, problems[0]!.found], ['code for arm64', 'code for amd64'])
})

test('judges a layer that images share for each of them, and reads it once', async () => {
  const reads: string[] = []
  const verified = { has: () => true, add: (file: string) => void reads.push(path.basename(file)) }
  const [amd64, arm64] = [having('amd64', 'amd64'), having('arm64', 'amd64')]
  const built = buildLayout({ entries: [amd64, arm64] })
  const { problems } = valueOf(await verifyLayout(built.directory, { deep: true, verified }))
  const inner = `${image} > manifests[1] (linux/arm64) > layers[0] > usr/bin/amd64-0`
  assert.equal(describeProblems(problems), [`file-platform ${inner}`])
  assert.equal(reads, [built.images[0]!.layers[0]!.slice('sha256:'.length)])
})

test('an image of programs for a narrower machine alone is not for the wider one', async () => {
  const { problems } = await verify(buildLayout([having('amd64', 'i386', 'i386')]))
  assert.equal(describeProblems(problems), [`file-platform ${image} (linux/amd64) > layers[0] > usr/bin/i386-0`])
  assert.is(problems[0]!.found, 'code for 386 alone in the image')
})

test('takes the variant from the index', async () => {
  const v5 = { ...having('arm', 'armv7'), variant: 'v5', reference: 'a' }
  const v7 = { ...having('arm', 'armv7', 'armv6'), variant: 'v7', reference: 'b' }
  const { problems } = await verify(buildLayout([v5, v7]))
  assert.equal(describeProblems(problems), [`file-platform ${image} (linux/arm/v5) > layers[0] > usr/bin/armv7-0`])
})

test('names ten files of a kind and counts the rest', async () => {
  const files = Array.from({ length: 25 }, (_, index) => ({ name: `bin/${index}`, content: elfs.arm64 }))
  const { problems } = await verify(buildLayout({ architecture: 'amd64', layers: [tarOfEntries(files)] }))
  assert.is(problems.length, 11)
  assert.is(problems.at(-1)!.found, 'code for arm64 in 15 more files')
})

test('compares diff IDs, in the order of the layers', async () => {
  const editConfig = (config: Document): void => {
    config['rootfs'].diff_ids = [...config['rootfs'].diff_ids].toReversed()
  }
  const { problems } = await verify(buildLayout([{ layers: ['a', 'b', 'c'], gzip: true, editConfig }]))
  assert.equal(describeProblems(problems), [
    `layer-diff-id ${image} (linux/amd64) > layers[0]`,
    `layer-diff-id ${image} (linux/amd64) > layers[2]`,
  ])
})

test('tells of damage once, and not of what follows from it', async () => {
  const built = buildLayout([having('amd64', 'arm64'), { ...having('riscv64', 'arm64'), reference: 'x' }])
  flipByte(built.file(built.images[0]!.layers[0]!))
  assert.equal(describeProblems((await verify(built)).problems), [
    `blob-digest ${image} (linux/amd64) > layers[0]`,
    `blob-digest ${other} (linux/riscv64) > layers[0]`,
  ])
})

const foreign: TarEntryDescription = { name: './opt/tool/bin/run', content: elfs.amd64 }
const own: TarEntryDescription = { name: 'bin/own', content: elfs.arm64 }

/** An image for arm64 whose first layer has a program for amd64. */
function withLater(...layers: readonly (readonly TarEntryDescription[])[]): BuiltLayout {
  return buildLayout({ architecture: 'arm64', layers: [[foreign, own], ...layers].map(tarOfEntries) })
}

const gone: Record<string, readonly TarEntryDescription[]> = {
  'a whiteout of it': [{ name: 'opt/tool/bin/.wh.run' }],
  'a whiteout of a directory above': [{ name: '/opt/.wh.tool' }],
  'an opaque whiteout of its directory': [{ name: 'opt/tool/bin/.wh..wh..opq' }],
  'an opaque whiteout of the root': [{ name: './.wh..wh..opq' }],
  'a file in its place': [{ name: 'opt/tool/bin/run', content: elfs.arm64 }],
  'a directory in its place': [{ name: 'opt/tool/bin/run/', type: '5' }],
  'a file in the place of a directory above': [{ name: 'opt/tool' }],
  'a link in the place of a directory above': [{ name: 'opt/tool', type: '2', target: '/usr' }],
}
for (const [what, entries] of Object.entries(gone)) {
  test(`a program of another machine is not in an image whose later layer has ${what}`, async () => {
    const report = await verify(withLater([], entries))
    assert.equal(report.problems, [])
    const added = entries.filter(({ content }) => content !== undefined).length
    assert.is(report.images[0]!.programs, added + (what.includes('the root') ? 0 : 1))
  })
}

const left: Record<string, readonly (readonly TarEntryDescription[])[]> = {
  'a whiteout of another name': [[{ name: 'opt/tool/bin/.wh.ru' }, { name: '.wh.run' }]],
  'a directory above it': [[{ name: 'opt/tool/', type: '5' }]],
  'a whiteout, and it again after that': [[{ name: 'opt/.wh.tool' }], [foreign]],
}
for (const [what, layers] of Object.entries(left)) {
  test(`a program of another machine is in an image whose later layers have ${what}`, async () => {
    const { problems } = await verify(withLater(...layers))
    assert.equal(
      problems.map(({ code, at }) => [code, at.at(-1)]),
      [['file-platform', 'opt/tool/bin/run']],
    )
  })
}

const symbolicLink = (name: string, target: string): TarEntryDescription => ({ name, type: '2', target })
const hardLink = (name: string, target: string): TarEntryDescription => ({ name, type: '1', target })
const evil = (name: string): TarEntryDescription => ({ name, content: elfs.amd64 })
const usr = [{ name: 'usr/lib/', type: '5' }, symbolicLink('lib', 'usr/lib')]
/** Layers that seem to remove a program of another machine, and the name by which it is left. */
const hidden: Record<string, [name: string, ...layers: (readonly TarEntryDescription[])[]]> = {
  'a hard link to it': ['b', [evil('a'), hardLink('b', 'a')], [{ name: '.wh.a' }]],
  'a hard link to a hard link': [
    'c',
    [evil('a'), hardLink('b', 'a'), hardLink('c', 'b')],
    [{ name: '.wh.a' }, { name: 'b' }],
  ],
  'a hard link of a later layer': ['b', [evil('a')], [hardLink('b', 'a')], [{ name: '.wh.a' }]],
  'a hard link of a later layer to a hard link': [
    'c',
    [evil('a'), hardLink('b', 'a')],
    [hardLink('c', 'b')],
    [{ name: '.wh.a' }, { name: '.wh.b' }],
  ],
  'a hard link to firmware': ['bin/x', [evil('usr/share/x'), hardLink('bin/x', 'usr/share/x')]],
  'a hard link by way of a symbolic link': [
    'b',
    [...usr, evil('usr/lib/x'), hardLink('b', 'lib/x')],
    [{ name: '.wh.usr' }],
  ],
  'another name in the directory behind a symbolic link': ['usr/lib/x', [...usr, evil('lib/x')], [{ name: '.wh.lib' }]],
  'a symbolic link out of a place that is not judged': [
    'usr/bin/x',
    [{ name: 'usr/bin/', type: '5' }, symbolicLink('usr/share/bin', '../bin'), evil('usr/share/bin/x')],
  ],
  'a file through a symbolic link of a lower layer': ['lib/x', usr, [evil('lib/x')], [{ name: '.wh.lib' }]],
  'a name behind a symbolic link that changed': [
    'lib/x',
    usr,
    [evil('lib/x')],
    [symbolicLink('lib', 'usr')],
    [{ name: 'lib/x' }],
  ],
  'the file behind a symbolic link of a lower layer': ['usr/lib/x', [...usr, evil('usr/lib/x')], [{ name: 'lib/x' }]],
}
for (const [what, [name, ...layers]] of Object.entries(hidden)) {
  test(`a program of another machine does not hide behind ${what}`, async () => {
    const { problems, images } = await verify(buildLayout({ architecture: 'arm64', layers: layers.map(tarOfEntries) }))
    assert.equal(
      problems.map(({ code, at }) => [code, at.at(-1)]),
      [['file-platform', name]],
    )
    assert.is(images[0]!.programs, 1)
  })
}

test('a file is gone when all its names are', async () => {
  const layers = [
    [...usr, evil('usr/lib/a'), hardLink('b', 'lib/a')],
    [hardLink('c', 'b')],
    [evil('lib/x')],
    [{ name: 'usr/lib/.wh.a' }, { name: '.wh.b' }, { name: '.wh.c' }, { name: 'lib/.wh.x' }],
  ]
  const { problems, images } = await verify(buildLayout({ architecture: 'arm64', layers: layers.map(tarOfEntries) }))
  assert.equal([problems, images[0]!.programs], [[], 0])
})

test('a file is allowed only if all its names are', async () => {
  const layers = [tarOfEntries([evil('prebuilds/a'), hardLink('bin/a', 'prebuilds/a')])]
  const built = buildLayout({ architecture: 'arm64', layers })
  const some = await verify(built, { allowForeign: ['prebuilds/*'] })
  assert.equal(
    some.problems.map(({ at }) => at.at(-1)),
    ['bin/a'],
  )
  const all = await verify(built, { allowForeign: ['prebuilds/*', 'bin/*'] })
  assert.equal(all.problems, [])
})

test('a whiteout hides nothing of its own layer', async () => {
  const layers = [tarOfEntries([{ name: 'opt/tool/bin/.wh.run' }, foreign, own])]
  const { problems } = await verify(buildLayout({ architecture: 'arm64', layers }))
  assert.equal(
    problems.map(({ code }) => code),
    ['file-platform'],
  )
})

test('an image whose own programs are all removed has programs for a narrower machine alone', async () => {
  const first = tarOfEntries([
    { name: 'a/own', content: elfs.amd64 },
    { name: 'b/other', content: elfs.i386 },
  ])
  const { problems } = await verify(buildLayout({ layers: [first, tarOfEntries([{ name: '.wh.a' }])] }))
  assert.equal(
    problems.map(({ code, found }) => [code, found]),
    [['file-platform', 'code for 386 alone in the image']],
  )
})

test('one layer is judged in each image with the layers above it there', async () => {
  const first = tarOfEntries([foreign, own])
  const [plain, removing] = [[first], [first, tarOfEntries([{ name: '.wh.opt' }])]]
  const entries = [
    { architecture: 'arm64', layers: plain, reference: 'a' },
    { architecture: 'arm64', layers: removing, reference: 'b' },
  ]
  const { problems, images } = await verify(buildLayout(entries))
  assert.equal(describeProblems(problems), [
    'file-platform index.json > manifests[0] (linux/arm64) > layers[0] > opt/tool/bin/run',
  ])
  assert.equal(
    images.map(({ programs }) => programs),
    [2, 1],
  )
})

test('programs for other machines are allowed by path, and counted by pattern', async () => {
  const allowForeign = ['/opt/*/bin/**', 'opt/**', 'usr/lib/*.so', 'bin/*']
  const report = await verify(withLater(), { allowForeign })
  assert.equal(report.problems, [])
  assert.equal(report.allowedForeign, [
    { pattern: '/opt/*/bin/**', files: 1 },
    { pattern: 'opt/**', files: 1 },
    { pattern: 'usr/lib/*.so', files: 0 },
    { pattern: 'bin/*', files: 0 },
  ])
  const tooShort = await verify(withLater(), { allowForeign: ['opt/*'] })
  assert.equal(
    tooShort.problems.map(({ code }) => code),
    ['file-platform'],
  )
})

test('a hard link may lead to a file of a lower layer, by way of a link too', async () => {
  const lower = [{ name: 'usr/lib/', type: '5' }, { name: 'usr/lib/x' }, { name: 'lib', type: '2', target: 'usr/lib' }]
  const link = (target: string): TarEntryDescription => ({ name: 'h', type: '1', target })
  const built = (...layers: (readonly TarEntryDescription[])[]): BuiltLayout =>
    buildLayout({ layers: layers.map(tarOfEntries) })
  for (const target of ['usr/lib/x', '/usr/lib/x', 'lib/x']) {
    assert.equal((await verify(built(lower, [link(target)]))).problems, [], target)
  }
  const missing = [built(lower, [link('usr/lib/y')]), built(lower, [{ name: 'usr/.wh.lib' }], [link('usr/lib/x')])]
  for (const layout of missing) {
    const { problems } = await verify(layout)
    assert.equal(
      problems.map(({ code, at }) => [code, at.at(-1)]),
      [['layer-entry-refused', 'h']],
    )
  }
})

test('of a layer that was not read, any file may be there', async () => {
  const editManifest = (manifest: Document): void => {
    manifest['layers'][0].mediaType = 'application/vnd.oci.image.layer.v1.tar+encrypted'
  }
  const layers = [tarOfEntries([{ name: 'a' }]), tarOfEntries([{ name: 'h', type: '1', target: 'a' }])]
  assert.equal((await verify(buildLayout({ layers, editManifest }))).problems, [])
})

test('says which layers exceed a limit, and what was not checked', async () => {
  const entries = Array.from({ length: 6000 }, (_, index) => ({
    name: `${'d'.repeat(40)}/${index}/${'e'.repeat(40)}/f`,
  }))
  const built = buildLayout({ layers: [tarOfEntries(entries)] })
  const { limited, problems } = await verify(built)
  assert.equal(problems, [])
  assert.equal(
    limited.map(({ digest, limit }) => [digest, limit]),
    [[built.images[0]!.layers[0], 'lower-places']],
  )
  assert.match(limited[0]!.unchecked, /^too many of its entries depend on lower layers/)
})

test('says which layers it cannot read', async () => {
  const mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip+encrypted'
  const built = buildLayout({ editManifest: (manifest) => (manifest['layers'][0].mediaType = mediaType) })
  const report = await verify(built)
  assert.equal(report.problems, [])
  assert.equal(report.unread, [{ digest: built.images[0]!.layers[0], mediaType }])
})

test.run()
