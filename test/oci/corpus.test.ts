/**
 * Layouts of every client that Debian has, in each of their modes: `mab verify`, `mab inspect` and `mab merge` take them,
 * and tell what is there from what is absent.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { InspectReport } from '../../src/oci/image/inspect-report.js'
import { verifyLayout } from '../../src/oci/verify/verify.js'
import { mabIn } from '../cli/fixture.js'
import { missingContainerd, startContainerd, type Containerd } from '../rig/containerd.js'
import { buildLayout, withAttestation, type ImageDescription } from '../rig/layout-builder.js'
import { startRegistry, type Registry } from '../rig/registry.js'
import { temporaryDirectory } from '../rig/temp.js'
import { missingTool, testWith } from '../rig/tools.js'
import { runTool, writeWithUmoci } from '../rig/writers.js'
import { describeProblems, valueOf } from './merge-layouts.js'

const test = suite('corpus')

const all = ['linux/amd64', 'linux/arm64', 'linux/arm/v7']
const images: readonly ImageDescription[] = [
  { architecture: 'amd64' },
  { architecture: 'arm64' },
  { architecture: 'arm', variant: 'v7' },
].map((image) => ({ ...image, gzip: true }))

interface Expectation {
  /** The platforms that are there. */
  readonly there: readonly string[]
  /** Those that are listed and absent; attestations are `unknown/unknown`. */
  readonly absent?: readonly string[]
  /** Only what this name leads to. */
  readonly reference?: string
}

/** What all three commands say of a layout. */
async function expectLayout(location: string, expected: Expectation): Promise<void> {
  const { there, absent = [], reference } = expected
  const {
    problems,
    images: found,
    absentEntries,
  } = valueOf(await verifyLayout(location, { deep: true, ...(reference === undefined ? {} : { reference }) }))
  assert.equal(describeProblems(problems), [])
  assert.equal(found.map(({ platform }) => platform).toSorted(), [...there].toSorted())
  assert.equal(absentEntries.map(({ platform }) => platform ?? '').toSorted(), [...absent].toSorted())

  const work = temporaryDirectory()
  const transport = location.endsWith('.tar') ? 'oci-archive' : 'oci'
  const operand = reference === undefined ? location : `${transport}:${location}:${reference}`
  const inspected = mabIn(work, {}, ['inspect', '--format', 'json', operand])
  assert.is(inspected.code, 0, inspected.stderr)
  const [report] = JSON.parse(inspected.stdout) as InspectReport[]
  assert.equal(report!.images.map(({ platform }) => platform).toSorted(), [...there].toSorted())

  const merged = mabIn(work, {}, ['merge', '-o', 'out', operand])
  assert.is(merged.code, 0, merged.stderr)
  const output = valueOf(await verifyLayout(path.join(work, 'out'), { strict: true, deep: true }))
  assert.equal(describeProblems(output.problems), [])
  assert.equal(output.images.map(({ platform }) => platform).toSorted(), [...there].toSorted())
}

let registry: Registry | undefined
let containerd: Containerd | undefined
test.after(async () => {
  await containerd?.stop()
  registry?.stop()
})

/** A registry with `multi`, an image of three platforms, and `attested`, of two with what BuildKit attests of them. */
async function serve(): Promise<string> {
  if (registry !== undefined) return registry.host
  registry = await startRegistry()
  const { directory } = buildLayout({ reference: 'latest', entries: images })
  const entries = images.slice(0, 2).flatMap((image) => withAttestation(image).entries)
  const attested = buildLayout({ reference: 'latest', entries })
  for (const [name, source] of [
    ['multi', directory],
    ['attested', attested.directory],
  ]) {
    const place = `docker://${registry.host}/${name}:1.0`
    runTool('skopeo', 'copy', '--all', '--dest-tls-verify=false', `oci:${source}:latest`, place)
  }
  return registry.host
}

const noRegistry = missingTool('skopeo', 'docker-registry')

