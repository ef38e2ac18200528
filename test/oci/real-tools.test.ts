/** Layouts written by the tools that write them in the field, and our image read by the tools that read it. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { formatPlatform } from '../../src/oci/platform.js'
import { verifyLayout } from '../../src/oci/validate.js'
import { blobsIn, buildLayout, digestOf } from '../rig/layout-builder.js'
import { temporaryDirectory } from '../rig/temp.js'
import { missingTool, testWith } from '../rig/tools.js'
import { mergeLayouts, platformOf, select, valueOf } from './merge-layouts.js'

const test = suite('real-tools')

function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** The calls of meta-virtualization's image-oci-umoci.inc, one `umoci config` for each setting. */
function buildWithUmoci(architecture: string): string {
  const work = temporaryDirectory()
  const [layout, bundle] = [path.join(work, 'image-oci'), path.join(work, 'bundle')]
  const image = `${layout}:latest`
  run('umoci', 'init', '--layout', layout)
  run('umoci', 'new', '--image', image)
  run('umoci', 'unpack', '--rootless', '--image', image, bundle)
  mkdirSync(path.join(bundle, 'rootfs', 'etc'), { recursive: true })
  writeFileSync(path.join(bundle, 'rootfs', 'etc', 'machine'), architecture)
  run('umoci', 'repack', '--image', image, bundle)
  run('umoci', 'config', '--image', image, '--config.label', 'org.opencontainers.image.vendor=Acme')
  run('umoci', 'config', '--image', image, '--config.env', 'PATH=/usr/bin')
  run('umoci', 'config', '--image', image, '--os', 'linux')
  run('umoci', 'config', '--image', image, '--architecture', architecture)
  run('umoci', 'config', '--image', image, '--config.cmd', '/bin/sh')
  run('umoci', 'config', '--image', image, '--author', 'nobody@example.com')
  run('umoci', 'tag', '--image', image, '1.0')
  // The entry that `latest` moved behind: an image of its own.
  run('umoci', 'config', '--image', `${layout}:1.0`, '--config.label', 'release=1.0')
  return layout
}

interface Entry {
  readonly digest: string
  readonly annotations?: Readonly<Record<string, string>>
}

function documentAt(layout: string, digest: string): { config: Entry; layers: Entry[] } {
  return JSON.parse(readFileSync(path.join(layout, 'blobs', ...digest.split(':')), 'utf8')) as never
}

/** Manifest, config and layers of a reference, read without any of our code. */
function blobsOf(layout: string, reference: string): string[] {
  const { manifests } = JSON.parse(readFileSync(path.join(layout, 'index.json'), 'utf8')) as { manifests: Entry[] }
  const entry = manifests.find(({ annotations }) => annotations?.['org.opencontainers.image.ref.name'] === reference)!
  const { config, layers } = documentAt(layout, entry.digest)
  return [entry.digest, config.digest, ...layers.map(({ digest }) => digest)]
}

testWith(
  test,
  missingTool('umoci'),
  'merges what umoci left of two builds into exactly the reachable blobs',
  async () => {
    const [arm64, amd64] = [buildWithUmoci('arm64'), buildWithUmoci('amd64')]
    const image = await mergeLayouts({ arm64, amd64 }, { reference: 'latest' })
    const wanted = [image.digest, ...blobsOf(arm64, 'latest'), ...blobsOf(amd64, 'latest')]
    assert.equal(blobsIn(image.directory), [...new Set(wanted)].toSorted())
    assert.ok(blobsIn(arm64).length > 15, 'umoci leaves every config and manifest on the way')
    const platforms = [platformOf('arm64'), platformOf('amd64')]
    const report = valueOf(await verifyLayout(image.directory, { platforms }))
    assert.equal(report.problems, [])
    assert.equal(
      report.images.map(({ platform }) => platform),
      ['linux/arm64', 'linux/amd64'],
    )
  },
)

testWith(test, missingTool('umoci'), 'takes the reference that is meant out of several of umoci', async () => {
  const layout = buildWithUmoci('arm')
  for (const reference of ['latest', '1.0']) {
    const image = await select(layout, 'linux/arm/v7', reference)
    assert.is(image.digest, blobsOf(layout, reference)[0])
    assert.is(formatPlatform(image.platform), 'linux/arm/v7')
  }
  assert.is.not(blobsOf(layout, 'latest')[0], blobsOf(layout, '1.0')[0])
})

testWith(test, missingTool('umoci'), 'finds no image in a layout that umoci has only begun', async () => {
  const layout = path.join(temporaryDirectory(), 'image-oci')
  run('umoci', 'init', '--layout', layout)
  try {
    await select(layout, 'arm64')
    assert.unreachable()
  } catch (error) {
    assert.match((error as Error).message, 'manifests-empty')
  }
})

