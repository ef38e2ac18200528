import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { assign } from '../../../src/oci/jobs/worker-pool.js'
import { sha256 } from '../../../src/oci/digest.js'
import type { HashJob } from '../../../src/oci/jobs/job.js'
import { hashBlob } from '../../../src/oci/jobs/hash-blob.js'
import { errorCode } from '../../../src/util/fs.js'

const test = suite('crew')
const MiB = 1024 * 1024
const algorithm = sha256('')

const directory = mkdtempSync(path.join(os.tmpdir(), 'mab-crew-'))
test.after(() => rmSync(directory, { recursive: true }))

/** A sparse file: zeros without the disk space. */
function zeros(name: string, size: number): string {
  const file = path.join(directory, name)
  writeFileSync(file, '')
  truncateSync(file, size)
  return file
}

function digestOfZeros(size: number): string {
  return `sha256:${createHash('sha256').update(Buffer.alloc(size)).digest('hex')}`
}

test('large blobs, more than one thread gets, have the digests that they have', async () => {
  const sizes = [48 * MiB, 33 * MiB, 40 * MiB + 1, 8 * MiB, 64 * MiB, 3 * MiB, MiB - 1, 0]
  const hashed = await Promise.all(
    sizes.map((size, index) => hashBlob({ file: zeros(`zeros-${index}`, size), offset: 0, size }, algorithm)),
  )
  assert.equal(
    hashed.map(({ digest }) => digest),
    sizes.map(digestOfZeros),
  )
})

test('a range in a file is that range', async () => {
  const file = zeros('range', 6 * MiB)
  const { digest } = await hashBlob({ file, offset: 100, size: 3 * MiB }, algorithm)
  assert.is(digest, digestOfZeros(3 * MiB))
})

test('a file that cannot be read is told with the code of the system, by every thread', async () => {
  const there = zeros('there', 40 * MiB)
  const jobs = [there, there, 'missing', there, 'missing', there].map((file) =>
    assign({ kind: 'hash', range: { file, offset: 0, size: 40 * MiB }, algorithm }).then(
      ({ digest }) => digest,
      (error: unknown) => errorCode(error) ?? String(error),
    ),
  )
  const zero = digestOfZeros(40 * MiB)
  assert.equal(await Promise.all(jobs), [zero, zero, 'ENOENT', zero, 'ENOENT', zero])
})

test('what is aborted is rejected, begun or not, and all else goes on', async () => {
  const [small, huge] = [64 * MiB, 1024 * MiB].map((size) => ({
    kind: 'hash' as const,
    range: { file: zeros(`aborted-${size}`, size), offset: 0, size },
    algorithm,
  })) as [HashJob, HashJob]
  const stop = new AbortController()
  const others = [assign(small), assign(small)]
  const stopped = Array.from({ length: 6 }, () =>
    assign(huge, stop.signal).then(
      () => 'done',
      (error: unknown) => (error as Error).name,
    ),
  )
  others.push(assign(small))
  await others[0]
  stop.abort()
  assert.equal(new Set(await Promise.all(stopped)), new Set(['AbortError']))
  assert.equal(new Set((await Promise.all(others)).map(({ digest }) => digest)), new Set([digestOfZeros(64 * MiB)]))
  assert.is(await assign(small, stop.signal).catch((error: unknown) => (error as Error).name), 'AbortError')
})

test.run()