const skopeoModes: Readonly<Record<string, readonly [args: readonly string[], expected: Expectation]>> = {
  'all platforms': [['--all'], { there: all }],
  'one platform': [['--override-os', 'linux', '--override-arch', 'arm64'], { there: ['linux/arm64'] }],
  'one platform, in zstd': [
    ['--override-os', 'linux', '--override-arch', 'amd64', '--dest-compress', '--dest-compress-format', 'zstd'],
    { there: ['linux/amd64'] },
  ],
  'one platform, without compression': [
    ['--override-os', 'linux', '--override-arch', 'amd64', '--dest-decompress'],
    { there: ['linux/amd64'] },
  ],
}
for (const [mode, [args, expected]] of Object.entries(skopeoModes)) {
  testWith(test, noRegistry, `skopeo copy: ${mode}`, async () => {
    const host = await serve()
    const work = temporaryDirectory()
    for (const place of [`oci:${work}/layout:1.0`, `oci:${work}/unnamed`, `oci-archive:${work}/layout.tar:1.0`]) {
      runTool('skopeo', 'copy', ...args, '--src-tls-verify=false', `docker://${host}/multi:1.0`, place)
    }
    for (const name of ['layout', 'unnamed', 'layout.tar']) await expectLayout(path.join(work, name), expected)
  })
}

testWith(test, noRegistry, 'skopeo copy: several references of one layout', async () => {
  const host = await serve()
  const layout = path.join(temporaryDirectory(), 'layout')
  for (const name of ['multi', 'attested']) {
    const source = `docker://${host}/${name}:1.0`
    runTool('skopeo', 'copy', '--all', '--src-tls-verify=false', source, `oci:${layout}:${name}`)
  }
  await expectLayout(layout, { there: all, reference: 'multi' })
  await expectLayout(layout, { there: all.slice(0, 2), reference: 'attested' })
})

testWith(test, noRegistry, 'skopeo copy: an index alone holds no image, which is an error', async () => {
  const host = await serve()
  const layout = path.join(temporaryDirectory(), 'layout')
  const source = `docker://${host}/multi:1.0`
  runTool('skopeo', 'copy', '--multi-arch', 'index-only', '--src-tls-verify=false', source, `oci:${layout}:1.0`)
  const { problems } = valueOf(await verifyLayout(layout))
  assert.equal(
    problems.map(({ code }) => code),
    ['blob-missing', 'blob-missing', 'blob-missing'],
  )
})

testWith(test, missingTool('umoci', 'tar'), 'umoci: repack, config and tag, insert, gc', async () => {
  const { directory, archive } = writeWithUmoci('arm64')
  await expectLayout(directory, { there: ['linux/arm64'], reference: 'latest' })
  await expectLayout(archive, { there: ['linux/arm64'], reference: '1.0' })
  runTool('umoci', 'insert', '--rootless', '--image', `${directory}:latest`, makeRootfs(), '/more')
  runTool('umoci', 'gc', '--layout', directory)
  await expectLayout(directory, { there: ['linux/arm64'], reference: 'latest' })
})

testWith(test, missingTool('umoci'), 'umoci: init and new, an image without layers', async () => {
  const layout = path.join(temporaryDirectory(), 'layout')
  runTool('umoci', 'init', '--layout', layout)
  runTool('umoci', 'new', '--image', `${layout}:latest`)
  const { problems, images: found } = valueOf(await verifyLayout(layout))
  assert.equal([describeProblems(problems), found.length], [[], 1])
  const merged = mabIn(path.dirname(layout), {}, ['merge', '-o', 'out', 'layout'])
  assert.is(merged.code, 0, merged.stderr)
})

const ownStorage = (): string[] => {
  const work = temporaryDirectory()
  return ['--root', `${work}/root`, '--runroot', `${work}/runroot`, '--storage-driver', 'vfs']
}

function failsHere(program: string): string | undefined {
  try {
    runTool(program, ...ownStorage(), 'images')
    return undefined
  } catch {
    return `${program} cannot work on this machine`
  }
}

