/** Documents whose digests fit, and that say what no image should. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { verifyLayout } from '../../../src/oci/verify/verify.js'
import type { VerifyReport } from '../../../src/oci/verify/verify-report.js'
import {
  buildLayout,
  type BuiltLayout,
  type Document,
  type ImageDescription,
  type IndexDescription,
} from '../../rig/layout-builder.js'
import { describeProblems, platformOf, valueOf } from '../merge-layouts.js'

const test = suite('validate-documents')

const two: IndexDescription = {
  reference: 'latest',
  entries: [
    { architecture: 'amd64', layers: ['shared', 'amd64'] },
    { architecture: 'arm', variant: 'v7' },
  ],
}
const inIndex = 'index.json > manifests[0]'

async function verify(built: BuiltLayout): Promise<VerifyReport> {
  return valueOf(await verifyLayout(built.directory))
}

function relabel(architecture: string): (entry: Document) => void {
  return (entry) => (entry['platform'].architecture = architecture)
}

/** What is built, and all problems that are told of it; `broken-layouts.test.ts` has many more. */
const wrong: Record<string, [build: () => BuiltLayout, expected: readonly string[]]> = {
  'a config that is none': [
    () => buildLayout({ editConfig: (document) => Object.assign(document, { os: 1, rootfs: undefined }) }),
    [`document-malformed ${inIndex} > config > os`, `document-malformed ${inIndex} > config > rootfs`],
  ],
  'one image twice in a list': [
    () => buildLayout({ entries: [{ architecture: 'arm64' }, { architecture: 'arm64' }] }),
    [`platform-duplicate ${inIndex} > manifests[1] (linux/arm64)`],
  ],
  'another size under another name': [
    () =>
      buildLayout([
        { ...two, reference: 'a' },
        { ...two, reference: 'b', editDescriptor: (entry) => entry['size']++ },
        { ...two.entries[0], reference: 'c', editDescriptor: (entry) => entry['size']-- },
      ]),
    ['blob-size index.json > manifests[1]', 'blob-size index.json > manifests[2]'],
  ],
  'one image for another platform under another name': [
    () =>
      buildLayout([
        { architecture: 'arm64', platform: true, reference: 'a' },
        { architecture: 'arm64', platform: true, reference: 'b', editDescriptor: relabel('amd64') },
      ]),
    ['platform-contradiction index.json > manifests[1] (linux/amd64)'],
  ],
}
for (const [what, [build, expected]] of Object.entries(wrong)) {
  test(`tells of ${what}`, async () => assert.equal(describeProblems((await verify(build())).problems), expected))
}

const blake3 = `blake3:${'a'.repeat(64)}`
const artifact: ImageDescription = {
  layers: ['sbom'],
  editManifest: (manifest) => {
    manifest['config'].mediaType = 'application/vnd.oci.empty.v1+json'
    manifest['artifactType'] = 'application/spdx+json'
  },
}

