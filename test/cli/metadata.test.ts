/** `--metadata-file`: what a program learns of the images. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { buildLayout, flipByte } from '../rig/layout-builder.js'
import { helloConfig, makeProject, type Project } from './fixture.js'

const test = suite('--metadata-file')

// oxlint-disable-next-line typescript/no-explicit-any -- whatever the file holds
function read(project: Project, file: string): any {
  return JSON.parse(readFileSync(project.file(file), 'utf8'))
}

test("run: a target's image under its name, with the keys of buildx, also when all is fresh", () => {
  const project = makeProject(helloConfig({ references: ['1.0'], archive: 'deploy/hello.tar' }))
  assert.is(project.mab('run', '--metadata-file', 'meta/data.json').code, 0)
  const { hello, ...others } = read(project, 'meta/data.json')
  assert.equal(others, {})
  const [outer] = read(project, 'deploy/hello-multiarch-oci/index.json').manifests
  const { annotations: _, ...descriptor } = outer
  const index = read(project, `deploy/hello-multiarch-oci/blobs/${outer.digest.replace(':', '/')}`)
  const manifest = (position: number): object => {
    const { platform: _platform, ...rest } = index.manifests[position]
    return rest
  }
  assert.equal(hello, {
    'image.name': 'localhost/hello:latest',
    'containerimage.digest': outer.digest,
    'containerimage.descriptor': descriptor,
    references: ['latest', '1.0'],
    platforms: { 'linux/arm64': manifest(0), 'linux/amd64': manifest(1) },
    partial: false,
    directory: project.file('deploy/hello-multiarch-oci'),
    archive: project.file('deploy/hello.tar'),
  })
  assert.is(project.mab('run', '--metadata-file', 'again.json').code, 0)
  assert.equal(read(project, 'again.json'), { hello })
  assert.is(project.mab('run', '-n', '--metadata-file', 'dry.json').code, 0)
  assert.not.ok(existsSync(project.file('dry.json')))
})

test('merge: the one image; a failure leaves no earlier one to be taken for it', () => {
  const project = makeProject()
  buildLayout({ architecture: 'arm64' }, { directory: project.file('arm64') })
  const { images, file } = buildLayout({ architecture: 'amd64' }, { directory: project.file('amd64') })
  const merge = (): number | null =>
    project.mab('merge', '-o', 'out/app', '--metadata-file', 'meta.json', 'arm64', 'amd64').code
  assert.is(merge(), 0)
  const metadata = read(project, 'meta.json')
  assert.is(metadata['containerimage.digest'], read(project, 'out/app/index.json').manifests[0].digest)
  assert.is(metadata['image.name'], 'localhost/app:latest')
  assert.is(metadata.platforms['linux/amd64'].digest, images[0]!.digest)
  const place = project.mab('merge', '-o', 'other', '--metadata-file', 'out', 'arm64', 'amd64')
  assert.is(place.code, 2)
  assert.match(place.stderr, /--metadata-file names a directory: /)
  assert.not.ok(existsSync(project.file('other')))
  flipByte(file(images[0]!.layers[0]!))
  assert.is(merge(), 1)
  assert.equal(read(project, 'meta.json'), {})
})

test('a place that cannot be written is named as it was given, and a refused output is told once', () => {
  const project = makeProject()
  buildLayout({ architecture: 'arm64' }, { directory: project.file('arm64') })
  buildLayout({ architecture: 'amd64' }, { directory: project.file('amd64') })
  const unwritable = project.mab('merge', '-o', 'out', '--metadata-file', '/proc/meta.json', 'arm64', 'amd64')
  assert.is(unwritable.code, 1)
  assert.match(unwritable.stderr, /error: open \S*proc\/meta\.json: /)
  assert.not.match(unwritable.stderr, /\.mab-tmp-/)
  const archive = project.mab('merge', '-o', 'out', '--archive', '/proc/out.tar', 'arm64', 'amd64')
  assert.match(archive.stderr, /error: open \S*proc\/out\.tar: /)
  mkdirSync(project.file('mine'))
  writeFileSync(project.file('mine', 'notes.txt'), '')
  const refused = project.mab('merge', '-o', 'mine', 'arm64', 'amd64')
  assert.is(refused.code, 1)
  assert.is(refused.stderr.split('mine is not an image that mab may replace').length, 2, refused.stderr)
  assert.match(refused.stderr, /mab merge: -o/)
})

test.run()
