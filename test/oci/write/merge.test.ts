import { chmodSync, cpSync, linkSync, lstatSync, mkdirSync, readFileSync, readdirSync, renameSync } from 'node:fs'
import { rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseDigest, sha256 } from '../../../src/oci/digest.js'
import { mergeImage, type MergeSummary } from '../../../src/oci/write/merge.js'
import { isKnownWhole, putBytes, type LinkMode } from '../../../src/oci/write/store.js'
import { nothingVerified, type VerifiedFiles } from '../../../src/oci/verified.js'
import type { LayoutProblem, Result } from '../../../src/problem/problem.js'
import { blobsIn, buildLayout, digestOf, flipByte, seededBytes, type BuiltLayout } from '../../rig/layout-builder.js'
import { temporaryDirectory } from '../../rig/temp.js'
import { missingTool, testWith } from '../../rig/tools.js'
import { placesOf, select, valueOf } from '../merge-layouts.js'

const test = suite('merge')

/** Three layers, the last above one chunk of reading. */
function buildImage(): BuiltLayout {
  const layers = ['a', 'b', seededBytes(1, 1_500_000)]
  return buildLayout({ architecture: 'arm64', reference: 'latest', layers }, { garbage: 3 })
}

async function mergeFrom(
  location: string,
  output: string,
  mode: LinkMode = 'auto',
  verified: VerifiedFiles = nothingVerified,
): Promise<Result<MergeSummary, LayoutProblem>> {
  return mergeImage(await select(location, 'arm64'), output, { link: mode, verified })
}

function assertWhole(output: string, built: BuiltLayout): void {
  assert.equal(blobsIn(output), built.reachable)
  for (const digest of built.reachable) {
    const file = path.join(output, 'blobs', ...digest.split(':'))
    assert.is(digestOf(readFileSync(file)), digest)
    assert.ok(lstatSync(file).isFile())
  }
}

test('brings the reachable blobs and nothing else', async () => {
  const [built, output] = [buildImage(), temporaryDirectory()]
  const summary = valueOf(await mergeFrom(built.directory, output))
  assertWhole(output, built)
  assert.equal(
    summary.blobs.map(({ digest }) => digest).toSorted(),
    built.reachable,
    'the summary lists each blob once',
  )
  assert.is(
    summary.bytes,
    built.reachable.reduce((sum, digest) => sum + statSync(built.file(digest)).size, 0),
  )
})

test('takes one image of several', async () => {
  const [output, built] = [
    temporaryDirectory(),
    buildLayout({ entries: [{ architecture: 'amd64' }, { architecture: 'arm64', layers: ['mine'] }] }),
  ]
  valueOf(await mergeFrom(built.directory, output))
  const { digest, config, layers } = built.images[1]!
  assert.equal(blobsIn(output), [digest, config, ...layers].toSorted())
})

test('brings a blob that is listed twice once, and a sha512 manifest under its name', async () => {
  const built = buildLayout({ architecture: 'arm64', layers: ['same', 'same'], algorithm: 'sha512' })
  const output = temporaryDirectory()
  assert.is(valueOf(await mergeFrom(built.directory, output)).blobs.length, 3)
  assert.equal(blobsIn(output), built.reachable)
})

test('does it twice as once', async () => {
  const [built, output] = [buildImage(), temporaryDirectory()]
  valueOf(await mergeFrom(built.directory, output, 'copy'))
  const before = built.reachable.map((digest) => statSync(path.join(output, 'blobs', ...digest.split(':'))).ino)
  const again = valueOf(await mergeFrom(built.directory, output, 'copy'))
  const after = built.reachable.map((digest) => statSync(path.join(output, 'blobs', ...digest.split(':'))).ino)
  assert.equal(again.arrivals, { present: 5, reflink: 0, hardlink: 0, copy: 0 })
  assert.equal(after, before)
})

test('reports every missing blob and every wrong size, and brings none', async () => {
  const [built, output] = [buildImage(), temporaryDirectory()]
  const [first, , third] = built.images[0]!.layers
  rmSync(built.file(first!))
  truncateSync(built.file(third!), 5)
  assert.equal(placesOf(await mergeFrom(built.directory, output)), [
    'blob-missing index.json > manifests[0] (linux/arm64) > layers[0]',
    'blob-size index.json > manifests[0] (linux/arm64) > layers[2]',
  ])
  assert.equal(blobsIn(output), [])
})