/** A root file system. */
function makeRootfs(): string {
  const directory = temporaryDirectory()
  mkdirSync(path.join(directory, 'etc'))
  writeFileSync(path.join(directory, 'etc', 'machine'), 'arm64')
  return directory
}

testWith(test, missingTool('buildah') ?? failsHere('buildah'), 'buildah: commit, push and manifest push', async () => {
  const work = temporaryDirectory()
  const storage = ownStorage()
  const buildah = (...args: string[]): string => runTool('buildah', ...storage, ...args).trim()
  for (const architecture of ['arm64', 'amd64']) {
    const container = buildah('from', '--arch', architecture, 'scratch')
    buildah('copy', container, makeRootfs(), '/')
    buildah('config', '--arch', architecture, '--os', 'linux', container)
    for (const format of ['oci', 'docker']) {
      buildah('commit', '--format', format, container, `localhost/${format}:${architecture}`)
      buildah('commit', '--format', format, container, `oci:${work}/${format}-${architecture}:latest`)
    }
    await expectLayout(`${work}/oci-${architecture}`, { there: [`linux/${architecture}`] })
    await expectLayout(`${work}/docker-${architecture}`, { there: [`linux/${architecture}`] })
  }
  buildah('push', 'localhost/oci:arm64', `oci-archive:${work}/push.tar`)
  await expectLayout(`${work}/push.tar`, { there: ['linux/arm64'] })
  buildah('manifest', 'create', 'localhost/both')
  for (const architecture of ['arm64', 'amd64']) {
    buildah('manifest', 'add', 'localhost/both', `containers-storage:localhost/oci:${architecture}`)
  }
  buildah('manifest', 'push', '--all', 'localhost/both', `oci:${work}/both:latest`)
  buildah('manifest', 'push', '--all', 'localhost/both', `oci-archive:${work}/both.tar:latest`)
  for (const name of ['both', 'both.tar']) {
    await expectLayout(path.join(work, name), { there: ['linux/amd64', 'linux/arm64'] })
  }
})

testWith(test, missingTool('podman', 'tar') ?? failsHere('podman'), 'podman: save and manifest push', async () => {
  const work = temporaryDirectory()
  const storage = ownStorage()
  const podman = (...args: string[]): string => runTool('podman', ...storage, ...args)
  runTool('tar', '-cf', `${work}/rootfs.tar`, '-C', makeRootfs(), '.')
  podman('manifest', 'create', 'localhost/both')
  for (const architecture of ['arm64', 'amd64']) {
    const name = `localhost/hello:${architecture}`
    podman('import', '--arch', architecture, '--os', 'linux', `${work}/rootfs.tar`, name)
    podman('save', '--format', 'oci-dir', '-o', `${work}/${architecture}`, name)
    podman('save', '--format', 'oci-archive', '-o', `${work}/${architecture}.tar`, name)
    for (const place of [architecture, `${architecture}.tar`]) {
      await expectLayout(path.join(work, place), { there: [`linux/${architecture}`] })
    }
    podman('manifest', 'add', 'localhost/both', `containers-storage:${name}`)
  }
  podman('manifest', 'push', '--all', 'localhost/both', `oci:${work}/both:latest`)
  await expectLayout(`${work}/both`, { there: ['linux/amd64', 'linux/arm64'] })
})

const noContainerd = noRegistry ?? missingContainerd()

/** The image in containerd's store: of one platform, or of all. */
async function fetchInto(name: string, ...platform: readonly string[]): Promise<(...args: string[]) => string> {
  const host = await serve()
  containerd ??= await startContainerd()
  const { ctr } = containerd
  const namespace = `ns${path.basename(temporaryDirectory()).slice(-6)}`
  const run = (...args: string[]): string => ctr('--namespace', namespace, ...args)
  run('content', 'fetch', '--plain-http', ...platform, `${host}/${name}:1.0`)
  return run
}

