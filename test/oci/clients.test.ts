/** Our images, read, copied, pushed, loaded and checked by the tools that take them in the field. */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { writeArchive } from '../../src/oci/write/archive.js'
import { inspectLayout } from '../../src/oci/image/inspect.js'
import { verifyLayout } from '../../src/oci/verify/verify.js'
import { useLines } from '../../src/report/use-text.js'
import { blobsIn, buildLayout, type ImageDescription } from '../rig/layout-builder.js'
import { startRegistry } from '../rig/registry.js'
import { temporaryDirectory } from '../rig/temp.js'
import { missingTool, testWith } from '../rig/tools.js'
import { runTool } from '../rig/writers.js'
import { mergeLayouts, platformOf, select, valueOf, type Merged, type MergeLayoutsOptions } from './merge-layouts.js'

const test = suite('clients')

const platforms = ['linux/arm64', 'linux/amd64', 'linux/arm/v7']

/** `arm64`, `amd64` and `arm/v7`, with one layer that all share. */
async function mergeThree(options: MergeLayoutsOptions = {}, image: ImageDescription = {}): Promise<Merged> {
  const sources = platforms.map((text) => {
    const { architecture, variant } = platformOf(text)
    const layers = ['in all', `for ${text}`]
    const { directory } = buildLayout(
      { architecture, ...(variant === undefined ? {} : { variant }), gzip: true, layers, ...image },
      { garbage: 1 },
    )
    return [text, directory] as const
  })
  return mergeLayouts(Object.fromEntries(sources), { reference: 'latest', name: 'localhost/app:latest', ...options })
}

async function archiveOf(image: Merged): Promise<string> {
  const file = path.join(temporaryDirectory(), 'image.tar')
  valueOf(await writeArchive(image.directory, image.blobs, file, { mtime: 0 }))
  return file
}

interface Entry {
  readonly digest: string
  readonly platform?: { readonly architecture: string; readonly variant?: string }
}

function entriesIn(layout: string, digest?: string): readonly Entry[] {
  const parts = digest === undefined ? ['index.json'] : ['blobs', ...digest.split(':')]
  return (JSON.parse(readFileSync(path.join(layout, ...parts), 'utf8')) as { manifests: Entry[] }).manifests
}

const noSkopeo = missingTool('skopeo')

testWith(test, noSkopeo, 'skopeo copies all platforms under the one digest, from directory and archive', async () => {
  const image = await mergeThree()
  assert.is(runTool('skopeo', 'inspect', '--raw', `oci:${image.directory}`), image.bytes.toString())
  const archive = await archiveOf(image)
  for (const source of [`oci:${image.directory}`, `oci:${image.directory}:latest`, `oci-archive:${archive}`]) {
    const copy = path.join(temporaryDirectory(), 'copy')
    runTool('skopeo', 'copy', '--all', source, `oci:${copy}:latest`)
    assert.is(entriesIn(copy)[0]!.digest, image.digest)
    assert.equal(blobsIn(copy), blobsIn(image.directory))
    assert.equal(valueOf(await verifyLayout(copy)).problems, [])
  }
})

testWith(test, noSkopeo, 'skopeo finds the image of the platform that it asks for', async () => {
  const image = await mergeThree()
  for (const text of platforms) {
    const { architecture, variant } = platformOf(text)
    const args = ['--override-arch', architecture, ...(variant === undefined ? [] : ['--override-variant', variant])]
    const config = JSON.parse(runTool('skopeo', ...args, 'inspect', '--config', `oci:${image.directory}`)) as object
    const expected = variant === undefined ? { architecture } : { architecture, variant }
    assert.equal({ ...config, ...expected }, config)
  }
})

testWith(test, noSkopeo, 'skopeo needs the reference when there are several, and finds each', async () => {
  const image = await mergeThree({ references: ['1.0'] })
  const copy = path.join(temporaryDirectory(), 'copy')
  for (const reference of ['latest', '1.0']) {
    runTool('skopeo', 'copy', '--all', `oci:${image.directory}:${reference}`, `oci:${copy}:${reference}`)
  }
  assert.equal(
    entriesIn(copy).map(({ digest }) => digest),
    [image.digest, image.digest],
  )
  assert.throws(() => runTool('skopeo', 'inspect', '--raw', `oci:${image.directory}`), /choose an image/)
})

