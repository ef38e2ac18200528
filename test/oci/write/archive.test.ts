import { execFileSync } from 'node:child_process'
import { chmodSync, linkSync, readFileSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { writeArchive } from '../../../src/oci/write/archive.js'
import { verifyLayout } from '../../../src/oci/verify/verify.js'
import { buildLayout, digestOf, flipByte, seededBytes, type BuiltLayout } from '../../rig/layout-builder.js'
import { temporaryDirectory } from '../../rig/temp.js'
import { missingTool, testWith } from '../../rig/tools.js'
import { mergeLayouts, placesOf, valueOf } from '../merge-layouts.js'

const test = suite('archive')

function buildImage(): BuiltLayout {
  const layers = ['one', seededBytes(3, 1_100_000)]
  return buildLayout({ reference: 'latest', algorithm: 'sha512', entries: [{ layers }, { architecture: 'arm64' }] })
}

/** Packs all that can be reached. */
async function pack(built: BuiltLayout, file: string, mtime = 0): Promise<{ size: number }> {
  return valueOf(await writeArchive(built.directory, built.reachable, file, { mtime }))
}

function freshFile(): string {
  return path.join(temporaryDirectory(), 'deep', 'image.tar')
}

test('writes the same bytes for the same image', async () => {
  const [one, two, built] = [freshFile(), freshFile(), buildImage()]
  const written = await pack(built, one)
  chmodSync(built.file(built.reachable[0]!), 0o600)
  utimesSync(built.file(built.reachable[0]!), 1, 1)
  const again = buildImage()
  await pack({ ...again, reachable: again.reachable.toReversed() }, two)
  const bytes = readFileSync(one)
  assert.is(Buffer.compare(bytes, readFileSync(two)), 0)
  assert.equal(written, { size: bytes.length })
  assert.is(bytes.length % 10_240, 0)
})

test('leaves garbage out, and can be verified as it is', async () => {
  const file = freshFile()
  const built = buildLayout([{ reference: 'latest' }], { garbage: 3 })
  await pack(built, file)
  const report = valueOf(await verifyLayout(file))
  assert.is(report.kind, 'archive')
  assert.equal(report.problems, [])
  assert.equal(report.blobs.map(({ digest }) => digest).toSorted(), built.reachable)
})

test('is readable for everyone, and the old one until the new one is whole', async () => {
  const [file, built] = [freshFile(), buildImage()]
  const before = process.umask(0o077)
  try {
    await pack(built, file)
  } finally {
    process.umask(before)
  }
  assert.is(statSync(file).mode & 0o777, 0o644)
  const old = readFileSync(file)
  flipByte(built.file(built.images[0]!.layers[1]!))
  const failed = await writeArchive(built.directory, built.reachable, file, { mtime: 0 })
  assert.equal(placesOf(failed), [`blob-digest ${path.join('blobs', ...built.images[0]!.layers[1]!.split(':'))}`])
  assert.equal(readFileSync(file), old)
  assert.equal(readdirSync(path.dirname(file)), ['image.tar'])
})

test('a known blob that changes while it is copied leaves no archive; one that gets a hard link is copied', async () => {
  const [file, built] = [freshFile(), buildImage()]
  const blob = built.file(built.images[0]!.layers[0]!)
  const copyWhile = async (change: () => void): ReturnType<typeof writeArchive> => {
    // Known before it is copied, and of an unknown identity afterwards.
    let known = true
    const has = (name: string): boolean => {
      if (name !== blob) return false
      if (known) change()
      return known && !(known = false)
    }
    return writeArchive(built.directory, built.reachable, file, { mtime: 0, verified: { has, add: () => {} } })
  }
  const linked = await copyWhile(() => linkSync(blob, `${file}-link`))
  assert.ok(linked.ok, JSON.stringify(linked))
  rmSync(file)
  const failed = await copyWhile(() => flipByte(blob))
  assert.equal(placesOf(failed), [`blob-digest ${path.join('blobs', ...built.images[0]!.layers[0]!.split(':'))}`])
  assert.equal(readdirSync(path.dirname(file)), [`${path.basename(file)}-link`])
})

test('leaves nothing behind when it is stopped or a blob is gone', async () => {
  const [file, built, stop] = [freshFile(), buildImage(), new AbortController()]
  stop.abort()
  const attempts = [
    () => writeArchive(built.directory, built.reachable, file, { mtime: 0, signal: stop.signal }),
    () => {
      rmSync(built.file(built.images[1]!.config))
      return writeArchive(built.directory, built.reachable, file, { mtime: 0 })
    },
  ]
  for (const attempt of attempts) {
    try {
      await attempt()
      assert.unreachable()
    } catch (error) {
      assert.match(String(error), /AbortError|ENOENT/)
    }
    assert.equal(readdirSync(path.dirname(file)), [])
  }
})

testWith(test, missingTool('tar'), 'is listed by GNU tar as sorted members of nobody with one time', async () => {
  const [file, built] = [freshFile(), buildImage()]
  await pack(built, file, 86_400)
  const lines = execFileSync('tar', ['--numeric-owner', '--utc', '-tvf', file], { encoding: 'utf8' }).trim().split('\n')
  const names = lines.map((line) => line.split(' ').at(-1)!)
  const expected = [
    ...built.reachable.map((digest) => path.join('blobs', ...digest.split(':'))),
    'index.json',
    'oci-layout',
  ]
  const directories = ['blobs/', 'blobs/sha256/', 'blobs/sha512/']
  assert.equal(names, [...expected, ...directories].toSorted())
  assert.ok(names.some((name) => name.length > 100))
  for (const line of lines) assert.match(line, /^(drwxr-xr-x|-rw-r--r--) 0\/0 +\d+ 1970-01-02 00:00 /)
})

testWith(test, missingTool('tar'), 'has the time that it was given, however late', async () => {
  const file = freshFile()
  await pack(buildImage(), file, 99_999_999_999)
  const listed = execFileSync('tar', ['--utc', '-tvf', file], { encoding: 'utf8' }).trim().split('\n')
  for (const line of listed) assert.match(line, / 5138-11-16 09:46 /)
  assert.equal(valueOf(await verifyLayout(file)).problems, [])
})

testWith(
  test,
  missingTool('tar', 'python3'),
  'is unpacked by GNU tar and Python to the files that went in',
  async () => {
    const [file, built] = [freshFile(), buildImage()]
    await pack(built, file)
    const [byTar, byPython] = [temporaryDirectory(), temporaryDirectory()]
    execFileSync('tar', ['-xf', file, '-C', byTar])
    execFileSync('python3', ['-m', 'tarfile', '-e', file, byPython])
    for (const directory of [byTar, byPython]) {
      for (const digest of built.reachable) {
        assert.is(
          digestOf(readFileSync(path.join(directory, 'blobs', ...digest.split(':'))), digest.slice(0, 6)),
          digest,
        )
      }
      for (const name of ['index.json', 'oci-layout']) {
        assert.equal(readFileSync(path.join(directory, name)), readFileSync(path.join(built.directory, name)))
      }
    }
  },
)

testWith(test, missingTool('skopeo'), 'is an oci-archive to skopeo', async () => {
  const [amd64, arm64] = [buildLayout({}), buildLayout({ architecture: 'arm64' })]
  const sources = { amd64: amd64.directory, arm64: arm64.directory }
  const image = await mergeLayouts(sources, { reference: 'latest', name: 'localhost/app:latest' })
  const file = freshFile()
  valueOf(await writeArchive(image.directory, image.blobs, file, { mtime: 0 }))
  for (const reference of ['', ':latest']) {
    assert.equal(execFileSync('skopeo', ['inspect', '--raw', `oci-archive:${file}${reference}`]), image.bytes)
  }
  const args = ['--override-arch', 'arm64', 'inspect', `oci-archive:${file}`]
  const inspected = JSON.parse(execFileSync('skopeo', args, { encoding: 'utf8' })) as { Architecture: string }
  assert.is(inspected.Architecture, 'arm64')
})

test('does not take index.json for a blob', async () => {
  const [file, built] = [freshFile(), buildLayout({})]
  const indexJson = path.join(built.directory, 'index.json')
  writeFileSync(indexJson, `${readFileSync(indexJson, 'utf8')}\n`)
  await pack(built, file)
  assert.equal(valueOf(await verifyLayout(file)).problems, [])
})

test.run()
