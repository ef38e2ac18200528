/** What the options of an output make of `index.json` and the image index, and that a changed one makes it stale. */
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { UserConfig } from '../../src/config/types.js'
import { verifyLayout } from '../../src/oci/verify/verify.js'
import { buildLayout, withAttestation, type ImageDescription } from '../rig/layout-builder.js'
import { Workspace } from './harness.js'

const test = suite('output-options')

interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly platform?: Record<string, unknown>
  readonly annotations?: Record<string, string>
}

interface Index {
  readonly mediaType: string
  readonly manifests: readonly Descriptor[]
  readonly annotations?: Record<string, string>
}

type Output = NonNullable<UserConfig['targets'][string]['output']>
type Platforms = NonNullable<UserConfig['platforms']>

/** `arm64` and `amd64`, built as `images` say. */
function workspaceWith(images: ImageDescription = {}): Workspace {
  const workspace = new Workspace()
  for (const architecture of ['arm64', 'amd64']) {
    buildLayout({ ...images, architecture, reference: 'latest' }, { directory: workspace.path('in', architecture) })
  }
  return workspace
}

function configWith(workspace: Workspace, output: Output, arm64: Platforms[string] = {}): UserConfig {
  const config = workspace.config({ app: { output: { directory: 'out', ...output } } })
  return { ...config, platforms: { ...config.platforms, arm64: { ...config.platforms!['arm64'], ...arm64 } } }
}

function read(workspace: Workspace, digest?: string): Index {
  const parts = digest === undefined ? ['index.json'] : ['blobs', ...digest.split(':')]
  return JSON.parse(readFileSync(workspace.path('out', ...parts), 'utf8')) as Index
}

/** Each changes the image, and is not fresh until it is done. */
const changes: Readonly<Record<string, readonly [output: Output, arm64?: Platforms[string]]>> = {
  'more references': [{ references: ['1.0'] }],
  'another order of references': [{ references: ['1.0', '1'] }],
  'annotations of the index': [{ annotations: { a: 'b' } }],
  'annotations of a platform': [{}, { annotations: { a: 'b' } }],
  "a version of a platform's system": [{}, { osVersion: '6.6' }],
  "features of a platform's system": [{}, { osFeatures: ['x'] }],
}
for (const [what, [output, arm64]] of Object.entries(changes)) {
  test(`${what} make the index stale, once`, async () => {
    const workspace = workspaceWith()
    await workspace.run(configWith(workspace, {}))
    const before = readFileSync(workspace.path('out', 'index.json'))
    const { states } = await workspace.run(configWith(workspace, output, arm64))
    assert.equal([states['index:app'], states['verify:app']], ['done', 'done'])
    assert.not.equal(readFileSync(workspace.path('out', 'index.json')), before)
    const again = await workspace.run(configWith(workspace, output, arm64))
    assert.is(again.states['index:app'], 'fresh')
    assert.is((await workspace.run(configWith(workspace, {}))).states['index:app'], 'done')
    assert.equal(readFileSync(workspace.path('out', 'index.json')), before)
  })
}

test('several references are several entries of one image, and the output stays one that mab may replace', async () => {
  const workspace = workspaceWith()
  const config = configWith(workspace, { references: ['1.0', '1'], reference: '1.0.3' })
  const { report } = await workspace.run(config)
  const { manifests } = read(workspace)
  assert.equal(
    manifests.map(({ annotations }) => annotations),
    ['1.0.3', '1.0', '1'].map((reference) => ({
      'org.opencontainers.image.ref.name': reference,
      'io.containerd.image.name': `localhost/app:${reference}`,
    })),
  )
  assert.equal(new Set(manifests.map(({ digest }) => digest)), new Set([report.targets[0]!.digest]))
  assert.ok((await workspace.run(configWith(workspace, {}))).report.ok)
})

test('what config and images say of a system is in the index, and a contradiction is none', async () => {
  const workspace = workspaceWith({
    editConfig: (config) => Object.assign(config, { 'os.version': '6.6', 'os.features': ['a'] }),
  })
  const arm64 = { osFeatures: ['b'], annotations: { board: 'x' } }
  const { report } = await workspace.run(configWith(workspace, {}, arm64))
  assert.equal(
    read(workspace, report.targets[0]!.digest).manifests.map(({ platform, annotations }) => ({
      platform,
      annotations,
    })),
    [
      {
        platform: { architecture: 'arm64', os: 'linux', 'os.version': '6.6', 'os.features': ['b'] },
        annotations: { board: 'x' },
      },
      {
        platform: { architecture: 'amd64', os: 'linux', 'os.version': '6.6', 'os.features': ['a'] },
        annotations: undefined,
      },
    ],
  )
  const { problems } = await workspace.run(configWith(workspace, {}, { osVersion: '7.0' }))
  assert.is(problems.length, 1)
  const [problem] = problems
  assert.ok(problem?.code === 'platform-contradiction')
  assert.match(problem.expected, '7.0')
  assert.match(problem.found, '6.6')
})

test("Docker images become a Docker manifest list, and OCI's are refused for one", async () => {
  const workspace = workspaceWith({ docker: true })
  const { report } = await workspace.run(configWith(workspace, { mediaTypes: 'docker' }))
  const list = 'application/vnd.docker.distribution.manifest.list.v2+json'
  assert.is(read(workspace).manifests[0]!.mediaType, list)
  const index = read(workspace, report.targets[0]!.digest)
  assert.is(index.mediaType, list)
  for (const { mediaType } of index.manifests) {
    assert.is(mediaType, 'application/vnd.docker.distribution.manifest.v2+json')
  }
  const verified = await verifyLayout(workspace.path('out'))
  assert.ok(verified.ok && verified.value.problems.length === 0)

  buildLayout({ architecture: 'amd64', reference: 'latest' }, { directory: workspace.path('in', 'amd64') })
  const { problems } = await workspace.run(configWith(workspace, { mediaTypes: 'docker' }))
  assert.equal(
    problems.map((problem) => problem.code),
    ['media-type'],
  )
  // The image in place is still the one before.
  assert.is(read(workspace).manifests[0]!.digest, report.targets[0]!.digest)
})

