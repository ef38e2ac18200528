import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { artifacts } from '../rig/artifacts.js'
import {
  buildLayout,
  flipByte,
  type EntryOf,
  type ImageDescription,
  type IndexDescription,
} from '../rig/layout-builder.js'
import { temporaryDirectory } from '../rig/temp.js'
import { missingTool, testWith } from '../rig/tools.js'
import { runTool } from '../rig/writers.js'
import { makeProject, type Project } from './fixture.js'

const test = suite('mab merge')

function projectWith(layouts: Record<string, EntryOf | readonly EntryOf[]>): Project {
  const project = makeProject()
  for (const [name, images] of Object.entries(layouts)) buildLayout(images, { directory: project.file(name) })
  return project
}

interface Index {
  manifests: {
    digest: string
    platform: { architecture: string; variant?: string; 'os.version'?: string }
    annotations?: object
  }[]
}

function indexIn(project: Project, directory: string): Index {
  return JSON.parse(readFileSync(project.file(directory, 'index.json'), 'utf8')) as Index
}

test('gives the bytes of mab run, from directories and from archives', () => {
  const temporary = temporaryDirectory()
  const project = makeProject(undefined, { TMPDIR: temporary })
  project.mab('run')
  const deploy = (multiconfig: string, machine: string): string =>
    `build/tmp-${multiconfig}/deploy/images/${machine}/hello-container-latest-oci`
  const [arm64, amd64] = [deploy('container-aarch64', 'qemuarm64'), deploy('container-x86-64', 'qemux86-64')]
  const { digest } = indexIn(project, 'deploy/hello-multiarch-oci').manifests[0]!
  for (const operands of [
    [arm64, amd64],
    [`${arm64}.tar`, `${amd64}.tar`],
  ]) {
    const merged = project.mab('merge', '-o', 'out/hello', '--archive', 'out/hello.tar', ...operands)
    assert.is(merged.code, 0, merged.stderr)
    assert.is(indexIn(project, 'out/hello').manifests[0]!.digest, digest)
    execFileSync('tar', ['-tf', project.file('out/hello.tar')])
  }
  assert.equal(readdirSync(temporary), [])
})

test('a layout of several platforms brings them all, in the order of the operands', () => {
  const two = [{ architecture: 'riscv64' }, { architecture: 's390x' }].map((image) => ({
    ...image,
    reference: 'latest',
  }))
  const project = projectWith({ two, one: { architecture: 'arm64' } })
  assert.is(project.mab('merge', '-o', 'out', '--format', 'flat', 'one', 'two').code, 0)
  const architectures = indexIn(project, 'out').manifests.map(({ platform }) => platform.architecture)
  assert.equal(architectures, ['arm64', 'riscv64', 's390x'])
})

test('a reference, a name and a variant are as they are said', () => {
  const project = projectWith({ arm: { architecture: 'arm' }, amd64: { architecture: 'amd64' } })
  const merged = project.mab(
    'merge',
    '-o',
    'out',
    '-t',
    '1.0',
    '--name',
    'example.com/app:1.0',
    'arm=linux/arm/v6',
    'amd64',
  )
  assert.is(merged.code, 0, merged.stderr)
  assert.equal(indexIn(project, 'out').manifests[0]!.annotations, {
    'org.opencontainers.image.ref.name': '1.0',
    'io.containerd.image.name': 'example.com/app:1.0',
  })
  assert.match(merged.stdout, /linux\/arm\/v6, linux\/amd64/)
})

