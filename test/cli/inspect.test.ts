import { readFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as z from 'zod'
import type { InspectReport } from '../../src/oci/image/inspect-report.js'
import {
  buildLayout,
  editJson,
  flipByte,
  withAttestation,
  type Document,
  type ImageDescription,
} from '../rig/layout-builder.js'
import { helloConfig, makeProject } from './fixture.js'

const test = suite('mab inspect')

test('shows names, platforms, digests, entrypoints and layers, and how to use the image', () => {
  const { mab } = makeProject(helloConfig({ archive: 'deploy/hello.tar' }))
  mab('run')
  const { code, stdout } = mab('inspect', 'hello', 'deploy/hello.tar')
  assert.is(code, 0)
  assert.match(stdout, /^ {2}latest {2}localhost\/hello:latest {2}sha256:[0-9a-f]{64}$/m)
  assert.match(
    stdout,
    /^ {2}linux\/arm64 {2}sha256:[0-9a-f]{64} {2}4\.1 KiB\n {4}entrypoint \["sh"\]\n {4}layer sha256:/m,
  )
  assert.match(stdout, /skopeo copy --all oci:deploy\/hello-multiarch-oci:latest docker:/)
  assert.match(stdout, /podman load -i deploy\/hello\.tar/)
})

test('tells what the platforms share, and what that saves', () => {
  const { mab, file } = makeProject()
  const images = ['arm64', 'amd64', 'riscv64'].map((architecture) => ({
    architecture,
    layers: ['the same in all', `only ${architecture}`],
    editConfig: (config: Record<string, unknown>) => (config['created'] = '2026-01-02T03:04:05Z'),
  }))
  const { images: built } = buildLayout({ entries: images, reference: '1.0' }, { directory: file('three') })
  const [report] = JSON.parse(mab('inspect', 'three', '--format', 'json').stdout) as InspectReport[]
  assert.equal(
    report!.shared.map(({ digest }) => digest),
    [built[0]!.layers[0]],
  )
  assert.is(report!.sizeUnshared - report!.size, 2 * report!.shared[0]!.size)
  assert.is(report!.images[0]!.created, '2026-01-02T03:04:05Z')
  assert.match(mab('inspect', 'three').stdout, /3 images, .*; they share 1 layer, which saves 4\.0 KiB/)
})

test('tells annotations, systems and attestations, and its JSON is what the schema says', () => {
  const { mab, file } = makeProject()
  const editConfig = (config: Record<string, unknown>): unknown =>
    Object.assign(config, { 'os.version': '6.6', config: { Entrypoint: ['/bin/app'], Cmd: ['-v'] } })
  const index = withAttestation({ architecture: 'arm64', editConfig })
  const editIndex = (document: Document): unknown => (document['annotations'] = { vendor: 'Acme' })
  const annotate = (descriptor: Document): unknown => (descriptor['annotations'] = { board: 'x' })
  const [image, attestation] = index.entries as ImageDescription[]
  const entries = [{ ...image, editDescriptor: annotate }, attestation!]
  const built = buildLayout({ ...index, entries, editIndex }, { directory: file('attested') })
  const { stdout } = mab('inspect', 'attested')
  assert.match(stdout, /^ {2}latest {2}sha256:\w+\n {4}vendor=Acme\n {2}linux\(6\.6\)\/arm64 {2}sha256:/m)
  assert.match(stdout, /^ {4}board=x\n {4}entrypoint \["\/bin\/app"\]\n {4}cmd \["-v"\]$/m)
  assert.match(stdout, `    attestation ${built.images[1]!.digest}\n  1 image, `)
  const { stdout: json } = mab('inspect', 'attested', '--format', 'json')
  const schema = JSON.parse(readFileSync('schemas/inspect.schema.json', 'utf8')) as Parameters<
    typeof z.fromJSONSchema
  >[0]
  z.fromJSONSchema(schema).parse(JSON.parse(json))
})

test('the commands fit the layout: one reference, several, or none in the flat form', () => {
  const { mab } = makeProject(helloConfig({ references: ['1.0'], archive: 'deploy/hello.tar' }))
  mab('run')
  const several = mab('inspect', 'hello').stdout
  assert.match(
    several,
    /skopeo copy --all oci:deploy\/hello-multiarch-oci:latest .*\n.*oci:deploy\/hello-multiarch-oci:1\.0 /,
  )
  // podman load takes no archive of several entries.
  const archive = mab('inspect', 'deploy/hello.tar').stdout
  assert.match(
    archive,
    /podman pull oci-archive:deploy\/hello\.tar:latest\n {2}podman pull oci-archive:deploy\/hello\.tar:1\.0/,
  )
  assert.not.match(archive, /podman load|vdkr/)
  assert.is(mab('merge', '-o', 'flat', '--format', 'flat', 'deploy/hello-multiarch-oci').code, 0)
  const flat = mab('inspect', 'flat').stdout
  assert.match(flat, /need a reference here, and no image has one\n {2}vdkr vimport flat NAME:TAG/)
  assert.not.match(flat, /skopeo copy/)
  // And what it says instead does work, with the same image.
  assert.match(flat, /mab merge -o OTHER flat/)
  assert.is(mab('merge', '-o', 'other', 'flat').code, 0)
  const [nested] = JSON.parse(mab('inspect', 'other', '--format', 'json').stdout) as InspectReport[]
  const [first] = JSON.parse(mab('inspect', 'hello', '--format', 'json').stdout) as InspectReport[]
  assert.is(nested!.entries[0]!.digest, first!.entries[0]!.digest)
})

test('layers are not read, documents are checked, and a hostile text cannot command the terminal', () => {
  const { mab, file } = makeProject()
  const layout = buildLayout({ architecture: 'arm64', reference: 'latest' }, { directory: file('one') })
  flipByte(layout.file(layout.images[0]!.layers[0]!))
  assert.is(mab('inspect', 'one').code, 0)
  editJson(file('one/index.json'), (index) => {
    index['manifests'][0].annotations['org.opencontainers.image.ref.name'] = '\x1b[2Jgone'
  })
  assert.match(mab('inspect', 'one').stdout, '\\x1b[2Jgone')
  flipByte(layout.file(layout.images[0]!.config))
  const broken = mab('inspect', 'one')
  assert.is(broken.code, 1)
  assert.match(broken.stderr, /corrupt blob in one/)
})

test('a name is one line, one word of a shell, and left out of commands that cannot say it', () => {
  const { mab, file } = makeProject()
  const layout = buildLayout({ architecture: 'arm64', reference: 'latest' }, { directory: file("it's $(x)") })
  const [digest] = layout.images.map((image) => image.digest)
  const rename = (reference: string): void =>
    editJson(path.join(layout.directory, 'index.json'), (index) => {
      index['manifests'][0].annotations['org.opencontainers.image.ref.name'] = reference
    })
  const commandsOf = (reference: string): string => {
    rename(reference)
    return mab('inspect', "./it's $(x)").stdout.split('use it:\n')[1]!
  }
  assert.match(commandsOf('1.0'), `  skopeo copy --all 'oci:it'\\''s $(x):1.0' docker://REGISTRY/REPOSITORY:TAG\n`)
  for (const hostile of ['latest docker://a/b; touch gone #', 'a\nskopeo copy evil', '$(touch gone)']) {
    assert.match(commandsOf(hostile), `  skopeo copy --all 'oci:it'\\''s $(x)' docker://REGISTRY/REPOSITORY:TAG\n`)
  }
  rename('a\n  skopeo copy evil')
  assert.match(mab('inspect', "./it's $(x)").stdout, `  a\\n  skopeo copy evil  ${digest}\n`)
})

test('each entry is called what it is', () => {
  const { mab, file } = makeProject()
  const schema1 = 'application/vnd.docker.distribution.manifest.v1+prettyjws'
  const editDescriptor = (descriptor: Document): unknown => (descriptor['mediaType'] = schema1)
  buildLayout([{ docker: true }, { editDescriptor }], { directory: file('docker') })
  const { stdout } = mab('inspect', 'docker')
  assert.match(stdout, /^ {2}\(no name\) {2}sha256:\w+ {2}\(Docker manifest\)\n {2}\(no name\) {2}sha256:\w+$/m)
  assert.match(stdout, `B  ${schema1}\n`)
  // A single image shares no layer with another.
  assert.match(stdout, /^ {2}1 image, [\d.]+ KiB$/m)
})

test('a Docker manifest list is taken without its reference, and not at all when it has several', () => {
  const { mab, file } = makeProject()
  for (const architecture of ['arm64', 'amd64']) {
    buildLayout({ architecture, docker: true }, { directory: file(architecture) })
  }
  const merge = (...args: string[]): void =>
    assert.is(mab('merge', '--media-types', 'docker', 'arm64', 'amd64', ...args).code, 0)
  merge('-o', 'one')
  const one = mab('inspect', 'one').stdout
  assert.match(one, /use it:\n {2}skopeo copy --all oci:one docker:\/\/\S+\n {2}podman pull oci:one\n$/)
  merge('-o', 'two', '-t', '1,2')
  const two = mab('inspect', 'two').stdout
  assert.not.match(two, /skopeo copy|podman pull/)
  assert.match(two, /mab merge -o OTHER --media-types docker two {3}\(with one reference/)
  assert.is(mab('merge', '-o', 'other', '--media-types', 'docker', 'two').code, 0)
})

test('a target that is not built is told what to do', () => {
  const { code, stderr } = makeProject().mab('inspect', 'hello')
  assert.is(code, 1)
  assert.match(stderr, /no such file or directory\n {2}next: mab run hello/)
})

test.run()
