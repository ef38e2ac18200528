import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseDigest, sha256 } from '../../../src/oci/digest.js'
import { openLayout } from '../../../src/oci/read/layout.js'
import { buildLayout, editJson, type BuiltLayout } from '../../rig/layout-builder.js'
import { temporaryDirectory } from '../../rig/temp.js'
import { missingTool, testWith } from '../../rig/tools.js'
import { open } from '../merge-layouts.js'

const test = suite('layout')
const noTar = missingTool('tar')

test('opens a directory and finds its blobs', async () => {
  const built = buildLayout({ architecture: 'arm64' })
  const layout = await open(built.directory)
  const digest = parseDigest(built.images[0]!.digest)!
  const blob = layout.locate(digest)
  assert.is(layout.kind, 'directory')
  assert.is(layout.index.manifests?.[0]?.digest, digest)
  assert.equal([blob?.file, blob?.offset, blob?.whole], [built.file(digest), 0, true])
  assert.is(layout.locate(sha256('not there')), undefined)
})

test('takes a blob that is no file for none', async () => {
  const built = buildLayout({})
  const [digest] = built.images[0]!.layers
  rmSync(built.file(digest!))
  mkdirSync(built.file(digest!))
  assert.is((await open(built.directory)).locate(parseDigest(digest!)!), undefined)
})

test('keeps what it does not know in index.json', async () => {
  const { directory } = buildLayout({}, { edit: (index) => Object.assign(index, { 'x-own': [1], manifests: null }) })
  const layout = await open(directory)
  assert.match(layout.indexBytes.toString(), '"x-own":[1]')
  assert.equal(layout.index.manifests, [])
  assert.equal(layout.indexBytes, readFileSync(path.join(directory, 'index.json')))
})