test("takes an output's options as a config has them, with the same bytes", () => {
  const project = projectWith({ arm64: { architecture: 'arm64' }, amd64: { architecture: 'amd64' } })
  const args = ['-t', '1.4.2,1.4', '-t', 'latest', '--name', 'example.com/app:1.4.2', '--link', 'copy']
  const annotations = [
    'vendor=Acme, Inc.',
    'index:a=b',
    'manifest-descriptor[arm64]:board=x=y',
    'manifest-descriptor:k=',
  ]
  const flags = annotations.flatMap((annotation) => ['--annotation', annotation])
  const merged = project.mab('merge', '-o', 'out', ...args, ...flags, 'arm64', 'amd64')
  assert.is(merged.code, 0, merged.stderr)
  assert.is(statSync(project.file('out/index.json')).nlink, 1)
  const source = (name: string): object => ({ source: { kind: 'layout', path: name } })
  project.configure({
    platforms: {
      arm64: { ...source('arm64'), annotations: { board: 'x=y', k: '' } },
      amd64: { ...source('amd64'), annotations: { k: '' } },
    },
    targets: {
      app: {
        output: {
          directory: 'run',
          reference: '1.4.2',
          references: ['1.4', 'latest'],
          name: 'example.com/app:1.4.2',
          annotations: { a: 'b', vendor: 'Acme, Inc.' },
        },
      },
    },
  })
  assert.is(project.mab('run').code, 0)
  const [ours, theirs] = ['out', 'run'].map((directory) => readFileSync(project.file(directory, 'index.json')))
  assert.equal(ours, theirs)
  assert.is(indexIn(project, 'out').manifests.length, 3)
})

test('an operand as skopeo has it says which image of a layout is meant', () => {
  const two = (architecture: string): ImageDescription[] => [
    { architecture, reference: 'latest' },
    { architecture, reference: '1.0', layers: [`1.0 for ${architecture}`] },
  ]
  const project = projectWith({ arm64: two('arm64'), amd64: two('amd64') })
  execFileSync('tar', ['-cf', project.file('amd64.tar'), '-C', project.file('amd64'), '.'])
  const merged = project.mab('merge', '-o', 'out', '--format', 'flat', 'oci:arm64:1.0', 'oci-archive:amd64.tar:1.0')
  assert.is(merged.code, 0, merged.stderr)
  const digests = ['arm64', 'amd64'].map((name) => indexIn(project, name).manifests[1]!.digest)
  assert.equal(
    indexIn(project, 'out').manifests.map(({ digest }) => digest),
    digests,
  )
  const missing = project.mab('merge', '-o', 'out', 'oci:arm64:2.0')
  assert.is(missing.code, 1)
  assert.match(
    missing.stderr,
    /expected: the reference "2\.0"\n {2}found: latest, 1\.0\n {2}next: .*oci:arm64:REFERENCE/,
  )
})

test('takes the place of nothing but what mab wrote: no input, no archive of another tool', () => {
  const project = projectWith({ arm64: { architecture: 'arm64' }, amd64: { architecture: 'amd64' } })
  const pack = (name: string): Buffer => {
    execFileSync('tar', ['-cf', project.file(`${name}.tar`), '-C', project.file(name), '.'])
    return readFileSync(project.file(`${name}.tar`))
  }
  const [input, foreign] = [pack('arm64'), pack('amd64')]
  const refused = (expected: RegExp, ...argv: string[]): void => {
    const { code, stderr } = project.mab('merge', ...argv)
    assert.is(code, 1, argv.join(' '))
    assert.match(stderr, expected)
    assert.not.ok(existsSync(project.file('out')))
  }
  refused(/arm64\.tar cannot be the output: the image is made from/, '-o', 'out', '--archive', 'arm64.tar', 'arm64.tar')
  refused(/amd64\.tar is not an archive that mab may replace/, '-o', 'out', '--archive', 'amd64.tar', 'arm64.tar')
  assert.equal([readFileSync(project.file('arm64.tar')), readFileSync(project.file('amd64.tar'))], [input, foreign])
  symlinkSync('nowhere', project.file('dangling'))
  refused(
    /dangling is not an image that mab may replace[^]*a symbolic link to what is not there/,
    '-o',
    'dangling',
    'arm64',
  )
  assert.is(project.mab('merge', '-o', 'made', '--archive', 'made.tar', 'arm64').code, 0)
  assert.is(project.mab('merge', '-o', 'made', '--archive', 'made.tar', 'amd64').code, 0)
})

test('no amd64 variant comes into the index but one that was asked for', () => {
  const project = projectWith({ amd64: { architecture: 'amd64', variant: 'v3' } })
  const platform = (): object => indexIn(project, 'out').manifests[0]!.platform
  assert.is(project.mab('merge', '-o', 'out', '--format', 'flat', 'amd64').code, 0)
  assert.equal(platform(), { architecture: 'amd64', os: 'linux' })
  assert.is(project.mab('merge', '-o', 'out', '--format', 'flat', 'amd64=linux/amd64/v3').code, 0)
  assert.equal(platform(), { architecture: 'amd64', os: 'linux', variant: 'v3' })
})

