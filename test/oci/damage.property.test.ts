/** Whatever byte of an image is changed, verifying it says so. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { writeArchive } from '../../src/oci/write/archive.js'
import { parseDigest } from '../../src/oci/digest.js'
import { openLayout } from '../../src/oci/read/layout.js'
import { reachableDigests } from '../../src/oci/read/reachable.js'
import { selectImage } from '../../src/oci/image/select.js'
import { verifyLayout } from '../../src/oci/verify/verify.js'
import { elfs } from '../rig/elf-builder.js'
import { buildLayout, digestOf, seededBytes, type Document } from '../rig/layout-builder.js'
import { tarOfEntries, zstdStored } from '../rig/tar-builder.js'
import { temporaryDirectory } from '../rig/temp.js'
import { mergeLayouts, platformOf, valueOf } from './merge-layouts.js'

const test = suite('damage')

const sources = {
  arm64: buildLayout({ architecture: 'arm64', layers: ['shared', seededBytes(1, 5000)] }).directory,
  amd64: buildLayout({ architecture: 'amd64', layers: ['shared', 'own'], docker: true }).directory,
  'linux/arm/v7': buildLayout({ architecture: 'arm', algorithm: 'sha512' }).directory,
}
const nested = await mergeLayouts(sources, { reference: 'latest', name: 'localhost/app:latest' })
const flat = await mergeLayouts(sources, { format: 'flat' })

const platforms = Object.keys(sources).map(platformOf)

async function isFoundGood(location: string): Promise<boolean> {
  const verified = await verifyLayout(location, { platforms })
  return verified.ok && verified.value.problems.length === 0
}

/** What index.json says about which bytes are the image; names and annotations are not among it. */
function meaningOf(bytes: Buffer): string | undefined {
  try {
    const { schemaVersion, manifests } = JSON.parse(bytes.toString()) as {
      schemaVersion: unknown
      manifests: { mediaType: unknown; digest: unknown; size: unknown }[]
    }
    const entries = manifests.map(({ mediaType, digest, size }) => ({ mediaType, digest, size }))
    return JSON.stringify({ schemaVersion, entries })
  } catch {
    return undefined
  }
}

for (const [format, image] of Object.entries({ nested, flat })) {
  test(`finds any byte that is changed in a blob of a ${format} image`, async () => {
    assert.ok(await isFoundGood(image.directory))
    const change = fc.tuple(fc.constantFrom(...image.blobs), fc.nat(), fc.integer({ min: 1, max: 255 }))
    await fc.assert(
      fc.asyncProperty(change, async ([digest, position, mask]) => {
        const file = path.join(image.directory, 'blobs', ...digest.split(':'))
        const good = readFileSync(file)
        const bad = Buffer.from(good)
        bad[position % bad.length]! ^= mask
        writeFileSync(file, bad)
        try {
          assert.not(await isFoundGood(image.directory))
        } finally {
          writeFileSync(file, good)
        }
      }),
    )
    assert.ok(await isFoundGood(image.directory))
  })

  test(`finds any byte of a ${format} image's index.json that says which bytes the image is`, async () => {
    const directory = temporaryDirectory()
    cpSync(image.directory, directory, { recursive: true })
    const meaning = meaningOf(image.indexJson)
    await fc.assert(
      fc.asyncProperty(fc.nat(image.indexJson.length - 1), fc.integer({ min: 1, max: 255 }), async (position, mask) => {
        const bad = Buffer.from(image.indexJson)
        bad[position]! ^= mask
        writeFileSync(path.join(directory, 'index.json'), bad)
        const good = await isFoundGood(directory)
        if (meaningOf(bad) !== meaning) assert.not(good)
      }),
      { numRuns: 500 },
    )
  })
}

/** How a layer may be stored. */
const packings = [
  (tar: Uint8Array) => [tar, ''] as const,
  (tar: Uint8Array) => [gzipSync(tar), '+gzip'] as const,
  (tar: Uint8Array) => [zstdStored(tar), '+zstd'] as const,
]

/** Puts `value` somewhere into a document: each number of `route` chooses a key. */
function putInto(document: Document, route: readonly number[], value: unknown): void {
  let node = document
  for (const [depth, choice] of route.entries()) {
    const keys = Object.keys(node)
    const key = keys[choice % keys.length]
    if (key === undefined) return
    if (depth < route.length - 1 && typeof node[key] === 'object' && node[key] !== null) node = node[key] as Document
    else return void (node[key] = value)
  }
}