testWith(test, noSkopeo, 'what skopeo made of our image goes in again', async () => {
  const image = await mergeThree()
  const work = temporaryDirectory()
  for (const place of [`oci:${work}/one:v1`, `oci-archive:${work}/one.tar:v1`]) {
    runTool('skopeo', '--override-arch', 'arm64', 'copy', `oci:${image.directory}`, place)
  }
  runTool('skopeo', 'copy', '--all', `oci:${image.directory}`, `oci-archive:${work}/all.tar`)
  const wanted = (await select(image.directory, 'arm64')).digest
  for (const name of ['one', 'one.tar', 'all.tar']) {
    assert.is((await select(path.join(work, name), 'arm64')).digest, wanted)
  }
})

/** Shapes that a registry has to take, and give back as they were. */
const pushed: Readonly<Record<string, readonly [options: MergeLayoutsOptions, image?: ImageDescription]>> = {
  'a plain image': [{}],
  'an annotated image': [{ annotations: { 'org.opencontainers.image.vendor': 'Acme' }, entryAnnotations: { a: 'b' } }],
  'an image with a newline behind each document': [{}, { ending: '\n' }],
  'a Docker manifest list': [{ mediaTypes: 'docker' }, { docker: true }],
}
const noRegistry = noSkopeo ?? missingTool('docker-registry')
for (const [what, [options, description]] of Object.entries(pushed)) {
  testWith(test, noRegistry, `a registry takes ${what}, and gives it back with the same digest`, async () => {
    const image = await mergeThree(options, description)
    const archive = await archiveOf(image)
    const registry = await startRegistry()
    try {
      for (const [tag, source] of Object.entries({ one: `oci:${image.directory}`, two: `oci-archive:${archive}` })) {
        const [place, digestFile] = [`docker://${registry.host}/app:${tag}`, path.join(temporaryDirectory(), 'digest')]
        runTool('skopeo', 'copy', '--all', '--dest-tls-verify=false', '--digestfile', digestFile, source, place)
        assert.is(readFileSync(digestFile, 'utf8'), image.digest)
        const { bytes, digest } = await registry.manifest('app', tag)
        assert.is(digest, image.digest)
        assert.equal(bytes, image.bytes)
        for (const { digest: child } of entriesIn(image.directory, image.digest)) {
          assert.is((await registry.manifest('app', child)).digest, child)
        }
        if (options.mediaTypes === 'docker') continue
        const back = path.join(temporaryDirectory(), 'back')
        runTool('skopeo', 'copy', '--all', '--src-tls-verify=false', place, `oci:${back}:latest`)
        assert.is(entriesIn(back)[0]!.digest, image.digest)
        assert.equal(blobsIn(back), blobsIn(image.directory))
        assert.equal(valueOf(await verifyLayout(back, { platforms: platforms.map(platformOf) })).problems, [])
      }
    } finally {
      registry.stop()
    }
  })
}

/** Options of podman and buildah for a storage of their own. */
function ownStorage(): string[] {
  const work = temporaryDirectory()
  return ['--root', `${work}/root`, '--runroot', `${work}/runroot`, '--storage-driver', 'vfs']
}
function podmanFails(): string | undefined {
  try {
    runTool('podman', ...ownStorage(), 'images')
    return undefined
  } catch {
    return 'podman cannot work on this machine'
  }
}
const noPodman = missingTool('podman') ?? podmanFails()

testWith(test, noPodman, 'podman load gives the image its name and our digest', async () => {
  const image = await mergeThree({ name: 'registry.example.com/acme/app:1.4.2' })
  const storage = ownStorage()
  runTool('podman', ...storage, 'load', '-i', await archiveOf(image))
  const format = '{{.Repository}}:{{.Tag}} {{.Digest}}'
  const listed = runTool('podman', ...storage, 'images', '--digests', '--format', format).trim()
  assert.is(listed, `registry.example.com/acme/app:1.4.2 ${image.digest}`)
})

