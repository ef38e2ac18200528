import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { missingTool, testWith } from '../rig/tools.js'
import { helloConfig, makeProject, type Finished } from './fixture.js'

const test = suite('mab run')
const output = 'deploy/hello-multiarch-oci'

function snapshot(directory: string): string[] {
  return readdirSync(directory, { recursive: true })
    .map(String)
    .toSorted()
    .map((name) => `${name} ${statSync(path.join(directory, name)).mtimeMs}`)
}

function digestOf({ stdout }: Finished): string {
  return /sha256:[0-9a-f]{64}/.exec(stdout)?.[0] ?? 'none'
}

test('builds, then finds everything fresh, and says so', () => {
  const { mab, directory } = makeProject(helloConfig({ archive: 'deploy/hello.tar' }))
  const first = mab('run')
  assert.is(first.code, 0, first.stderr)
  assert.match(
    first.stdout,
    /^hello {2}built {2}sha256:[0-9a-f]{64}\n +deploy\/hello-multiarch-oci, deploy\/hello\.tar: linux\/arm64, linux\/amd64\n$/,
  )
  assert.match(first.stderr, /2 tasks run, 0 up to date, by node stand-in\.mjs/)
  const before = snapshot(path.join(directory, 'deploy'))
  const second = mab('run')
  assert.is(second.code, 0)
  assert.match(second.stderr, /everything is fresh/)
  assert.not.match(second.stderr, /ok +(bitbake|merge|index|verify|archive)/)
  assert.is(digestOf(second), digestOf(first))
  assert.equal(snapshot(path.join(directory, 'deploy')), before)
})

test('without declared sources BitBake is asked, and nothing else is done', () => {
  const config = helloConfig() as { targets: { hello: { sources?: unknown } } }
  delete config.targets.hello.sources
  const { mab } = makeProject(config)
  mab('run')
  const second = mab('run', '--explain')
  assert.match(second.stderr, /why +bitbake build: only BitBake knows/)
  assert.match(second.stderr, /ok +bitbake build: nothing to rebuild \(2 tasks up to date\)/)
  assert.match(second.stderr, /^no image changed: 1 done, 6 fresh/m)
  const unasked = mab('run', '--no-build')
  assert.not.match(unasked.stderr, /bitbake/)
  assert.match(unasked.stderr, /everything is fresh/)
})

test('a changed source asks BitBake again, and names the file', () => {
  const { mab, file } = makeProject()
  mab('run')
  appendFileSync(file('meta-hello/recipes/hello-container.bb'), '# a comment\n')
  assert.match(mab('run', '--explain').stderr, /sources changed: meta-hello\/recipes\/hello-container\.bb\n/)
  assert.match(mab('run').stderr, /everything is fresh/)
})

test('a deployed layout that changed or is gone asks BitBake again', () => {
  const { mab, file } = makeProject()
  mab('run')
  rmSync(file('build/tmp-container-aarch64'), { recursive: true })
  const again = mab('run')
  assert.is(again.code, 0, again.stderr)
  assert.match(again.stderr, /bitbake build: 1 task run, 0 up to date/)
})

test('a dry run says why, and changes nothing', () => {
  const { mab, directory } = makeProject()
  const before = snapshot(directory)
  const dry = mab('run', '-n')
  assert.is(dry.code, 0)
  assert.match(dry.stdout, /bitbake build +stale +mc:container-aarch64:hello-container:do_image_complete/)
  assert.match(dry.stdout, /merge hello linux\/arm64 +stale[^]*depends on discover:hello:aarch64/)
  assert.equal(snapshot(directory), before)
  mab('run')
  assert.match(mab('run', '-n').stdout, /verify hello +fresh/)
})

