import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { UserConfig } from '../../src/config/types.js'
import { resolveTargets, type ResolveContext, type Selection } from '../../src/targets/resolve.js'
import { platformLabel, type Source, type Target } from '../../src/targets/target.js'
import { configOf, problemsOf, valueOf } from '../config/project.js'

const test = suite('targets/resolve')

type Context = Omit<ResolveContext, 'directory'>

function resolve(raw: UserConfig, selection: Partial<Selection> = {}, context: Context = {}): readonly Target[] {
  const all = { targets: [], platforms: [], ...selection }
  return valueOf(resolveTargets(configOf(raw), all, { directory: '/project', ...context }))
}

function refuse(raw: UserConfig, selection: Partial<Selection>): readonly object[] {
  const all = { targets: [], platforms: [], ...selection }
  return problemsOf(resolveTargets(configOf(raw), all, { directory: '/project' }))
}

function bitbakeOf(target: Target | undefined, position = 0): Extract<Source, { kind: 'bitbake' }> {
  const source = target?.platforms[position]?.source
  if (source?.kind !== 'bitbake') throw new Error(JSON.stringify(target))
  return source
}

const shape = (targets: readonly Target[]): string[] =>
  targets.map(({ name, platforms }) => `${name}: ${platforms.map(platformLabel).join(' ')}`)

test('a target that says nothing gets every default', () => {
  const build = { directory: '/project/build', command: ['bitbake'], args: [], environment: {} }
  const source = { kind: 'bitbake', build, recipe: 'hello', task: 'image_complete' }
  assert.equal(resolve({ targets: { hello: {} } }), [
    {
      name: 'hello',
      platforms: [
        {
          key: 'aarch64',
          platform: { os: 'linux', architecture: 'arm64' },
          source: { ...source, multiconfig: 'container-aarch64', machine: 'qemuarm64' },
          annotations: {},
        },
        {
          key: 'x86_64',
          platform: { os: 'linux', architecture: 'amd64' },
          source: { ...source, multiconfig: 'container-x86-64', machine: 'qemux86-64' },
          annotations: {},
        },
      ],
      partial: false,
      allowAbsentLayers: 'none',
      root: '/project',
      output: {
        directory: '/project/deploy/hello-multiarch-oci',
        format: 'nested',
        mediaTypes: 'oci',
        reference: 'latest',
        references: [],
        attestations: 'drop',
        name: 'localhost/hello:latest',
        annotations: {},
        link: 'auto',
      },
    },
  ])
})

test('paths are absolute and names are filled in', () => {
  const [target] = resolve({
    build: { directory: '../b', command: ['./scripts/bb', './x'], args: ['-R', 'ci.conf'], environment: { A: '1' } },
    platforms: {
      aarch64: { layout: 'out/${recipe}/${recipe}-*', multiconfig: 'mine' },
      x86_64: { deployDirectory: 'images/x86' },
      riscv64: {
        source: { kind: 'layout', path: '/srv/${recipe}.tar', reference: 'rv' },
        osVersion: '6.6',
        osFeatures: ['rva22'],
        annotations: { 'com.example.board': 'visionfive' },
      },
    },
    targets: {
      hello: {
        recipe: 'world',
        task: 'do_image_complete',
        reference: '1.0',
        sources: ['a/**'],
        output: {
          directory: 'out/hello',
          archive: 'out/hello.tar',
          reference: '2.0',
          references: ['2'],
          link: 'copy',
        },
      },
    },
  })
  const build = {
    directory: '/b',
    command: ['/project/scripts/bb', './x'],
    args: ['-R', 'ci.conf'],
    environment: { A: '1' },
  }
  const bitbake = { kind: 'bitbake', build, recipe: 'world', task: 'image_complete' }
  assert.equal(
    target?.platforms.map(({ source }) => source),
    [
      { ...bitbake, multiconfig: 'mine', layout: { root: '/project', pattern: 'out/world/world-*' } },
      { ...bitbake, multiconfig: 'container-x86-64', machine: 'qemux86-64', deployDirectory: '/project/images/x86' },
      { kind: 'layout', path: { root: '/project', pattern: '/srv/world.tar' }, reference: 'rv' },
    ],
  )
  const { platform, annotations } = target!.platforms[2]!
  assert.equal(platform, { os: 'linux', architecture: 'riscv64', 'os.version': '6.6', 'os.features': ['rva22'] })
  assert.equal(annotations, { 'com.example.board': 'visionfive' })
  assert.equal([target?.reference, target?.sources], ['1.0', ['a/**']])
  assert.equal(target?.output, {
    directory: '/project/out/hello',
    format: 'nested',
    mediaTypes: 'oci',
    reference: '2.0',
    references: ['2'],
    attestations: 'drop',
    name: 'localhost/hello:2.0',
    annotations: {},
    archive: '/project/out/hello.tar',
    link: 'copy',
  })
})

test('the build directory: the config, else BUILDDIR, else build', () => {
  const [plain, set] = [{ targets: { hello: {} } }, { build: { directory: 'b' }, targets: { hello: {} } }]
  const directory = (raw: UserConfig, buildDirectory?: string): string =>
    bitbakeOf(resolve(raw, {}, { buildDirectory })[0]).build.directory
  assert.is(directory(set, '/shell/build'), '/project/b')
  assert.is(directory(plain, '/shell/build'), '/shell/build')
  assert.is(directory(plain), '/project/build')
})

test('a flat layout has no outer names', () => {
  const [target] = resolve({ targets: { hello: { output: { format: 'flat' } } } })
  assert.equal(Object.keys(target?.output ?? {}), [
    'directory',
    'format',
    'mediaTypes',
    'references',
    'attestations',
    'annotations',
    'link',
  ])
})