testWith(test, noContainerd, 'ctr images export: of all platforms, and of one', async () => {
  const work = temporaryDirectory()
  const ctr = await fetchInto('multi', '--all-platforms')
  const name = `${registry!.host}/multi:1.0`
  ctr('images', 'export', '--all-platforms', `${work}/all.tar`, name)
  await expectLayout(`${work}/all.tar`, { there: all })
  ctr('images', 'export', '--skip-manifest-json', '--all-platforms', `${work}/plain.tar`, name)
  await expectLayout(`${work}/plain.tar`, { there: all })
  for (const platform of all) {
    const file = `${work}/${platform.replaceAll('/', '-')}.tar`
    ctr('images', 'export', '--platform', platform, file, name)
    await expectLayout(file, { there: [platform], absent: all.filter((other) => other !== platform) })
  }
  const directory = path.join(work, 'unpacked')
  mkdirSync(directory)
  runTool('tar', '-xf', `${work}/linux-amd64.tar`, '-C', directory)
  await expectLayout(directory, { there: ['linux/amd64'], absent: all.slice(1) })
})

testWith(test, noContainerd, 'ctr images export: of an image that was pulled for one platform', async () => {
  const work = temporaryDirectory()
  const ctr = await fetchInto('multi', '--platform', 'linux/arm64')
  const name = `${registry!.host}/multi:1.0`
  ctr('images', 'export', '--platform', 'linux/arm64', `${work}/one.tar`, name)
  await expectLayout(`${work}/one.tar`, { there: ['linux/arm64'], absent: ['linux/amd64', 'linux/arm/v7'] })
  // As mab says: the missing platforms have to be fetched before all can be exported.
  assert.throws(() => ctr('images', 'export', '--all-platforms', `${work}/all.tar`, name), /not found/)
  ctr('content', 'fetch', '--plain-http', '--all-platforms', name)
  ctr('images', 'export', '--all-platforms', `${work}/all.tar`, name)
  await expectLayout(`${work}/all.tar`, { there: all })
})

testWith(test, noContainerd, 'ctr images export: of an image with attestations, and of two images', async () => {
  const work = temporaryDirectory()
  const ctr = await fetchInto('attested', '--all-platforms')
  const name = `${registry!.host}/attested:1.0`
  ctr('images', 'export', '--all-platforms', `${work}/all.tar`, name)
  await expectLayout(`${work}/all.tar`, { there: all.slice(0, 2) })
  ctr('images', 'export', '--platform', 'linux/arm64', `${work}/one.tar`, name)
  // The statements of both images are the same, and so is the manifest.
  const absent = ['linux/amd64', 'unknown/unknown']
  await expectLayout(`${work}/one.tar`, { there: ['linux/arm64'], absent })
  ctr('images', 'tag', name, `${registry!.host}/attested:2.0`)
  ctr('images', 'export', '--platform', 'linux/arm64', `${work}/two.tar`, name, `${registry!.host}/attested:2.0`)
  for (const reference of ['1.0', '2.0']) {
    await expectLayout(`${work}/two.tar`, { there: ['linux/arm64'], absent, reference })
  }
})

testWith(test, noContainerd, 'what containerd takes of a sparse layout is what mab takes', async () => {
  const work = temporaryDirectory()
  const ctr = await fetchInto('multi', '--platform', 'linux/arm64')
  ctr('images', 'export', '--platform', 'linux/arm64', `${work}/one.tar`, `${registry!.host}/multi:1.0`)
  const { ctr: other } = containerd!
  other('--namespace', 'sparse', 'images', 'import', '--no-unpack', '--platform', 'linux/arm64', `${work}/one.tar`)
  assert.throws(() =>
    other('--namespace', 'sparse-all', 'images', 'import', '--no-unpack', '--all-platforms', `${work}/one.tar`),
  )
  const merged = mabIn(work, {}, ['merge', '-o', 'out', 'one.tar=linux/arm64'])
  assert.is(merged.code, 0, merged.stderr)
  const refused = mabIn(work, {}, ['merge', '-o', 'out2', 'one.tar=linux/amd64'])
  assert.is(refused.code, 1)
  assert.match(refused.stderr, `ctr content fetch --all-platforms ${registry!.host}/multi:1.0`)
})

test.run()