test('attestations are left out with a word, or kept behind the images and counted as none', async () => {
  const workspace = workspaceWith()
  const plain = { architecture: 'arm64' }
  const built = buildLayout(withAttestation(plain), { directory: workspace.path('in', 'arm64') })
  const dropped = await workspace.run(configWith(workspace, {}))
  const notices = dropped.events.filter((event) => event.kind === 'notice').map(({ notice }) => notice)
  assert.equal(notices, [{ code: 'attestations-dropped', target: 'app', platform: 'linux/arm64', count: 1 }])
  assert.is(read(workspace, dropped.report.targets[0]!.digest).manifests.length, 2)

  const { report, states } = await workspace.run(configWith(workspace, { attestations: 'keep' }))
  assert.equal([states['merge:app:arm64'], states['verify:app']], ['done', 'done'])
  const [target] = report.targets
  const { manifests } = read(workspace, target!.digest)
  assert.equal(
    manifests.map(({ platform }) => platform),
    ['arm64', 'amd64', 'unknown'].map((architecture) => ({
      architecture,
      os: architecture === 'unknown' ? 'unknown' : 'linux',
    })),
  )
  assert.equal(manifests[2]!.annotations, {
    'vnd.docker.reference.digest': manifests[0]!.digest,
    'vnd.docker.reference.type': 'attestation-manifest',
  })
  assert.equal(
    target!.image?.manifests.map(({ platform }) => platform),
    ['linux/arm64', 'linux/amd64'],
  )
  for (const digest of built.reachable) {
    assert.is(existsSync(workspace.path('out', 'blobs', ...digest.split(':'))), digest !== built.indexes[0])
  }
  assert.is((await workspace.run(configWith(workspace, { attestations: 'keep' }))).states['index:app'], 'fresh')
})

test('one attestation of two images is kept for both', async () => {
  const workspace = workspaceWith()
  rmSync(workspace.path('in'), { recursive: true })
  const images = [{ architecture: 'arm64' }, { architecture: 'amd64' }]
  // The statements are the same, and so is the manifest; its entries name one image each.
  const pairs = images.map((image) => withAttestation(image).entries)
  const source = { kind: 'layout' as const, path: 'in/both' }
  buildLayout({ reference: 'latest', entries: pairs.flat() }, { directory: workspace.path('in', 'both') })
  const config = configWith(workspace, { attestations: 'keep' }, { source })
  const run = await workspace.run({ ...config, platforms: { arm64: { source }, amd64: { source } } })
  const { manifests } = read(workspace, run.report.targets[0]!.digest)
  assert.equal(
    manifests.slice(2).map(({ digest, annotations }) => [digest, annotations?.['vnd.docker.reference.digest']]),
    [0, 1].map((image) => [manifests[2]!.digest, manifests[image]!.digest]),
  )
  assert.equal((await verifyLayout(workspace.path('out'))).ok, true)
})

test('an attestation of an image that is not there is left out with a word, said once, kept or not', async () => {
  for (const attestations of ['keep', 'drop'] as const) {
    const workspace = workspaceWith()
    const { entries } = withAttestation({ architecture: 'arm64', layers: ['another'] })
    const both = [{ architecture: 'arm64' }, { architecture: 'amd64' }, entries[1]!]
    rmSync(workspace.path('in'), { recursive: true })
    buildLayout({ reference: 'latest', entries: both }, { directory: workspace.path('in', 'amd64') })
    const source = { kind: 'layout' as const, path: 'in/amd64' }
    const run = await workspace.run(configWith(workspace, { attestations }, { source }))
    assert.ok(run.report.ok)
    const notices = run.events.filter((event) => event.kind === 'notice').map(({ notice }) => notice)
    assert.equal(notices, [{ code: 'attestations-stray', layout: workspace.path('in', 'amd64'), count: 1 }])
  }
})

test('a layer that may be absent is, until the source has it', async () => {
  const workspace = workspaceWith({ layers: ['one', 'two'] })
  const [layer] = buildLayout({ architecture: 'arm64', layers: ['one', 'two'] }).images[0]!.layers
  const place = workspace.path('in', 'arm64', 'blobs', ...layer!.split(':'))
  const output = workspace.path('out', 'blobs', ...layer!.split(':'))
  renameSync(place, workspace.path('layer'))
  rmSync(workspace.path('in', 'amd64'), { recursive: true })
  buildLayout({ architecture: 'amd64', reference: 'latest' }, { directory: workspace.path('in', 'amd64') })
  const config = workspace.config({
    app: { allowAbsentLayers: 'any', output: { directory: 'out', archive: 'out.tar' } },
  })
  const strict = workspace.config({ app: { output: { directory: 'out', archive: 'out.tar' } } })
  assert.equal(
    (await workspace.run(strict)).problems.map(({ code }) => code),
    ['blob-missing'],
  )
  assert.ok((await workspace.run(config)).report.ok)
  assert.not.ok(existsSync(output))
  assert.is((await workspace.run(config)).states['merge:app:arm64'], 'fresh')
  renameSync(workspace.path('layer'), place)
  assert.is((await workspace.run(config)).states['merge:app:arm64'], 'done')
  assert.ok(existsSync(output))
})

test.run()