test('an operand with a platform is one image of several', () => {
  const project = projectWith({
    both: [{ architecture: 'arm64' }, { architecture: 'amd64' }].map((image) => ({ ...image, reference: 'latest' })),
    other: { architecture: 'amd64', layers: ['other'] },
  })
  const merged = project.mab('merge', '-o', 'out', '--format', 'flat', 'both=linux/arm64', 'other')
  assert.is(merged.code, 0, merged.stderr)
  const wanted = [indexIn(project, 'both'), indexIn(project, 'other')].map(({ manifests }) => manifests[0]!.digest)
  assert.equal(
    indexIn(project, 'out').manifests.map(({ digest }) => digest),
    wanted,
  )
})

test('of a sparse layout it takes what is there, and prints what it leaves out', () => {
  const project = projectWith({ other: { architecture: 'riscv64' } })
  const entries = ['amd64', 'arm64', 's390x'].map((architecture) => ({ architecture }))
  const built = buildLayout({ reference: 'latest', entries }, { directory: project.file('sparse') })
  for (const { digest } of built.images.slice(1)) rmSync(built.file(digest))
  const inspected = project.mab('inspect', 'sparse')
  assert.is(inspected.code, 0, inspected.stderr)
  assert.match(inspected.stdout, /^ {2}absent linux\/arm64 {2}sha256:\w+\n {2}absent linux\/s390x {2}sha256:/m)
  assert.match(inspected.stdout, '  mab merge -o OTHER sparse   (')
  const verified = project.mab('verify', 'sparse')
  assert.is(verified.code, 0)
  assert.match(verified.stdout, /linux\/arm64 sha256:\w+: absent\n[^]*note: 2 listed manifests absent/)
  assert.is(project.mab('verify', '--strict', 'sparse').code, 1)
  for (const operand of ['sparse', 'sparse=linux/amd64']) {
    const merged = project.mab('merge', '-o', 'out', '--format', 'flat', operand, 'other')
    assert.is(merged.code, 0, merged.stderr)
    const architectures = indexIn(project, 'out').manifests.map(({ platform }) => platform.architecture)
    assert.equal(architectures, ['amd64', 'riscv64'])
    const note = /sparse lists linux\/arm64, linux\/s390x, and the blob is absent: left out/
    assert.is(note.test(merged.stderr), operand === 'sparse')
  }
  const absent = project.mab('merge', '-o', 'other-out', 'sparse=linux/arm64', 'other')
  assert.is(absent.code, 1)
  assert.match(
    absent.stderr,
    /missing blob in sparse[^]*\(linux\/arm64\)[^]*next: .*skopeo copy --all docker:\/\/IMAGE /,
  )
  project.configure({
    platforms: {
      amd64: { source: { kind: 'layout', path: 'sparse' } },
      arm64: { source: { kind: 'layout', path: 'sparse' } },
    },
    targets: { app: { output: { directory: 'app' } } },
  })
  assert.is(project.mab('run', '-p', 'amd64').code, 0)
  const run = project.mab('run')
  assert.is(run.code, 1)
  assert.match(run.stdout + run.stderr, /missing blob in sparse/)
})

test('a signature next to an image is passed over, and the commands of inspect work', () => {
  const { image: signature } = artifacts['a signature of cosign']!
  const project = projectWith({ signed: [{ architecture: 'arm64' }, signature] })
  const { stdout } = project.mab('inspect', 'signed')
  assert.match(stdout, /^ {2}artifact sha256:\w+ .*simplesigning/m)
  assert.match(stdout, /mab merge -o OTHER signed/)
  assert.not.match(stdout, /^ {2}(?:skopeo|podman|vdkr)/m)
  const merged = project.mab('merge', '-o', 'OTHER', 'signed')
  assert.is(merged.code, 0, merged.stderr)
  const verified = project.mab('verify', 'signed')
  assert.is(verified.code, 0)
  assert.match(verified.stdout, /^ {2}artifact sha256:\w+: application\/vnd\.dev\.cosign\.simplesigning/m)
})