/** What the spec allows and clients take, and what is listed as not read. */
const fine: Record<string, [build: () => BuiltLayout, unread?: readonly string[]]> = {
  'an image without layers': [() => buildLayout({ layers: [] })],
  'null in place of no layers': [
    () =>
      buildLayout({
        layers: [],
        editManifest: (manifest) => (manifest['layers'] = null),
        editConfig: ({ rootfs }) => (rootfs.diff_ids = null),
      }),
  ],
  'null in place of what may be absent': [
    () =>
      buildLayout(
        {
          entries: [
            { editDescriptor: (entry) => Object.assign(entry['platform'], { variant: null, 'os.features': null }) },
          ],
          editIndex: (index) => Object.assign(index, { annotations: null, subject: null, artifactType: null }),
          editDescriptor: (entry) =>
            Object.assign(entry, { platform: null, annotations: null, urls: null, data: null }),
        },
        { edit: (index) => Object.assign(index, { mediaType: null, annotations: null }) },
      ),
  ],
  'an empty index next to others': [() => buildLayout([{ ...two }, { reference: 'empty', entries: [] }])],
  'artifacts alone': [() => buildLayout([artifact, { entries: [artifact, { ...artifact, layers: ['vex'] }] }])],
  'an entry of an unknown media type': [
    () => buildLayout({ entries: [{}, { editDescriptor: (entry) => (entry['mediaType'] = 'application/xml') }] }),
  ],
  'nothing but an entry of an unknown media type': [
    () => buildLayout({ editDescriptor: (entry) => (entry['mediaType'] = 'application/vnd.oci.image.index.v2+json') }),
  ],
  'a manifest with a digest of BLAKE3': [
    () =>
      buildLayout({ entries: [{}, { architecture: 'arm64', editDescriptor: (entry) => (entry['digest'] = blake3) }] }),
    [blake3],
  ],
  'an index with a digest of BLAKE3': [
    () => buildLayout({ entries: [{}], editDescriptor: (entry) => (entry['digest'] = blake3) }),
    [blake3],
  ],
  'a config with a digest of BLAKE3': [
    () => buildLayout({ entries: [{ editManifest: ({ config }) => (config.digest = blake3) }] }),
    [blake3],
  ],
  'a layer with a digest of an algorithm that nobody knows': [
    () => buildLayout({ editManifest: ({ layers }) => (layers[0].digest = 'multihash+base58:QmRZxt2b') }),
    ['multihash+base58:QmRZxt2b'],
  ],
}
for (const [what, [build, unread = []]] of Object.entries(fine)) {
  test(`takes ${what}`, async () => {
    const { directory } = build()
    for (const deep of [false, true]) {
      const report = valueOf(await verifyLayout(directory, { deep }))
      assert.equal(describeProblems(report.problems), [])
      assert.equal(
        report.unread.map(({ digest }) => digest),
        unread,
      )
    }
  })
}

test('a diff ID of an algorithm that cannot be computed leaves the layer unread', async () => {
  const built = buildLayout({ editConfig: ({ rootfs }) => (rootfs.diff_ids = [blake3]) })
  const { problems, unread } = valueOf(await verifyLayout(built.directory, { deep: true }))
  assert.equal(describeProblems(problems), [])
  assert.equal(
    unread.map(({ digest }) => digest),
    built.images[0]!.layers,
  )
})

test('a wanted platform whose image cannot be read by its digest is missing', async () => {
  const edit = (entry: Document): void => void (entry['digest'] = blake3)
  const built = buildLayout({ entries: [{}, { architecture: 'arm64', editDescriptor: edit }] })
  const platforms = [platformOf('amd64'), platformOf('arm64')]
  const { problems } = valueOf(await verifyLayout(built.directory, { platforms }))
  assert.equal(describeProblems(problems), ['platform-missing index.json'])
})

test('says what each property should be', async () => {
  const { problems } = await verify(
    buildLayout({
      editConfig: (document) =>
        Object.assign(document, {
          created: 'now',
          config: {
            User: 1,
            Env: ['FOO'],
            ExposedPorts: { http: {} },
            Labels: { a: 1 },
            Volumes: ['/v'],
            ArgsEscaped: 0,
          },
          rootfs: { type: 'disk', diff_ids: {} },
          history: [7],
        }),
    }),
  )
  assert.equal(
    problems.map(({ at, expected, found }) => `${at.at(-1)}: ${expected}; ${found}`),
    [
      'created: a date and time of RFC 3339, such as 2026-01-31T12:00:00Z; "now"',
      'config.User: a string; 1',
      'config.ExposedPorts.http: a port, as in 8080, 8080/tcp or 53/udp; "http"',
      'config.Env[0]: a variable and its value: NAME=VALUE; "FOO"',
      'config.Volumes: an object of empty objects; an array',
      'config.Labels.a: a string; 1',
      'config.ArgsEscaped: true or false; 0',
      'rootfs.type: "layers"; "disk"',
      'rootfs.diff_ids: an array of digests; an object',
      'history[0]: an object; 7',
    ],
  )
})