/** What is done to a good layout, and the code, place and finding of the problems. */
const broken: Record<string, [damage: (directory: string) => void, expected: readonly RegExp[]]> = {
  'nothing at all': [
    (directory) => rmSync(directory, { recursive: true }),
    [/^layout-unreadable  no such file or directory$/],
  ],
  'an empty directory': [
    (directory) => {
      rmSync(directory, { recursive: true })
      mkdirSync(directory)
    },
    [/^layout-unreadable {2}no index\.json and oci-layout$/],
  ],
  'no index.json': [
    (directory) => rmSync(path.join(directory, 'index.json')),
    [/^layout-unreadable {2}no index\.json$/],
  ],
  'no oci-layout': [
    (directory) => rmSync(path.join(directory, 'oci-layout')),
    [/^layout-unreadable {2}no oci-layout$/],
  ],
  'a directory in place of index.json': [
    (directory) => {
      rmSync(path.join(directory, 'index.json'))
      mkdirSync(path.join(directory, 'index.json'))
    },
    [/^layout-unreadable {2}index\.json is a directory$/],
  ],
  'a link to itself in place of index.json': [
    (directory) => {
      rmSync(path.join(directory, 'index.json'))
      symlinkSync('index.json', path.join(directory, 'index.json'))
    },
    [/^layout-unreadable {2}index\.json is a symbolic link to index\.json \(which leads round\)$/],
  ],
  'a link to nothing in place of index.json, and no oci-layout': [
    (directory) => {
      rmSync(path.join(directory, 'oci-layout'))
      rmSync(path.join(directory, 'index.json'))
      symlinkSync('gone.json', path.join(directory, 'index.json'))
    },
    [/^layout-unreadable {2}no oci-layout, index\.json is a symbolic link to gone\.json \(where nothing is\)$/],
  ],
  'a named pipe in place of index.json': [
    (directory) => {
      rmSync(path.join(directory, 'index.json'))
      execFileSync('mkfifo', [path.join(directory, 'index.json')])
    },
    [/^layout-unreadable {2}index\.json is a named pipe$/],
  ],
  'a named pipe in its own place': [
    (directory) => {
      rmSync(directory, { recursive: true })
      execFileSync('mkfifo', [directory])
    },
    [/^layout-unreadable {2}neither$/],
  ],
  'another version': [
    (directory) => writeFileSync(path.join(directory, 'oci-layout'), '{"imageLayoutVersion":"2.0.0"}'),
    [/^layout-version oci-layout > imageLayoutVersion 2\.0\.0$/],
  ],
  'a version and an index that are none': [
    (directory) => {
      writeFileSync(path.join(directory, 'oci-layout'), '{}')
      writeFileSync(path.join(directory, 'index.json'), '{"schemaVersion":1}')
    },
    [
      /^document-malformed oci-layout > imageLayoutVersion nothing$/,
      /^document-malformed index\.json > schemaVersion 1$/,
      /^document-malformed index\.json > manifests nothing$/,
    ],
  ],
  'an index cut off': [
    (directory) => truncateSync(path.join(directory, 'index.json'), 20),
    [/^document-malformed index\.json .*JSON/],
  ],
  'an index of no bytes': [
    (directory) => truncateSync(path.join(directory, 'index.json'), 0),
    [/^document-malformed index\.json .*JSON/],
  ],
  'an index that is no UTF-8': [
    (directory) => writeFileSync(path.join(directory, 'index.json'), Buffer.from([0x22, 0xff, 0x22])),
    [/^document-malformed index\.json .*utf-8/],
  ],
  'an index above 8 MiB': [
    (directory) => truncateSync(path.join(directory, 'index.json'), 9 * 2 ** 20),
    [/^document-too-large index\.json 8388609 bytes or more$/],
  ],
  'descriptors of wrong types': [
    (directory) =>
      editJson(path.join(directory, 'index.json'), (index) => {
        Object.assign(index['manifests'][0], { digest: 7, size: -1, annotations: { a: { deep: [] } } })
      }),
    [
      /^document-malformed index\.json > manifests\[0\]\.digest 7$/,
      /^document-malformed index\.json > manifests\[0\]\.size -1$/,
      /^document-malformed index\.json > manifests\[0\]\.annotations\.a an object$/,
    ],
  ],
  'the media type of a manifest': [
    (directory) =>
      editJson(path.join(directory, 'index.json'), (index) => {
        index['mediaType'] = 'application/vnd.oci.image.manifest.v1+json'
      }),
    [/^document-malformed index\.json > mediaType "application\/vnd.oci.image.manifest.v1\+json"$/],
  ],
  'values that nest deeper than a stack': [
    (directory) => {
      const deep = `${'['.repeat(500_000)}${']'.repeat(500_000)}`
      writeFileSync(path.join(directory, 'index.json'), `{"schemaVersion":${deep},"manifests":[]}`)
    },
    [/^document-too-large index\.json one more at byte \d+$/],
  ],
  'a name twice': [
    (directory) => {
      const entry = '{"mediaType":"x","digest":"sha256:1","size":1,"digest":"sha256:2"}'
      writeFileSync(path.join(directory, 'index.json'), `{"schemaVersion":2,"manifests":[${entry}]}`)
    },
    [/^document-ambiguous index\.json > manifests\[0\]\.digest the name twice/],
  ],
  'a byte order mark': [
    (directory) => writeFileSync(path.join(directory, 'oci-layout'), '\ufeff{"imageLayoutVersion":"1.0.0"}'),
    [/^document-malformed oci-layout a byte order mark$/],
  ],
  'a million entries': [
    (directory) => {
      const entries = '1,'.repeat(1_000_000)
      writeFileSync(path.join(directory, 'index.json'), `{"schemaVersion":2,"manifests":[${entries}1]}`)
    },
    [/^document-too-large index\.json one more at byte \d+$/],
  ],
}
for (const [what, [damage, expected]] of Object.entries(broken)) {
  test(`tells of ${what}`, async () => {
    const directory = path.join(temporaryDirectory(), 'layout')
    buildLayout({}, { directory })
    damage(directory)
    const opened = openLayout(directory)
    const found = opened.ok
      ? []
      : opened.problems.map((problem) => `${problem.code} ${problem.at.join(' > ')} ${problem.found}`)
    assert.is(found.length, expected.length, found.join('\n'))
    expected.forEach((pattern, index) => assert.match(found[index]!, pattern))
  })
}