const builtin: readonly (readonly [string, NonNullable<UserConfig['platforms']>[string], object])[] = [
  ['a machine keeps the multiconfig', { machine: 'rpi4' }, { multiconfig: 'container-aarch64', machine: 'rpi4' }],
  ['a multiconfig drops the machine', { multiconfig: 'mine' }, { multiconfig: 'mine', machine: undefined }],
  ['the default configuration is one', { multiconfig: '' }, { multiconfig: '', machine: undefined }],
  ['both', { multiconfig: 'mine', machine: 'm' }, { multiconfig: 'mine', machine: 'm' }],
]
for (const [name, entry, expected] of builtin) {
  test(`overrides of a built-in platform: ${name}`, () => {
    const [target] = resolve({ platforms: { aarch64: entry }, targets: { hello: { platforms: ['aarch64'] } } })
    const { multiconfig, machine } = bitbakeOf(target)
    assert.equal({ multiconfig, machine }, expected)
    assert.equal(shape([target!]), ['hello: linux/arm64'])
  })
}

test('platforms: those of the target in its order, else those the config declares, else the built-in ones', () => {
  const declared = { riscv64: { multiconfig: 'r' }, aarch64: {} }
  const targets = { a: {}, b: { platforms: ['x86_64', 'aarch64'] } }
  assert.equal(shape(resolve({ targets })), ['a: linux/arm64 linux/amd64', 'b: linux/amd64 linux/arm64'])
  assert.equal(shape(resolve({ platforms: declared, targets })), [
    'a: linux/riscv64 linux/arm64',
    'b: linux/amd64 linux/arm64',
  ])
})

const project: UserConfig = {
  platforms: { aarch64: {}, board: { platform: 'linux/arm/v7', multiconfig: 'board' }, riscv64: { multiconfig: 'r' } },
  targets: {
    base: {},
    small: { platforms: ['board'] },
    docs: { platforms: ['aarch64'], manual: true },
  },
}
const base = 'base: linux/arm64 linux/arm/v7 linux/riscv64'

const selections: readonly (readonly [name: string, selection: Partial<Selection>, expected: readonly string[]])[] = [
  ['all that are not manual', {}, [base, 'small: linux/arm/v7']],
  [
    'those that are named, in the order of the command line',
    { targets: ['docs', 'base', 'docs'] },
    ['docs: linux/arm64', base],
  ],
  ['a platform by key', { platforms: ['board'] }, ['base: linux/arm/v7', 'small: linux/arm/v7']],
  ['a platform by os/arch', { platforms: ['linux/riscv64'] }, ['base: linux/riscv64']],
  ['a platform by os/arch/variant', { platforms: ['linux/arm/v7'] }, ['base: linux/arm/v7', 'small: linux/arm/v7']],
  [
    'a platform by its short name',
    { platforms: ['arm64', 'ARM'] },
    ['base: linux/arm64 linux/arm/v7', 'small: linux/arm/v7'],
  ],
  ['a platform by another name of it', { platforms: ['linux/aarch64/v8'] }, ['base: linux/arm64']],
  [
    'targets and platforms',
    { targets: ['base'], platforms: ['riscv64', 'aarch64'] },
    ['base: linux/arm64 linux/riscv64'],
  ],
]
for (const [name, selection, expected] of selections) {
  test(`selects ${name}`, () => {
    assert.equal(shape(resolve(project, selection)), expected)
  })
}

const noTarget = (reason: string): object => ({ code: 'nothing-selected', reason })
const targets = ['base', 'small', 'docs']
const keys = ['aarch64', 'board', 'riscv64', 'x86_64']

const refusals: readonly (readonly [name: string, Partial<Selection>, ...expected: object[]])[] = [
  [
    'unknown names, all at once',
    { targets: ['bsae', 'nothing'], platforms: ['risv64', 'm68k'] },
    { code: 'unknown-target', name: 'bsae', known: targets, suggestion: 'base' },
    { code: 'unknown-target', name: 'nothing', known: targets },
    { code: 'unknown-platform', name: 'risv64', known: keys, suggestion: 'riscv64' },
    { code: 'unknown-platform', name: 'm68k', known: keys },
  ],
  [
    'a platform that a named target does not have',
    { targets: ['base', 'small'], platforms: ['riscv64', 'board'] },
    { code: 'platform-not-in-target', name: 'linux/riscv64', target: 'small', known: ['linux/arm/v7'] },
  ],
  [
    'a platform that no target has',
    { platforms: ['s390x', 'aarch64'] },
    noTarget('no target has the platform linux/s390x'),
  ],
  [
    'names of objects',
    { targets: ['toString', '__proto__'], platforms: ['toString'] },
    { code: 'unknown-target', name: 'toString', known: targets },
    { code: 'unknown-target', name: '__proto__', known: targets },
    { code: 'unknown-platform', name: 'toString', known: keys },
  ],
]
for (const [name, selection, ...expected] of refusals) {
  test(`refuses ${name}`, () => {
    assert.equal(refuse(project, selection), expected)
  })
}

test('says so when all targets are manual, whatever the platforms', () => {
  const raw = { targets: { docs: { manual: true } } }
  const expected = [noTarget('all targets are manual: name one of them')]
  assert.equal(refuse(raw, {}), expected)
  assert.equal(refuse(raw, { platforms: ['arm64'] }), expected)
  assert.equal(shape(resolve(raw, { targets: ['docs'] })), ['docs: linux/arm64 linux/amd64'])
})

test.run()
