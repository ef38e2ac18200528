import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { blobPath, sha256 } from '../../../src/oci/digest.js'
import { isKnownWhole, putBytes } from '../../../src/oci/write/store.js'
import { nothingVerified } from '../../../src/oci/verified.js'
import { blobsIn, flipByte } from '../../rig/layout-builder.js'
import { temporaryDirectory } from '../../rig/temp.js'

const test = suite('store')
const bytes = Buffer.from('the bytes of a blob')
const digest = sha256(bytes)

test('puts bytes at their place, once', async () => {
  const root = temporaryDirectory()
  assert.is(await putBytes(root, digest, bytes, nothingVerified), 'copy')
  const file = path.join(root, blobPath(digest))
  assert.equal(readFileSync(file), bytes)
  const { ino } = statSync(file)
  assert.is(await putBytes(root, digest, bytes, nothingVerified), 'present')
  assert.is(statSync(file).ino, ino)
  assert.equal(blobsIn(root), [digest])
})

test('puts bytes over damaged ones', async () => {
  const root = temporaryDirectory()
  const file = path.join(root, blobPath(digest))
  await putBytes(root, digest, bytes, nothingVerified)
  flipByte(file)
  assert.is(await putBytes(root, digest, bytes, nothingVerified), 'copy')
  writeFileSync(file, '')
  assert.is(await putBytes(root, digest, bytes, nothingVerified), 'copy')
  assert.equal(readFileSync(file), bytes)
})

test('refuses bytes of another digest, which only a bug can bring', async () => {
  const root = temporaryDirectory()
  try {
    await putBytes(root, digest, Buffer.from('others'), nothingVerified)
    assert.unreachable()
  } catch (error) {
    assert.match((error as Error).message, `not the bytes of ${digest}`)
  }
  assert.equal(blobsIn(root), [])
})

test('leaves no temporary file where a blob cannot be put', async () => {
  const root = temporaryDirectory()
  const place = path.join(root, blobPath(digest))
  mkdirSync(path.join(place, 'not empty'), { recursive: true })
  try {
    await putBytes(root, digest, bytes, nothingVerified)
    assert.unreachable()
  } catch (error) {
    assert.match((error as Error).message, /EISDIR|ENOTEMPTY/)
  }
  assert.equal(readdirSync(path.dirname(place)), [path.basename(place)])
})

test('knows nothing of a file that was never found good', async () => {
  const root = temporaryDirectory()
  await putBytes(root, digest, bytes, nothingVerified)
  const file = path.join(root, blobPath(digest))
  assert.not(isKnownWhole(file, digest, bytes.length, nothingVerified))
  assert.not(isKnownWhole(file, digest, bytes.length + 1, { has: () => true, add: () => {} }))
  assert.not(isKnownWhole(`${file}x`, digest, bytes.length, { has: () => true, add: () => {} }))
  assert.ok(isKnownWhole(file, digest, bytes.length, { has: () => true, add: () => {} }))
})

test.run()