testWith(test, noPodman, 'podman pull takes the reference and the platform that it is asked for', async () => {
  const archive = await archiveOf(await mergeThree({ references: ['1.0'] }))
  for (const architecture of ['arm64', 'amd64']) {
    const storage = ownStorage()
    const source = `oci-archive:${archive}:1.0`
    const id = runTool('podman', ...storage, 'pull', '-q', '--arch', architecture, source).trim()
    assert.is(runTool('podman', ...storage, 'inspect', '--format', '{{.Architecture}}', id).trim(), architecture)
  }
})

/** What `mab inspect` tells users to type, typed, with places of our own for what they are to put in. */
function typeCommands(work: string, name: string): string[] {
  const lines = useLines(valueOf(inspectLayout(path.join(work, name))), name).slice(1)
  const commands = lines.map((line) => line.trim()).filter((line) => !line.startsWith('vdkr'))
  const [root, runroot] = [`${work}/root`, `${work}/runroot`]
  return commands.map((command) => {
    const typed = command
      .replace('docker://REGISTRY/REPOSITORY:TAG', 'dir:copy')
      .replace('containers-storage:NAME:TAG', `'containers-storage:[vfs@${root}+${runroot}]localhost/app:1'`)
      .replace(/^podman /, `podman --root ${root} --runroot ${runroot} --storage-driver vfs `)
    execFileSync('sh', ['-ec', typed], { cwd: work, stdio: ['ignore', 'ignore', 'pipe'] })
    return command.split(' ').slice(0, 2).join(' ')
  })
}

testWith(test, noSkopeo ?? noPodman, 'the commands that inspect prints work, whatever the names are', async () => {
  const odd = "it's $(touch gone); X"
  for (const [options, image] of [[{}], [{ mediaTypes: 'docker' }, { docker: true }]] as const) {
    const work = temporaryDirectory()
    const merged = await mergeThree({ ...options, directory: path.join(work, 'app') }, image)
    assert.equal(typeCommands(work, 'app'), ['skopeo copy', 'podman pull'])
    cpSync(merged.directory, path.join(work, odd), { recursive: true })
    // Podman 4 makes a name of the path, and takes none that is not one.
    assert.equal(typeCommands(work, odd), ['skopeo copy', 'skopeo copy'])
    cpSync(await archiveOf(merged), path.join(work, `${odd}.tar`))
    assert.equal(typeCommands(work, `${odd}.tar`), ['skopeo copy', 'podman load'])
    assert.not.ok(existsSync(path.join(work, 'gone')))
  }
  const work = temporaryDirectory()
  cpSync(await archiveOf(await mergeThree({ references: ['1.0'] })), path.join(work, 'two.tar'))
  assert.equal(typeCommands(work, 'two.tar'), ['skopeo copy', 'skopeo copy', 'podman pull', 'podman pull'])
})

testWith(
  test,
  noSkopeo,
  'skopeo finds no Docker manifest list by its reference, and takes the only one without',
  async () => {
    const image = await mergeThree({ mediaTypes: 'docker' }, { docker: true })
    assert.throws(() => runTool('skopeo', 'inspect', '--raw', `oci:${image.directory}:latest`), /no descriptor found/)
    assert.is(runTool('skopeo', 'inspect', '--raw', `oci:${image.directory}`), image.bytes.toString())
  },
)

function buildahFails(): string | undefined {
  try {
    runTool('buildah', ...ownStorage(), 'images')
    return undefined
  } catch {
    return 'buildah cannot work on this machine'
  }
}

