/** Layers that are read through: what their content says, against what their image says. */
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { verifyLayout } from '../../src/oci/validate.js'
import type { VerifyReport } from '../../src/oci/verify-report.js'
import { elfs } from '../rig/elf-builder.js'
import { buildLayout, flipByte, type BuiltLayout, type Document, type ImageDescription } from '../rig/layout-builder.js'
import { tarOfEntries } from '../rig/tar-builder.js'
import { describeProblems, valueOf } from './merge-layouts.js'

const test = suite('validate-deep')
const [image, other] = ['index.json > manifests[0]', 'index.json > manifests[1]']

async function verify(built: BuiltLayout): Promise<VerifyReport> {
  return valueOf(await verifyLayout(built.directory, { deep: true }))
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

test('says which layers it cannot read', async () => {
  const mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip+encrypted'
  const built = buildLayout({ editManifest: (manifest) => (manifest['layers'][0].mediaType = mediaType) })
  const report = await verify(built)
  assert.equal(report.problems, [])
  assert.equal(report.unread, [{ digest: built.images[0]!.layers[0], mediaType }])
})

test.run()