/** One layout with an index of these images; each entry says what is given, whatever the image config says. */
function indexOf(...entries: readonly (readonly [described: object, image: ImageDescription])[]): IndexDescription {
  return {
    reference: 'latest',
    entries: entries.map(([platform, image]) => ({
      ...image,
      editDescriptor: (descriptor) => void (descriptor['platform'] = platform),
    })),
  }
}

test('an index that no client can choose from is made right, or merge says how', () => {
  const [amd64, arm64] = [{ architecture: 'amd64' }, { architecture: 'arm64' }]
  const project = projectWith({
    variant: indexOf(
      [{ os: 'linux', architecture: 'amd64', variant: 'v8' }, amd64],
      [{ os: 'linux', ...arm64 }, arm64],
    ),
    spelling: indexOf(
      [{ os: 'linux', architecture: 'x86_64' }, { architecture: 'x86_64' }],
      [{ os: 'linux', architecture: 'aarch64' }, arm64],
    ),
    empty: indexOf([{ os: '', architecture: '' }, amd64], [{ os: 'linux', ...arm64 }, arm64]),
    wrong: indexOf([{ os: 'linux', ...arm64 }, amd64], [{ os: 'linux', ...amd64 }, arm64]),
  })
  const platformsIn = (directory: string): object[] => indexIn(project, directory).manifests.map((one) => one.platform)
  const right = [
    { ...amd64, os: 'linux' },
    { ...arm64, os: 'linux' },
  ]
  for (const name of ['variant', 'spelling', 'empty', 'wrong']) assert.is(project.mab('verify', name).code, 1, name)

  const refused = project.mab('merge', '-o', 'out', 'variant')
  assert.is(refused.code, 1)
  assert.match(refused.stderr, /platform that clients cannot choose in variant/)
  assert.match(
    refused.stderr,
    /expected: linux\/amd64, without a variant or with v1 to v4\n {2}found: the index says linux\/amd64\/v8/,
  )
  const [, next] = /next: .*: mab (merge -o DIR .*)/.exec(refused.stderr)!
  assert.is(next, 'merge -o DIR variant=linux/amd64 variant=linux/arm64')
  for (const args of [
    next!.replace('DIR', 'out-variant').split(' '),
    ['merge', '-o', 'out-spelling', 'spelling'],
    ['merge', '-o', 'out-empty', 'empty'],
  ]) {
    const merged = project.mab(...args, '--format', 'flat')
    assert.is(merged.code, 0, merged.stdout)
    assert.equal(platformsIn(args[2]!), right)
    assert.is(project.mab('verify', args[2]!).code, 0)
  }

  buildLayout({ architecture: 'arm', variant: 'v9', platform: false }, { directory: project.file('single') })
  const ofConfig = /next: .*: mab (merge -o DIR .*)/.exec(project.mab('merge', '-o', 'out', 'single').stderr)!
  assert.is(project.mab(...ofConfig[1]!.replace('DIR', 'out-single').split(' ')).code, 0)
  assert.is(project.mab('verify', 'out-single').code, 0)

  // The index is wrong, and the image config is right: both are named.
  const contradiction = project.mab('merge', '-o', 'out', 'wrong').stderr
  assert.match(
    contradiction,
    /expected: linux\/arm64, as the index says\n {2}found: the image config says linux\/amd64/,
  )
})