test('-p writes a partial image beside the whole one, whose bytes stay', () => {
  const { mab, file } = makeProject(helloConfig({ archive: 'deploy/hello.tar' }))
  mab('run')
  const whole = readFileSync(file(output, 'index.json'))
  const partial = mab('run', '-p', 'arm64')
  assert.match(
    partial.stdout,
    /deploy\/hello-multiarch-oci-only-linux-arm64, deploy\/hello-only-linux-arm64\.tar: linux\/arm64 \(partial/,
  )
  assert.ok(existsSync(file(`${output}-only-linux-arm64/index.json`)))
  const { manifests } = JSON.parse(readFileSync(file(`${output}-only-linux-arm64/index.json`), 'utf8')) as {
    manifests: { annotations: Record<string, string> }[]
  }
  assert.is(manifests[0]!.annotations['io.containerd.image.name'], 'localhost/hello:latest-linux-arm64')
  assert.equal(readFileSync(file(output, 'index.json')), whole)
  assert.match(mab('run').stderr, /everything is fresh/)
  assert.not.match(mab('run', '-p', 'arm64,linux/amd64').stdout, /partial/)
})

test('the platform list A, B, A gives the image of A each time', () => {
  const { mab, configure } = makeProject()
  const withPlatforms = (platforms: string[]): Finished => {
    const config = helloConfig() as { targets: { hello: { platforms: string[] } } }
    config.targets.hello.platforms = platforms
    configure(config)
    return mab('run', '--explain')
  }
  const a = withPlatforms(['aarch64', 'x86_64'])
  const b = withPlatforms(['aarch64'])
  assert.match(b.stderr, /why +index hello: platform removed: linux\/amd64/)
  const again = withPlatforms(['aarch64', 'x86_64'])
  assert.match(again.stderr, /platform added: linux\/amd64/)
  const reversed = withPlatforms(['x86_64', 'aarch64'])
  assert.match(reversed.stderr, /platforms reordered/)
  assert.is(digestOf(again), digestOf(a))
  assert.is(new Set([a, b, reversed].map(digestOf)).size, 3)
  assert.is(digestOf(withPlatforms(['aarch64', 'x86_64'])), digestOf(a))
  assert.is(mab('verify').code, 0)
})

test('a damaged output is mended, and --force trusts no record', () => {
  const { mab, file } = makeProject()
  mab('run')
  const blobs = file(output, 'blobs/sha256')
  const victim = path.join(blobs, readdirSync(blobs)[0]!)
  const good = readFileSync(victim)
  rmSync(victim)
  writeFileSync(
    victim,
    good.map((byte) => byte ^ 1),
  )
  assert.is(mab('verify', 'hello').code, 1)
  const mended = mab('run', '--explain')
  assert.is(mended.code, 0, mended.stderr)
  assert.match(mended.stderr, /changed since it was written: deploy\/hello-multiarch-oci\/blobs\/sha256\//)
  assert.equal(readFileSync(victim), good)
  assert.is(mab('verify', 'hello').code, 0)
  assert.match(mab('run', '--force').stderr, /ok +verify hello/)
})

test('state that is lost or rubbish costs work, and no more', () => {
  const { mab, file } = makeProject()
  const digest = digestOf(mab('run'))
  const spoil: ((name: string) => void)[] = [
    (name) => writeFileSync(name, Buffer.from([0xff, 0x0a, 0x7b])),
    (name) => writeFileSync(name, ''),
    (name) => rmSync(name),
    (name) => {
      rmSync(name)
      mkdirSync(path.join(name, 'inside'), { recursive: true })
    },
  ]
  for (const spoiled of spoil) {
    const names = readdirSync(file('.mab'), { recursive: true }).map((name) => file('.mab', String(name)))
    for (const name of [...names, file('.mab/lock')]) {
      if (name.includes('logs') || (existsSync(name) && !statSync(name).isFile())) continue
      if (!existsSync(name)) writeFileSync(name, '')
      spoiled(name)
    }
    const rubbish = mab('run')
    assert.is(rubbish.code, 0, rubbish.stderr)
    assert.is(digestOf(rubbish), digest)
  }
  rmSync(file('.mab'), { recursive: true })
  assert.is(digestOf(mab('run')), digest)
  assert.is(readFileSync(file('.mab/.gitignore'), 'utf8'), '*\n')
})

test('events come as one JSON object a line, and nothing else is on stdout', () => {
  const { code, stdout } = makeProject().mab('run', '--progress', 'json')
  assert.is(code, 0)
  const events = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  assert.is(events[0]!['kind'], 'run-started')
  const finished = events.filter(({ kind }) => kind === 'task-finished')
  assert.equal(new Set(finished.map(({ state }) => state)), new Set(['done']))
  assert.is(finished.length, 7)
  assert.ok(events.some(({ kind, done, total }) => kind === 'task-progress' && done === 1 && total === 2))
  assert.is(events.at(-1)!['kind'], 'run-finished')
})

test('an output directory that holds other things is left alone', () => {
  const { mab, file } = makeProject(helloConfig({ directory: 'meta-hello' }))
  const before = snapshot(file('meta-hello'))
  const { code, stderr } = mab('run')
  assert.is(code, 1)
  assert.match(stderr, /meta-hello is not an image that mab may replace[^]*found: classes, conf, recipes/)
  assert.equal(snapshot(file('meta-hello')), before)
})

test('quiet prints the result alone', () => {
  const { stdout, stderr } = makeProject().mab('run', '-q')
  assert.match(stdout, /^hello {2}built/)
  assert.is(stderr, '')
})

test('--no-build without deployed layouts lists every place that was looked at', () => {
  const { mab, file } = makeProject()
  const { code, stderr } = mab('run', '--no-build', '-k')
  assert.is(code, 1)
  assert.match(stderr, /no OCI layout of hello for linux\/arm64/)
  assert.match(stderr, /build\/tmp-container-aarch64\/deploy\/images\/qemuarm64: no such directory/)
  assert.match(stderr, /no OCI layout of hello for linux\/amd64/)
  assert.not.ok(existsSync(file('deploy')))
})

testWith(test, missingTool('skopeo'), 'skopeo reads the image, and copies it with its digest', () => {
  const { mab, file } = makeProject(helloConfig({ archive: 'deploy/hello.tar' }))
  const digest = digestOf(mab('run'))
  const skopeo = (...args: string[]): string => {
    const { status, stdout, stderr } = spawnSync('skopeo', args, { encoding: 'utf8' })
    assert.is(status, 0, stderr)
    return stdout
  }
  for (const source of [`oci:${file(output)}:latest`, `oci-archive:${file('deploy/hello.tar')}:latest`]) {
    const index = JSON.parse(skopeo('inspect', '--raw', source)) as { manifests: { platform: object }[] }
    assert.equal(
      index.manifests.map(({ platform }) => platform),
      [
        { architecture: 'arm64', os: 'linux' },
        { architecture: 'amd64', os: 'linux' },
      ],
    )
    skopeo('copy', '--quiet', '--all', source, `oci:${file('copy')}:x`)
    const copied = JSON.parse(readFileSync(file('copy/index.json'), 'utf8')) as { manifests: { digest: string }[] }
    assert.is(copied.manifests[0]!.digest, digest)
    rmSync(file('copy'), { recursive: true })
  }
})

test.run()
