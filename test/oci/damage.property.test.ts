/** Whatever byte of an image is changed, verifying it says so. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { writeArchive } from '../../src/oci/archive.js'
import { openLayout } from '../../src/oci/layout.js'
import { reachableDigests } from '../../src/oci/reachable.js'
import { selectImage } from '../../src/oci/select.js'
import { verifyLayout } from '../../src/oci/validate.js'
import { buildLayout, seededBytes, type Document } from '../rig/layout-builder.js'
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

test('does not throw on an archive that is changed or cut off anywhere', async () => {
  const file = path.join(temporaryDirectory(), 'image.tar')
  valueOf(await writeArchive(nested.directory, nested.blobs, file, { mtime: 0 }))
  const whole = readFileSync(file)
  const broken = path.join(temporaryDirectory(), 'image.tar')
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), async (position, mask, length) => {
      const bad = Buffer.from(whole.subarray(0, length))
      if (position < length) bad[position]! ^= mask
      writeFileSync(broken, bad)
      const verified = await verifyLayout(broken)
      if (verified.ok && verified.value.problems.length === 0) assert.ok(length > whole.length - 10_240 * 2)
    }),
  )
})

test.run()
