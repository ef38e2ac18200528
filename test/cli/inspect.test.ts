import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { InspectReport } from '../../src/oci/inspect.js'
import { buildLayout, editJson, flipByte } from '../rig/layout-builder.js'
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
  assert.match(mab('inspect', 'three').stdout, /3 images, .*; 1 layer in more than one of them, which saves 4\.0 KiB/)
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

test('a target that is not built is told what to do', () => {
  const { code, stderr } = makeProject().mab('inspect', 'hello')
  assert.is(code, 1)
  assert.match(stderr, /nothing is there\n {2}next: mab run hello/)
})

test.run()