const platforms = { 'linux/arm64': {}, 'linux/amd64': {}, 'linux/arm/v7': {} }

async function mergeThree(): Promise<Awaited<ReturnType<typeof mergeLayouts>>> {
  const sources = Object.keys(platforms).map((text) => {
    const { architecture, variant } = platformOf(text)
    const layout = buildLayout(
      { architecture, ...(variant === undefined ? {} : { variant }), gzip: true },
      { garbage: 1 },
    )
    return [text, layout.directory] as const
  })
  return mergeLayouts(Object.fromEntries(sources), { reference: 'latest', name: 'localhost/app:latest' })
}

testWith(test, missingTool('skopeo'), 'is copied by skopeo with all platforms and under its digest', async () => {
  const image = await mergeThree()
  assert.is(run('skopeo', 'inspect', '--raw', `oci:${image.directory}`), image.bytes.toString())
  for (const reference of ['', ':latest']) {
    const copy = path.join(temporaryDirectory(), 'copy')
    run('skopeo', 'copy', '--all', `oci:${image.directory}${reference}`, `oci:${copy}:latest`)
    const [entry] = (JSON.parse(readFileSync(path.join(copy, 'index.json'), 'utf8')) as { manifests: Entry[] })
      .manifests
    assert.is(entry!.digest, image.digest)
    assert.equal(blobsIn(copy), blobsIn(image.directory))
    assert.equal(valueOf(await verifyLayout(copy)).problems, [])
  }
})

testWith(test, missingTool('skopeo'), 'gives skopeo the image of the platform that it asks for', async () => {
  const image = await mergeThree()
  for (const text of Object.keys(platforms)) {
    const { architecture, variant } = platformOf(text)
    const args = ['--override-arch', architecture, ...(variant === undefined ? [] : ['--override-variant', variant])]
    const config = JSON.parse(run('skopeo', ...args, 'inspect', '--config', `oci:${image.directory}`)) as object
    const expected = variant === undefined ? { architecture } : { architecture, variant }
    assert.equal({ ...config, ...expected }, config)
  }
})

testWith(
  test,
  missingTool('skopeo'),
  'takes an image of skopeo, also out of an archive and a multi-arch one',
  async () => {
    const image = await mergeThree()
    const work = temporaryDirectory()
    const places = { directory: `oci:${work}/one:v1`, archive: `oci-archive:${work}/one.tar:v1` }
    for (const place of Object.values(places)) {
      run('skopeo', '--override-arch', 'arm64', 'copy', `oci:${image.directory}`, place)
    }
    run('skopeo', 'copy', '--all', `oci:${image.directory}`, `oci-archive:${work}/all.tar`)
    const wanted = (await select(image.directory, 'arm64')).digest
    for (const name of ['one', 'one.tar', 'all.tar']) {
      assert.is((await select(path.join(work, name), 'arm64')).digest, wanted)
    }
  },
)

testWith(test, missingTool('oci-image-tool'), 'is valid to oci-image-tool', async () => {
  const image = await mergeThree()
  run('oci-image-tool', 'validate', '--type', 'image', image.directory)
})

/** buildah with a storage of its own; `undefined` when this machine does not let it work. */
function buildWithBuildah(architecture: string): string | undefined {
  const work = temporaryDirectory()
  const storage = ['--root', `${work}/root`, '--runroot', `${work}/runroot`, '--storage-driver', 'vfs']
  const buildah = (...args: string[]): string => run('buildah', ...storage, ...args).trim()
  try {
    writeFileSync(path.join(work, 'machine'), architecture)
    const container = buildah('from', '--arch', architecture, 'scratch')
    buildah('copy', container, path.join(work, 'machine'), '/etc/machine')
    buildah('config', '--arch', architecture, '--os', 'linux', container)
    buildah('commit', '--format', 'oci', container, `oci:${work}/layout:latest`)
    return path.join(work, 'layout')
  } catch {
    return undefined
  }
}

const byBuildah = missingTool('buildah') === undefined ? [buildWithBuildah('arm64'), buildWithBuildah('s390x')] : []
const noBuildah = byBuildah.every((layout) => layout !== undefined) ? undefined : 'buildah cannot build on this machine'
testWith(test, missingTool('buildah') ?? noBuildah, 'merges images of buildah', async () => {
  const [arm64, s390x] = byBuildah as [string, string]
  const image = await mergeLayouts({ arm64, s390x })
  assert.ok(existsSync(path.join(image.directory, 'blobs', ...image.digest.split(':'))))
  assert.is(digestOf(image.bytes), image.digest)
  assert.equal(valueOf(await verifyLayout(image.directory)).problems, [])
})

test.run()