test('refuses a layer with a digest that it cannot compute, and brings nothing', async () => {
  const digest = `blake3:${'a'.repeat(64)}`
  const built = buildLayout({ architecture: 'arm64', editManifest: ({ layers }) => (layers[0].digest = digest) })
  const output = temporaryDirectory()
  assert.equal(placesOf(await mergeFrom(built.directory, output)), [
    'digest-unsupported index.json > manifests[0] (linux/arm64) > layers[0] blake3:aaaaaaaaaaaa',
  ])
  assert.equal(blobsIn(output), [])
})

for (const mode of ['auto', 'hardlink', 'copy'] as const) {
  test(`reports every damaged blob, and leaves none of it behind (${mode})`, async () => {
    const [built, output] = [buildImage(), temporaryDirectory()]
    const [first, second, third] = built.images[0]!.layers
    flipByte(built.file(first!))
    flipByte(built.file(third!))
    assert.equal(placesOf(await mergeFrom(built.directory, output, mode)), [
      'blob-digest index.json > manifests[0] (linux/arm64) > layers[0]',
      'blob-digest index.json > manifests[0] (linux/arm64) > layers[2]',
    ])
    // Without the manifest: where it is, what it lists is there too.
    assert.equal(blobsIn(output), [built.images[0]!.config, second!].toSorted())
  })
}

test('shares bytes by hard links, and leaves the mode of the source as it is', async () => {
  const [built, output] = [buildImage(), temporaryDirectory()]
  for (const digest of built.reachable) chmodSync(built.file(digest), 0o600)
  const { arrivals } = valueOf(await mergeFrom(built.directory, output, 'hardlink'))
  assert.equal(arrivals, { present: 0, reflink: 0, hardlink: 5, copy: 0 })
  for (const digest of built.reachable) {
    const [from, to] = [statSync(built.file(digest)), statSync(path.join(output, 'blobs', ...digest.split(':')))]
    assert.equal([to.ino, to.mode & 0o777], [from.ino, 0o600])
  }
})

test('copies with mode 0644, whatever source and umask say', async () => {
  const [built, output] = [buildImage(), temporaryDirectory()]
  for (const digest of built.reachable) chmodSync(built.file(digest), 0o600)
  const own = Buffer.from('own')
  const before = process.umask(0o077)
  try {
    assert.is(valueOf(await mergeFrom(built.directory, output, 'copy')).arrivals.copy, 5)
    await putBytes(output, sha256(own), own, nothingVerified)
  } finally {
    process.umask(before)
  }
  for (const digest of [...built.reachable, sha256(own)]) {
    const stat = statSync(path.join(output, 'blobs', ...digest.split(':')))
    assert.equal([stat.mode & 0o777, stat.nlink], [0o644, 1])
  }
})

const sharedMemory = statSync('/dev/shm', { throwIfNoEntry: false })?.dev
const noOtherFileSystem =
  sharedMemory === undefined || sharedMemory === statSync(temporaryDirectory()).dev
    ? 'no second file system'
    : undefined
testWith(test, noOtherFileSystem, 'copies when the place is on another file system', async () => {
  const [built, output] = [buildImage(), temporaryDirectory()]
  const far = path.join('/dev/shm', path.basename(output))
  try {
    const { arrivals } = valueOf(await mergeFrom(built.directory, far, 'hardlink'))
    assert.is(arrivals.copy, 5)
    assertWhole(far, built)
  } finally {
    rmSync(far, { recursive: true, force: true })
  }
})

for (const mode of ['auto', 'copy'] as const) {
  test(`follows blobs that are symbolic links, and carries none over (${mode})`, async () => {
    const [built, output, elsewhere] = [buildImage(), temporaryDirectory(), temporaryDirectory()]
    built.reachable.forEach((digest, index) => {
      const target = path.join(elsewhere, `blob-${index}`)
      renameSync(built.file(digest), target)
      symlinkSync(
        index % 2 === 0 ? target : path.relative(path.dirname(built.file(digest)), target),
        built.file(digest),
      )
    })
    valueOf(await mergeFrom(built.directory, output, mode))
    assertWhole(output, built)
  })
}

