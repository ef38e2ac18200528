import { execFileSync } from 'node:child_process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { writeIndex, type IndexEntry } from '../../../src/oci/write/image-index.js'
import { digestOf } from '../../rig/layout-builder.js'
import { missingTool, testWith } from '../../rig/tools.js'
import { platformOf } from '../merge-layouts.js'

const test = suite('image-index')
const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const indexType = 'application/vnd.oci.image.index.v1+json'

function entry(platform: string, seed = platform): IndexEntry {
  return { mediaType: manifestType, digest: digestOf(seed), size: 500 + seed.length, platform: platformOf(platform) }
}

const nested = { format: 'nested', annotations: {} } as const
const entries = [entry('arm64'), entry('amd64')]

/** What oci-multiarch.bbclass does with the same manifests. */
const classScript = `
import json, sys
index = {'schemaVersion': 2, 'mediaType': '${indexType}', 'manifests': []}
for line in json.load(sys.stdin):
    entry = {'mediaType': line['mediaType'], 'digest': line['digest'], 'size': line['size']}
    entry['platform'] = {'architecture': line['platform']['architecture'], 'os': line['platform']['os']}
    if 'variant' in line['platform']: entry['platform']['variant'] = line['platform']['variant']
    index['manifests'].append(entry)
sys.stdout.write(json.dumps(index, indent=2))
`

for (const platforms of [['arm64', 'amd64'], ['amd64'], ['linux/arm/v7', 'linux/arm/v6', 'riscv64']]) {
  testWith(test, missingTool('python3'), `writes the bytes of the class for ${platforms.join(', ')}`, () => {
    const list = platforms.map((platform) => entry(platform))
    const expected = execFileSync('python3', ['-c', classScript], { input: JSON.stringify(list) })
    const written = writeIndex(list, nested)
    assert.is(written.bytes.toString(), expected.toString())
    assert.is(written.digest, digestOf(expected))
    assert.equal(writeIndex(list, { ...nested, format: 'flat' }).indexJson, expected)
  })
}

test('names a nested image once, without a platform', () => {
  const written = writeIndex(entries, { ...nested, reference: 'latest', name: 'localhost/app:latest' })
  const outer = JSON.stringify(
    {
      schemaVersion: 2,
      mediaType: indexType,
      manifests: [
        {
          mediaType: indexType,
          digest: digestOf(written.bytes),
          size: written.bytes.length,
          annotations: {
            'org.opencontainers.image.ref.name': 'latest',
            'io.containerd.image.name': 'localhost/app:latest',
          },
        },
      ],
    },
    null,
    2,
  )
  assert.is(written.indexJson.toString(), outer)
})

test('leaves the annotations of the outer entry out when there is no name', () => {
  const [outer] = (JSON.parse(writeIndex(entries, nested).indexJson.toString()) as { manifests: object[] }).manifests
  assert.equal(Object.keys(outer!), ['mediaType', 'digest', 'size'])
})

test('does not let a name change the index', () => {
  const plain = writeIndex(entries, nested)
  const named = writeIndex(entries, { ...nested, reference: '1.0', name: 'localhost/app:1.0' })
  assert.is(named.digest, plain.digest)
  assert.equal(writeIndex(entries, { ...nested, format: 'flat', reference: '1.0' }).indexJson, plain.bytes)
})

test('keeps the order of the platforms', () => {
  const platformsOf = (list: readonly IndexEntry[]): string[] => {
    const { manifests } = JSON.parse(writeIndex(list, nested).bytes.toString()) as { manifests: IndexEntry[] }
    return manifests.map(({ platform }) => platform.architecture)
  }
  assert.equal(platformsOf(entries), ['arm64', 'amd64'])
  assert.equal(platformsOf(entries.toReversed()), ['amd64', 'arm64'])
})

test('sorts annotations, so that their order in the config does not matter', () => {
  const annotate = (annotations: Record<string, string>) => writeIndex(entries, { ...nested, annotations })
  const [one, two] = [annotate({ b: '2', a: 'ä' }), annotate({ a: 'ä', b: '2' })]
  assert.equal(one.bytes, two.bytes)
  assert.ok(one.bytes.toString().endsWith('"annotations": {\n    "a": "ä",\n    "b": "2"\n  }\n}'))
  assert.not(one.digest === writeIndex(entries, nested).digest)
})

test('gives every further reference an entry of its own, named by its tag', () => {
  const options = { ...nested, reference: 'latest', references: ['1.0', 'a/b'], name: 'localhost/app:latest' }
  const written = writeIndex(entries, options)
  assert.is(written.digest, writeIndex(entries, nested).digest)
  const { manifests } = JSON.parse(written.indexJson.toString()) as {
    manifests: { digest: string; annotations: Record<string, string> }[]
  }
  assert.equal(
    manifests.map(({ annotations }) => Object.values(annotations)),
    [['latest', 'localhost/app:latest'], ['1.0', 'localhost/app:1.0'], ['a/b']],
  )
  for (const { digest } of manifests) assert.is(digest, written.digest)
})

test('writes what a platform says of its system, and annotations of its entry, in the order that is read by line', () => {
  const platform = { ...platformOf('linux/arm/v7'), 'os.version': '6.6', 'os.features': ['x'] }
  const annotated = { ...entry('linux/arm/v7'), platform, annotations: { z: '1', a: '2' } }
  const [written] = (JSON.parse(writeIndex([annotated], nested).bytes.toString()) as { manifests: object[] }).manifests
  assert.is(
    JSON.stringify(written).replace(/sha256:[0-9a-f]+/, 'D'),
    `{"mediaType":"${manifestType}","digest":"D","size":512,"platform":{"architecture":"arm","os":"linux",` +
      '"os.version":"6.6","os.features":["x"],"variant":"v7"},"annotations":{"a":"2","z":"1"}}',
  )
})

test("is a Docker manifest list on demand, inside index.json of OCI's type", () => {
  const list = 'application/vnd.docker.distribution.manifest.list.v2+json'
  const written = writeIndex(entries, { ...nested, mediaTypes: 'docker' })
  assert.is(written.mediaType, list)
  assert.is((JSON.parse(written.bytes.toString()) as { mediaType: string }).mediaType, list)
  const outer = JSON.parse(written.indexJson.toString()) as { mediaType: string; manifests: { mediaType: string }[] }
  assert.equal([outer.mediaType, outer.manifests[0]!.mediaType], [indexType, list])
})

test('keeps a Docker media type', () => {
  const mediaType = 'application/vnd.docker.distribution.manifest.v2+json'
  assert.match(writeIndex([{ ...entries[0]!, mediaType }], nested).bytes.toString(), mediaType)
})

test.run()