test('says what a subject should be', async () => {
  const subject = { mediaType: 'x', digest: 'y', size: -1, data: 'z', urls: ['a b'], annotations: [], platform: 1 }
  const { problems } = await verify(buildLayout({ editManifest: (manifest) => (manifest['subject'] = subject) }))
  assert.equal(
    problems.map(({ code, at, expected, found }) => `${code} ${at.at(-1)}: ${expected}; ${found}`),
    [
      'document-malformed subject.mediaType: a media type of RFC 6838, such as application/vnd.example+json; "x"',
      'digest-invalid subject.digest: a digest, such as sha256: followed by 64 lower-case hex digits; "y"',
      'document-malformed subject.size: a whole number from 0 to 9007199254740991; -1',
      'document-malformed subject.urls[0]: a URI of RFC 3986, such as https://example.com/layer.tar; "a b"',
      'document-malformed subject.annotations: an object of strings; an array',
      'document-malformed subject.platform: a platform (an object); 1',
    ],
  )
})

test('an image of another layer list for readers in Go is ambiguous', async () => {
  const evil = (manifest: Document): void => {
    manifest['Layers'] = [{ ...manifest['layers'][0], digest: `sha256:${'0'.repeat(64)}` }]
  }
  const { problems } = await verify(buildLayout({ editManifest: evil }))
  assert.equal(describeProblems(problems), ['document-ambiguous index.json > manifests[0] > Layers'])
  assert.is(problems[0]!.found, '"layers" and "Layers": readers in Go take them for one')
})

test('ends soon when indexes list one another a thousand times', async () => {
  let entry = two
  for (let level = 0; level < 3; level++) {
    entry = { entries: [entry], editIndex: (index) => (index['manifests'] = Array(1000).fill(index['manifests'][0])) }
  }
  assert.equal((await verify(buildLayout(entry))).problems, [])
})

test('ends soon when a manifest with a large config is listed ten thousand times', async () => {
  const big = (document: Document): void => {
    document['x-own'] = 'x'.repeat(7_000_000)
  }
  const editIndex = (index: Document): void => {
    index['manifests'] = Array.from({ length: 10_000 }, () => index['manifests'][0] as Document)
  }
  const { problems } = await verify(buildLayout({ entries: [{ editConfig: big }], editIndex }))
  assert.equal([problems.length, problems.at(-1)!.found], [101, '9899 more'])
})

/** A property of an image config that Docker added, with values of its type and not. */
const dockerProperties: Record<string, readonly [right: readonly unknown[], wrong: readonly unknown[]]> = {
  id: [['x'], [1]],
  docker_version: [['20.10'], [20.1]],
  container_config: [[{ Hostname: 'a', Cmd: 'sh', Env: ['A'] }], ['x', { Tty: 'no' }, { Env: 'A=b' }]],
  'config.Hostname': [['', null], [0]],
  'config.AttachStdin': [[true], ['true']],
  'config.OnBuild': [[null, [], ['RUN x']], ['RUN x']],
  'config.StopTimeout': [
    [10, null],
    ['10', 1.5],
  ],
  'config.Healthcheck': [
    [null, { Test: ['NONE'], Interval: 30_000_000_000, Retries: 3 }],
    [{ Test: 'NONE' }, { Interval: '30s' }, { Retries: 1.5 }],
  ],
  // Podman takes a string for it.
  'config.Shell': [['sh', ['sh', '-c']], []],
}
test('properties of Docker in an image config have the types that podman decodes', async () => {
  for (const [name, [right, wrongs]] of Object.entries(dockerProperties)) {
    for (const value of [...right, ...wrongs]) {
      const built = buildLayout({
        editConfig: (document) => {
          const [holder, key] = name.startsWith('config.')
            ? [(document['config'] ??= {}), name.slice(7)]
            : [document, name]
          holder[key] = value
        },
      })
      const codes = (await verify(built)).problems.map(({ code }) => code)
      const expected = right.includes(value) ? [] : ['document-malformed']
      assert.equal(codes, expected, `${name} ${JSON.stringify(value)}`)
    }
  }
})

test('a key __proto__ of a map is a key like any other', async () => {
  const withKey = (json: string): Promise<VerifyReport> =>
    verify(buildLayout({ editManifest: (manifest) => (manifest['annotations'] = JSON.parse(json) as Document) }))
  assert.equal((await withKey('{"__proto__":"x"}')).problems, [])
  assert.equal(describeProblems((await withKey('{"__proto__":1}')).problems), [
    `document-malformed ${inIndex} > annotations.__proto__`,
  ])
})

test.run()