test('replaces what is at the place of a blob and is none', async () => {
  const [built, output] = [buildImage(), temporaryDirectory()]
  const [first, second, third] = built.images[0]!.layers.map((digest) =>
    path.join(output, 'blobs', ...digest.split(':')),
  )
  mkdirSync(path.dirname(first!), { recursive: true })
  cpSync(built.file(built.images[0]!.layers[0]!), first!)
  flipByte(first!)
  writeFileSync(second!, 'short')
  symlinkSync(built.file(built.images[0]!.layers[2]!), third!)
  const { arrivals } = valueOf(await mergeFrom(built.directory, output))
  assert.is(arrivals.present, 0)
  assertWhole(output, built)
})

test('does not write through a link into the source', async () => {
  const [built, output] = [buildImage(), temporaryDirectory()]
  const [layer] = built.images[0]!.layers
  const damaged = path.join(temporaryDirectory(), 'damaged')
  const target = path.join(output, 'blobs', ...layer!.split(':'))
  mkdirSync(path.dirname(target), { recursive: true })
  cpSync(built.file(layer!), damaged)
  flipByte(damaged)
  const bytes = readFileSync(damaged)
  linkSync(damaged, target)
  valueOf(await mergeFrom(built.directory, output, 'copy'))
  assertWhole(output, built)
  assert.equal(readFileSync(damaged), bytes)
})

testWith(test, missingTool('tar'), 'takes blobs out of an archive', async () => {
  const [built, output] = [buildImage(), temporaryDirectory()]
  const archive = path.join(temporaryDirectory(), 'image.tar')
  execFileSync('tar', ['-cf', archive, '-C', built.directory, '.'])
  assert.is(valueOf(await mergeFrom(archive, output)).arrivals.copy, 5)
  assertWhole(output, built)
  const [, , third] = built.images[0]!.layers
  const bytes = readFileSync(archive)
  flipByte(archive, bytes.indexOf(readFileSync(built.file(third!))) + 700_000)
  assert.equal(placesOf(await mergeFrom(archive, temporaryDirectory())), [
    'blob-digest index.json > manifests[0] (linux/arm64) > layers[2]',
  ])
})

test('reads a file again only when it is another than the one that was found good', async () => {
  const known = new Set<string>()
  const verified: VerifiedFiles = {
    has: (file, identity, digest) => known.has(`${file} ${identity} ${digest}`),
    add: (file, identity, digest) => void known.add(`${file} ${identity} ${digest}`),
  }
  const [built, output] = [buildImage(), temporaryDirectory()]
  valueOf(await mergeFrom(built.directory, output, 'copy', verified))
  const layer = parseDigest(built.images[0]!.layers[2]!)!
  const file = path.join(output, 'blobs', ...layer.split(':'))
  const isKnown = (): boolean => isKnownWhole(file, layer, 1_500_000, verified)
  assert.ok(isKnown())
  flipByte(file)
  assert.not(isKnown())
  assert.is(valueOf(await mergeFrom(built.directory, output, 'copy', verified)).arrivals.copy, 1)
  assert.ok(isKnown())
})

test('a source that changes between reading and linking is read again while it is copied', async () => {
  const built = buildImage()
  const [, , layer] = built.images[0]!.layers
  const file = built.file(layer!)
  const mergeWhile = async (change: () => void): ReturnType<typeof mergeFrom> => {
    let known = true
    const has = (name: string): boolean => {
      if (name !== file) return false
      if (known) change()
      return known && !(known = false)
    }
    return mergeFrom(built.directory, temporaryDirectory(), 'hardlink', { has, add: () => {} })
  }
  const { arrivals } = valueOf(await mergeWhile(() => linkSync(file, path.join(temporaryDirectory(), 'link'))))
  assert.equal([arrivals.hardlink, arrivals.copy], [4, 1])
  assert.equal(placesOf(await mergeWhile(() => flipByte(file))), [
    'blob-digest index.json > manifests[0] (linux/arm64) > layers[2]',
  ])
})

test('stops when it is told to, without a half blob', async () => {
  const [built, output] = [buildImage(), temporaryDirectory()]
  const stop = new AbortController()
  stop.abort()
  const image = await select(built.directory, 'arm64')
  try {
    await mergeImage(image, output, { link: 'auto', verified: nothingVerified, signal: stop.signal })
    assert.unreachable()
  } catch (error) {
    assert.is((error as Error).name, 'AbortError')
  }
  assert.equal(readdirSync(output), [])
})

test.run()