testWith(
  test,
  missingTool('buildah') ?? buildahFails(),
  'buildah takes all platforms into a list of its own',
  async () => {
    const image = await mergeThree()
    const storage = ownStorage()
    runTool('buildah', ...storage, 'manifest', 'create', 'app')
    runTool('buildah', ...storage, 'manifest', 'add', '--all', 'app', `oci:${image.directory}:latest`)
    const list = JSON.parse(runTool('buildah', ...storage, 'manifest', 'inspect', 'app')) as { manifests: Entry[] }
    assert.equal(
      list.manifests.map(({ digest }) => digest).toSorted(),
      entriesIn(image.directory, image.digest)
        .map(({ digest }) => digest)
        .toSorted(),
    )
  },
)

/** One platform of an image as a layout of its own, as tools that know no index want it. */
function partOf(image: Merged, entry: Entry): string {
  const part = path.join(temporaryDirectory(), 'part')
  cpSync(image.directory, part, { recursive: true })
  const { platform: _, ...descriptor } = entry
  const named = { ...descriptor, annotations: { 'org.opencontainers.image.ref.name': 'latest' } }
  writeFileSync(path.join(part, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [named] }))
  return part
}

testWith(test, missingTool('umoci'), 'umoci unpacks the image of each platform', async () => {
  const image = await mergeThree()
  const entries = entriesIn(image.directory, image.digest)
  for (const [position, entry] of entries.entries()) {
    const part = partOf(image, entry)
    const bundle = path.join(temporaryDirectory(), 'bundle')
    runTool('umoci', 'stat', '--image', `${part}:latest`)
    runTool('umoci', 'unpack', '--rootless', '--image', `${part}:latest`, bundle)
    assert.is(readFileSync(path.join(bundle, 'rootfs', 'etc', 'content'), 'utf8'), `for ${platforms[position]}`)
  }
})

testWith(test, missingTool('oci-image-tool'), 'oci-image-tool finds the whole and each platform valid', async () => {
  const image = await mergeThree()
  runTool('oci-image-tool', 'validate', '--type', 'image', image.directory)
  for (const entry of entriesIn(image.directory, image.digest)) {
    runTool('oci-image-tool', 'validate', '--type', 'image', '--ref', 'name=latest', partOf(image, entry))
  }
})

/**
 * As vdkr finds a platform: line by line. A digest is that of the entry it stands in, up to a line that closes a brace; the
 * layout is nested when its `index.json` names an index and no platform.
 */
const lineReader = `
layout=$1 wanted=$2
grep -q '"platform"' "$layout/index.json" && exit 3
index=$(sed -n 's/.*"digest": *"sha256:\\([0-9a-f]*\\)".*/\\1/p' "$layout/index.json" | head -n 1)
digest=
while IFS= read -r line || [ -n "$line" ]; do
  case $line in
  *'"digest"'*) digest=$(printf '%s' "$line" | sed 's/.*"digest": *"\\([^"]*\\)".*/\\1/') ;;
  *'"architecture"'*)
    found=$(printf '%s' "$line" | sed 's/.*"architecture": *"\\([^"]*\\)".*/\\1/')
    [ "$found" = "$wanted" ] && [ -n "$digest" ] && printf '%s' "$digest" && exit 0 ;;
  *'}'*) digest= ;;
  esac
done < "$layout/blobs/sha256/$index"
exit 4
`

const readByLine: Readonly<Record<string, readonly [options: MergeLayoutsOptions, image?: ImageDescription]>> = {
  'a plain image': [{}],
  'an image of several references': [{ references: ['1.0'] }],
  'an annotated image': [{ annotations: { a: '"digest": "sha256:0"', b: '}' }, entryAnnotations: { c: '}', d: 'e' } }],
  'an image that says its system': [
    {},
    { editConfig: (config) => Object.assign(config, { 'os.version': '6.6', 'os.features': ['a', 'b'] }) },
  ],
}
for (const [what, [options, description]] of Object.entries(readByLine)) {
  testWith(test, missingTool('sed'), `a reader that goes line by line finds each platform of ${what}`, async () => {
    const image = await mergeThree(options, description)
    for (const { digest, platform } of entriesIn(image.directory, image.digest)) {
      const found = execFileSync('sh', ['-c', lineReader, 'sh', image.directory, platform!.architecture])
      assert.is(found.toString(), digest)
    }
  })
}

test.run()