test('tells at most a handful of faults of one document', async () => {
  const { directory } = buildLayout(
    {},
    { edit: (index) => (index['manifests'] = Array.from({ length: 10_000 }, () => ({}))) },
  )
  const opened = openLayout(directory)
  assert.ok(!opened.ok && opened.problems.length < 100)
})

test('says in plain words what it expected', async () => {
  const { directory } = buildLayout({}, { edit: (index) => Object.assign(index, { schemaVersion: 1, manifests: 'x' }) })
  const opened = openLayout(directory)
  assert.equal(opened.ok ? [] : opened.problems.map(({ expected }) => expected), ['2', 'an array of descriptors'])
})

/** The layout as an archive made by GNU tar. */
function archiveOf(built: BuiltLayout, ...args: string[]): string {
  const archive = path.join(temporaryDirectory(), 'image.tar')
  execFileSync('tar', ['-cf', archive, ...args], { cwd: built.directory })
  return archive
}

const arrangements: Record<string, (built: BuiltLayout) => string> = {
  'at its top': (built) => archiveOf(built, 'index.json', 'oci-layout', 'blobs'),
  'below "./"': (built) => archiveOf(built, '.'),
  'in one directory inside': (built) =>
    archiveOf(built, '-C', path.dirname(built.directory), path.basename(built.directory)),
  'in one directory inside, below "./"': (built) =>
    archiveOf(built, '-C', path.dirname(built.directory), `./${path.basename(built.directory)}`),
}
for (const [where, pack] of Object.entries(arrangements)) {
  testWith(test, noTar, `opens an archive with the layout ${where}`, async () => {
    const built = buildLayout({ architecture: 'arm64', algorithm: 'sha512' })
    const archive = pack(built)
    const layout = await open(archive)
    const digest = built.images[0]!.digest
    const blob = layout.locate(parseDigest(digest)!)
    assert.is(layout.kind, 'archive')
    assert.ok(blob !== undefined && !blob.whole)
    const content = readFileSync(archive).subarray(blob.offset, blob.offset + blob.size)
    assert.equal(content, readFileSync(built.file(digest)))
  })
}

testWith(test, noTar, 'refuses an archive without a layout, with two, or compressed', async () => {
  const built = buildLayout({})
  const foundIn = async (archive: string): Promise<string> => {
    const opened = openLayout(archive)
    return opened.ok ? 'a layout' : opened.problems.map(({ code, found }) => `${code}: ${found}`).join()
  }
  assert.match(await foundIn(archiveOf(built, 'oci-layout')), /^layout-unreadable: no index\.json there$/)
  assert.match(await foundIn(archiveOf(built, 'index.json')), /^layout-unreadable: no oci-layout$/)
  assert.match(await foundIn(archiveOf(built, '-z', '.')), /^layout-unreadable: a file compressed by gzip$/)
  const two = temporaryDirectory()
  for (const name of ['a', 'b']) cpSync(built.directory, path.join(two, name), { recursive: true })
  assert.match(await foundIn(archiveOf({ ...built, directory: two }, 'a', 'b')), /^layout-unreadable: several: a, b$/)
})

const unprivileged = process.getuid?.() === 0 ? 'root may read everything' : undefined
testWith(test, unprivileged, 'tells of an index.json that it may not read', async () => {
  const { directory } = buildLayout({})
  chmodSync(path.join(directory, 'index.json'), 0)
  const opened = openLayout(directory)
  assert.match(opened.ok ? '' : opened.problems[0]!.found, /EACCES: permission denied/)
})

test('reads another file in place of index.json', async () => {
  const { directory } = buildLayout({}, { edit: (index) => (index['manifests'] = []) })
  writeFileSync(path.join(directory, 'staged.json'), '{"schemaVersion":2,"manifests":[],"x-staged":true}')
  const opened = openLayout(directory, { indexFile: 'staged.json' })
  assert.match(opened.ok ? opened.value.indexBytes.toString() : '', 'x-staged')
})

test.run()