test('two images that differ by os.version are two platforms, from one index and from two layouts', () => {
  const windows = (version: string, layer: string): ImageDescription => ({
    os: 'windows',
    architecture: 'amd64',
    layers: [layer],
    editConfig: (config) => void (config['os.version'] = version),
  })
  const [old, recent] = [windows('10.0.17763.1', 'a'), windows('10.0.20348.1', 'b')]
  const entry = (version: string): object => ({ os: 'windows', architecture: 'amd64', 'os.version': version })
  const project = projectWith({
    old,
    recent,
    index: indexOf([entry('10.0.17763.1'), old], [entry('10.0.20348.1'), recent]),
  })
  const names = ['windows(10.0.17763.1)/amd64', 'windows(10.0.20348.1)/amd64']
  assert.match(
    project.mab('verify', 'index').stdout,
    /windows\(10\.0\.17763\.1\)\/amd64[^]*windows\(10\.0\.20348\.1\)\/amd64/,
  )
  for (const operands of [['old', 'recent'], ['index'], names.map((name) => `index=${name}`)]) {
    const merged = project.mab('merge', '-o', 'out', '--format', 'flat', '--metadata-file', 'meta.json', ...operands)
    assert.is(merged.code, 0, merged.stdout)
    assert.is(project.mab('verify', 'out').code, 0)
    for (const name of names) {
      assert.ok(merged.stdout.includes(name), merged.stdout)
      assert.ok(project.mab('inspect', 'out').stdout.includes(name))
    }
    const metadata = JSON.parse(readFileSync(project.file('meta.json'), 'utf8')) as { platforms: object }
    assert.equal(Object.keys(metadata.platforms), names)
    const versions = indexIn(project, 'out').manifests.map(({ platform }) => platform['os.version'])
    assert.equal(versions, ['10.0.17763.1', '10.0.20348.1'])
  }
  const source = { kind: 'layout', path: 'index' } as const
  project.configure({
    platforms: {
      old: { platform: 'windows/amd64', osVersion: '10.0.17763.1', source },
      recent: { platform: names[1]!, source },
    },
    targets: { app: { output: { directory: 'app' } } },
  })
  assert.is(project.mab('run').code, 0)
  assert.match(project.mab('verify', 'app').stdout, /10\.0\.17763\.1\)[^]*10\.0\.20348\.1\)/)
  const part = project.mab('run', '-p', names[1]!)
  assert.is(part.code, 0, part.stderr)
  assert.ok(part.stdout.includes(names[1]!) && !part.stdout.includes(names[0]!))
  const one = project.mab('merge', '-o', 'one', '--format', 'flat', `index=${names[1]!}`)
  assert.is(one.code, 0, one.stdout)
  assert.equal(indexIn(project, 'one').manifests.length, 1)
  const both = project.mab('merge', '-o', 'both', 'index=windows/amd64')
  assert.is(both.code, 1)
  assert.match(both.stderr, /ambiguous reference[^]*windows\(10\.0\.17763\.1\)\/amd64 sha256:[^]*LAYOUT=PLATFORM/)
  assert.match(project.mab('merge', '-o', 'twice', 'old', 'old').stderr, /are both windows\(10\.0\.17763\.1\)\/amd64/)
})

const noUmoci = missingTool('umoci')

testWith(
  test,
  noUmoci,
  'a layout as kirkstone makes it, whose config says aarch64, is merged into a clean image',
  () => {
    const project = makeProject()
    const [layout, image] = [project.file('kirkstone'), `${project.file('kirkstone')}:latest`]
    runTool('umoci', 'init', '--layout', layout)
    runTool('umoci', 'new', '--image', image)
    mkdirSync(project.file('content/etc'), { recursive: true })
    runTool('umoci', 'insert', '--rootless', '--image', image, project.file('content/etc'), '/etc')
    runTool('umoci', 'config', '--image', image, '--architecture', 'aarch64', '--os', 'linux')
    assert.is(project.mab('merge', '-o', 'out', '--format', 'flat', 'kirkstone').code, 0)
    assert.equal(indexIn(project, 'out').manifests[0]!.platform, { architecture: 'arm64', os: 'linux' })
    const verified = project.mab('verify', '--deep', 'out')
    assert.is(verified.code, 0, verified.stdout)
    // config.md says SHOULD.
    assert.match(
      project.mab('verify', '--strict', 'out').stdout,
      /linux\/arm64, as clients ask for it\n.*the image config says linux\/aarch64/,
    )
  },
)

