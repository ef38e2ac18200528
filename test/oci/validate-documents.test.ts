/** Documents whose digests fit, and that say what no image should. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { verifyLayout } from '../../src/oci/validate.js'
import type { VerifyReport } from '../../src/oci/verify-report.js'
import { buildLayout, type BuiltLayout, type Document, type IndexDescription } from '../rig/layout-builder.js'
import { describeProblems, valueOf } from './merge-layouts.js'

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

test('ends soon when indexes list one another a thousand times', async () => {
  let entry = two
  for (let level = 0; level < 3; level++) {
    entry = { entries: [entry], editIndex: (index) => (index['manifests'] = Array(1000).fill(index['manifests'][0])) }
  }
  assert.equal((await verify(buildLayout(entry))).problems, [])
})

test('ends soon when a manifest with a large config is listed ten thousand times', async () => {
  const big = (document: Document): void => {
    document['history'] = 'x'.repeat(7_000_000)
  }
  const editIndex = (index: Document): void => {
    index['manifests'] = Array.from({ length: 10_000 }, () => index['manifests'][0] as Document)
  }
  const { problems } = await verify(buildLayout({ entries: [{ editConfig: big }], editIndex }))
  assert.equal([problems.length, problems.at(-1)!.found], [101, '9899 more'])
})

test.run()