test('does not throw on documents that say anything, with digests that fit', async () => {
  const special = fc.constantFrom<unknown>('constructor', '__proto__', '', null, -1, 1e21, [], {}, 'sha256:..')
  const edit = fc.record({
    where: fc.constantFrom('editConfig', 'editManifest', 'editIndex', 'editDescriptor'),
    route: fc.array(fc.nat(7), { minLength: 1, maxLength: 5 }),
    value: fc.oneof(special, fc.jsonValue({ maxDepth: 2 })),
  })
  const directory = temporaryDirectory()
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
      const hooks = Object.fromEntries(
        edits.map(({ where, route, value }) => [where, (document: Document) => putInto(document, route, value)]),
      )
      buildLayout({ ...hooks, entries: [{ ...hooks }, { architecture: 'arm64' }] }, { directory })
      const opened = openLayout(directory)
      if (!opened.ok) return
      reachableDigests(opened.value)
      const selected = selectImage(opened.value, undefined, platformOf('amd64'))
      const verified = valueOf(await verifyLayout(directory))
      for (const { code, at } of verified.problems) assert.ok(code !== undefined && at.length > 0)
      if (selected.ok && verified.problems.length === 0) assert.ok(verified.images.length > 0)
    }),
    { numRuns: 300 },
  )
})

/** What was found good: which bytes the image is. */
async function imageIn(location: string): Promise<string | undefined> {
  const verified = await verifyLayout(location, { platforms })
  if (!verified.ok || verified.value.problems.length > 0) return undefined
  const { index, images, blobs } = verified.value
  return JSON.stringify({ index, images, blobs })
}

for (const [format, image] of Object.entries({ nested, flat })) {
  test(`an archive of a ${format} image that is changed or cut off anywhere is found out, or still is the same image`, async () => {
    const file = path.join(temporaryDirectory(), 'image.tar')
    valueOf(await writeArchive(image.directory, image.blobs, file, { mtime: 0 }))
    const whole = readFileSync(file)
    const good = await imageIn(file)
    assert.ok(good !== undefined)
    const layout = valueOf(openLayout(file))
    const ranges = image.blobs.map((digest) => layout.locate(parseDigest(digest)!)!)
    const isBlob = (at: number): boolean => ranges.some(({ offset, size }) => offset <= at && at < offset + size)
    const broken = path.join(temporaryDirectory(), 'image.tar')
    const change = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), fc.nat(whole.length * 4))
    await fc.assert(
      fc.asyncProperty(change, async ([position, mask, length]) => {
        const bad = Buffer.from(whole.subarray(0, length))
        if (position < bad.length) bad[position]! ^= mask
        writeFileSync(broken, bad)
        const found = await imageIn(broken)
        if (isBlob(position) || length < whole.length / 2) assert.is(found, undefined)
        else assert.ok(found === undefined || found === good)
      }),
      { numRuns: 300 },
    )
  })
}

test('any byte of a layer that is changed with its digest is found by what is in it', async () => {
  const layer = tarOfEntries([
    { name: 'usr/', type: '5' },
    { name: 'usr/bin/tool', content: elfs.amd64 },
    { name: 'usr/bin/link', type: '2', target: 'tool' },
  ])
  const directory = temporaryDirectory()
  const change = fc.tuple(fc.nat(layer.length - 1), fc.integer({ min: 1, max: 255 }), fc.constantFrom(...packings))
  await fc.assert(
    fc.asyncProperty(change, async ([position, mask, pack]) => {
      const bad = Buffer.from(layer)
      bad[position]! ^= mask
      // The diff ID is that of the good layer; all digests above fit.
      const diffIds = [digestOf(layer)]
      const editConfig = ({ rootfs }: Document): unknown => (rootfs.diff_ids = diffIds)
      buildLayout({ layers: [bad], pack, editConfig }, { directory })
      assert.equal(valueOf(await verifyLayout(directory)).problems, [])
      const { problems } = valueOf(await verifyLayout(directory, { deep: true }))
      assert.ok(problems.some(({ code }) => code === 'layer-diff-id'))
    }),
    { numRuns: 200 },
  )
})

test.run()