test('what cannot be right is refused, and nothing is written', () => {
  const project = projectWith({
    a: { architecture: 'arm64' },
    b: { architecture: 'aarch64', layers: ['another'] },
    c: { architecture: 'amd64' },
    both: [{ architecture: 'arm64' }, { architecture: 'amd64' }].map((image) => ({ ...image, reference: 'latest' })),
    same: { architecture: 'arm', layers: ['x'] },
    twin: { architecture: 'arm', layers: ['x'] },
    broken: { architecture: 'riscv64' },
    bigEndian: { architecture: 'aarch64_be' },
    nothing: { architecture: '' },
  })
  const { images, file } = buildLayout({ architecture: 'riscv64' }, { directory: project.file('broken') })
  flipByte(file(images[0]!.layers[0]!))
  const cases: [number, string[], RegExp][] = [
    [2, ['a'], /where to\? -o DIR/],
    [2, ['-o', 'out'], /expected at least one layout/],
    [2, ['-o', 'out', 'a', 'b'], /a and b are both linux\/arm64/],
    [2, ['-o', 'out', 'a', 'c=linux/amd64/v9'], /"v9" is not a variant of amd64/],
    [1, ['-o', 'out', 'both=linux/riscv64'], /missing platform in both[^]*found: [^\n]*linux\/arm64/],
    [2, ['-o', 'c', 'a', 'c'], /c is the output too/],
    [2, ['-o', 'out', '-t', 'a b', 'a'], /"a b" is no reference/],
    [2, ['-o', 'out', '--format', 'flat', '-t', 'x', 'a'], /no entry that could carry --tag/],
    [2, ['-o', 'out', '-t', 'x', '-t', 'a b', 'a'], /"a b" is no reference/],
    [
      1,
      ['-o', 'out', 'bigEndian'],
      /found: the image config says linux\/aarch64_be: few clients know 64-bit big-endian/,
    ],
    [1, ['-o', 'out', 'nothing'], /found: the image config says os "linux" and architecture ""/],
    [2, ['-o', 'out', '--annotation', 'a', 'a'], /--annotation is KEY=VALUE, .*found "a"/],
    [2, ['-o', 'out', '--annotation', 'manifest:a=b', 'a'], /since images are taken as they are/],
    [2, ['-o', 'out', '--annotation', 'index[arm64]:a=b', 'a'], /must follow manifest-descriptor/],
    [2, ['-o', 'out', '--annotation', 'manifest-descriptor[x]:a=b', 'a'], /"x" is not an architecture/],
    [2, ['-o', 'out', '--annotation', 'manifest-descriptor[amd64]:a=b', 'a'], /no operand is of that platform/],
    [2, ['-o', 'out', '--media-types', 'docker', '--format', 'flat', 'a'], /needs --format nested/],
    [2, ['-o', 'out', '--media-types', 'docker', '--annotation', 'a=b', 'a'], /list has no annotations/],
    [1, ['-o', 'out', '--media-types', 'docker', 'a'], /wrong media type/],
    [2, ['-o', 'out', '=linux/arm64'], /"=linux\/arm64": expected LAYOUT/],
    [2, ['-o', 'out', 'oci:', 'oci:a:'], /"oci:": expected LAYOUT[^]*"oci:a:": expected LAYOUT/],
    [1, ['-o', 'out', 'nowhere'], /no such file or directory\n {2}next: name a layout or a tar of one: DIR, FILE, /],
    [1, ['-o', 'out', '/dev/null'], /found: neither\n {2}next: name a layout/],
    [2, ['-o', 'out', 'docker://foo/bar'], /skopeo copy --all docker:\/\/foo\/bar oci:DIR makes a layout of it/],
    [2, ['-o', 'out', '-o', 'other', 'a'], /--output is given twice: "out" and "other"/],
    [2, ['-o', 'out', '--archive', 'out/x.tar', 'a'], /--archive and -o name one place/],
    [2, ['-o', 'out', '--archive', 'out', 'a'], /--archive and -o name one place/],
    [2, ['-o', 'out', '--archive', 'x.tar', '--metadata-file', 'x.tar', 'a'], /--metadata-file names the archive/],
    [2, ['-o', 'out', '--metadata-file', 'out/meta.json', 'a'], /--metadata-file is inside the output directory/],
    [2, ['-o', 'out', '--metadata-file', 'a/index.json', 'a'], /--metadata-file names a source, or lies in one/],
    [1, ['-o', 'out', 'same=linux/arm/v6', 'twin=linux/arm/v7'], /one image under two platforms/],
    [1, ['-o', 'out', 'a=linux/amd64'], /the image config says linux\/arm64/],
    [1, ['-o', 'out', 'a', 'broken'], /corrupt blob in broken/],
  ]
  for (const [code, args, message] of cases) {
    const { code: exit, stdout, stderr } = project.mab('merge', ...args)
    assert.is(exit, code, args.join(' '))
    assert.match(stdout + stderr, message)
    assert.not.ok(existsSync(project.file('out')), args.join(' '))
  }
  assert.ok(existsSync(path.join(project.file('c'), 'index.json')))
})

test.run()
