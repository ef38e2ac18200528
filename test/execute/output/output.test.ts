import { execFileSync } from 'node:child_process'
import fs, { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkArchive, checkOutput, collectGarbage } from '../../../src/execute/output/output.js'
import { lockFileName, removeOutput, stagedIndexFile } from '../../../src/execute/output/output-files.js'
import { buildLayout } from '../../rig/layout-builder.js'
import { temporaryDirectory } from '../../rig/temp.js'

const test = suite('output')

const hex = 'ab'.repeat(32)

test('a directory that holds other things is not ours, and is never cleaned', async () => {
  const directory = temporaryDirectory()
  writeFileSync(path.join(directory, 'thesis.txt'), 'years of work')
  mkdirSync(path.join(directory, 'blobs'))
  const problem = await checkOutput(directory)
  assert.is(problem?.code, 'output-not-ours')
  await collectGarbage(directory)
  assert.equal(readdirSync(directory), ['blobs', 'thesis.txt'])
})

test('a file in the place of the directory is not ours', async () => {
  const file = path.join(temporaryDirectory(), 'output')
  writeFileSync(file, '')
  assert.is((await checkOutput(file))?.code, 'output-not-ours')
})

test('nothing, or an empty directory, may be taken', async () => {
  const directory = temporaryDirectory()
  assert.is(await checkOutput(directory), undefined)
  assert.is(await checkOutput(path.join(directory, 'nothing')), undefined)
})

test('where there is no image, nothing of a broken-off run stays', async () => {
  const directory = path.join(temporaryDirectory(), 'output')
  mkdirSync(path.join(directory, 'blobs/sha256'), { recursive: true })
  writeFileSync(path.join(directory, 'blobs/sha256/.mab-tmp-1-ab'), '')
  writeFileSync(path.join(directory, stagedIndexFile), '{}')
  await collectGarbage(directory)
  assert.not.ok(existsSync(directory))
})

test('a removal that is interrupted leaves no index without its blobs', () => {
  const directory = buildLayout({ architecture: 'arm64', reference: 'latest' }, { garbage: 2 }).directory
  const { rmSync } = fs
  const removed: string[] = []
  fs.rmSync = (file, options) => {
    removed.push(path.relative(directory, String(file)))
    rmSync(file, options)
  }
  try {
    removeOutput(directory)
  } finally {
    fs.rmSync = rmSync
  }
  assert.is(removed[0], 'index.json')
  assert.not.ok(existsSync(directory))
})

test('the lock of a writer is neither a stranger nor garbage', async () => {
  const { directory } = buildLayout({ architecture: 'arm64', reference: 'latest' })
  writeFileSync(path.join(directory, lockFileName), '{}')
  // Left by a process that was killed while it removed a dead lock.
  writeFileSync(path.join(directory, `${lockFileName}.0123456789abcdef`), '{}')
  const problem = await checkOutput(directory)
  assert.is(problem?.code === 'output-not-ours' && problem.found.some((name) => name.startsWith('.mab')), false)
  removeOutput(directory)
  assert.equal(readdirSync(directory), [lockFileName])
})

test('an image that cannot be read to its end keeps all its blobs', async () => {
  const directory = temporaryDirectory()
  mkdirSync(path.join(directory, 'blobs/sha256'), { recursive: true })
  writeFileSync(path.join(directory, `blobs/sha256/${hex}`), 'x')
  writeFileSync(path.join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  writeFileSync(path.join(directory, 'index.json'), '{"schemaVersion":2,"manifests":[{}]}')
  assert.type(await collectGarbage(directory), 'string')
  assert.ok(existsSync(path.join(directory, `blobs/sha256/${hex}`)))
})

for (const stranger of [
  'blobs/mydir/x',
  'blobs/README',
  'blobs/sha256/mine.txt',
  `blobs/sha256/${hex}/x`,
  'oci-layout/x',
]) {
  test(`${stranger} is not ours, and keeps everything beside it`, async () => {
    const directory = temporaryDirectory()
    const blob = path.join(directory, `blobs/sha512/${hex}${hex}`)
    for (const file of [path.join(directory, stranger), blob]) {
      mkdirSync(path.dirname(file), { recursive: true })
      writeFileSync(file, 'precious')
    }
    const problem = await checkOutput(directory)
    assert.ok(problem?.code === 'output-not-ours')
    assert.match(
      problem.found.join(),
      stranger
        .split('/')
        .slice(0, stranger === 'blobs/mydir/x' ? 2 : 4)
        .join('/'),
    )
    await collectGarbage(directory)
    assert.equal([existsSync(path.join(directory, stranger)), existsSync(blob)], [true, true])
  })
}

test('a link to the blobs of another place is not ours', async () => {
  const [directory, pool] = [temporaryDirectory(), temporaryDirectory()]
  mkdirSync(path.join(pool, 'sha256'))
  writeFileSync(path.join(pool, `sha256/${hex}`), 'precious')
  symlinkSync(pool, path.join(directory, 'blobs'))
  assert.is((await checkOutput(directory))?.code, 'output-not-ours')
  await collectGarbage(directory)
  assert.ok(existsSync(path.join(pool, `sha256/${hex}`)))
})

/** As buildkit and `ctr images export` write it. */
const names = { 'io.containerd.image.name': 'docker.io/library/app:1', 'org.opencontainers.image.ref.name': '1' }
const entry = { mediaType: 'application/vnd.oci.image.index.v1+json', digest: `sha256:${hex}`, size: 2 }
const indexes: Readonly<Record<string, string>> = {
  'an index without images': JSON.stringify({ schemaVersion: 2, manifests: [] }, null, 2),
  'both names, written without white space': JSON.stringify({
    schemaVersion: 2,
    manifests: [{ ...entry, annotations: names }],
  }),
  'both names and a time': JSON.stringify(
    { schemaVersion: 2, manifests: [{ ...entry, annotations: { ...names, 'org.opencontainers.image.created': 'x' } }] },
    null,
    2,
  ),
}
for (const [what, index] of Object.entries(indexes)) {
  test(`${what}: another tool's, as a directory and as an archive`, async () => {
    const directory = temporaryDirectory()
    writeFileSync(path.join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
    writeFileSync(path.join(directory, 'index.json'), index)
    assert.is((await checkOutput(directory, false))?.code, 'output-not-ours')
    const archive = path.join(temporaryDirectory(), 'app.tar')
    execFileSync('tar', ['-cf', archive, '-C', directory, '.'])
    assert.is((await checkArchive(archive, false))?.code, 'archive-not-ours')
  })
}

test.run()
