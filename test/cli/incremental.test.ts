/**
 * Every reason to do something, and every change that is none. What ran is counted: calls of BitBake and layers read,
 * whatever the messages say. After each change the start that only compares stats must not say "fresh" where the whole
 * of mab would not, and must say the same where it does.
 */
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Reason } from '../../src/plan/reason.js'
import { flipByte } from '../rig/layout-builder.js'
import { architectures, deployed, Incremental, output, type Did } from './incremental.js'

const test = suite('incremental')

const source = 'layers/base/recipes/app.bb'
const both = [...architectures].toSorted()

interface Row {
  readonly change: (project: Incremental) => void
  /** The first reason of each task that has another than its dependencies, as `code` or `code: what`. */
  readonly reasons?: Readonly<Record<string, string>>
  /** The multiconfigs that BitBake is asked for. */
  readonly asked?: readonly string[]
  /** Number of layers that are read. */
  readonly layers?: number
  readonly options?: readonly string[]
  /** The image is another afterwards. */
  readonly another?: true
}

const dropped: Row = {
  change: (project) => project.configure((config) => void (config.targets['app']!.platforms = ['arm64'])),
  reasons: { 'index:app': 'platform-removed: linux/amd64', 'verify:app': 'input-changed: index' },
  another: true,
}
const added: Row = {
  change: (project) => project.configure(),
  reasons: {
    'merge:app:amd64': 'output-missing',
    'index:app': 'platform-added: linux/amd64',
    'verify:app': 'input-changed: index',
  },
  another: true,
}

const rows: Readonly<Record<string, Row>> = {
  // No reasons.
  'nothing at all': { change: () => {} },
  'a source is touched': { change: (project) => utimesSync(project.path(source), 1, 1) },
  'a source is written with the same content': {
    change: (project) => writeFileSync(project.path(source), readFileSync(project.path(source))),
  },
  'a source goes and comes back, as with git checkout': {
    change: (project) => {
      const content = readFileSync(project.path(source))
      rmSync(project.path('layers'), { recursive: true })
      for (const name of ['app.bb', 'app.inc']) project.write(`layers/base/recipes/${name}`, '')
      writeFileSync(project.path(source), content)
      project.write('layers/base/recipes/app.inc', '# layers/base/recipes/app.inc\n')
      project.write('layers/base/files/run.sh', '# layers/base/files/run.sh\n')
    },
  },
  'a mode that says nothing changes': { change: (project) => chmodSync(project.path(source), 0o600) },
  'a file appears that is no source': { change: (project) => project.write('notes.txt', '') },
  'a comment is added to the config': {
    change: (project) => project.configure(undefined, (value) => `// a comment\nexport default ${value}\n`),
  },
  'keys of the config stand in another order': {
    change: (project) =>
      project.configure((config) => {
        config.targets['app'] = Object.fromEntries(Object.entries(config.targets['app']!).toReversed())
      }),
  },
  'the project is moved': { change: (project) => project.move() },
  // Shared layer, two own ones; each has two places. Whatever its place, each content is read in the output alone.
  'the project is restored from a cache': { change: (project) => project.restore(), layers: 3 },
  'what is known of files is lost': { change: (project) => rmSync(project.path('.mab/verified.json')) },
  'what is known of sources is rubbish': { change: (project) => writeFileSync(project.path('.mab/sources.json'), '[') },
  'the machine was booted': { change: (project) => void (project.env = { PROBE_BOOT: 'second' }), layers: 3 },
  'somebody removes a hard link': {
    change: (project) => {
      linkSync(project.ownLayer('arm64'), project.path('link'))
      project.mab('run')
      rmSync(project.path('link'))
    },
    layers: 1,
  },
  'BitBake deployed the same again': { change: (project) => project.deploy('arm64') },
  'the record of the start is rubbish': {
    change: (project) => {
      for (const name of readdirSync(project.path('.mab/start')))
        writeFileSync(project.path('.mab/start', name), '7\n{}')
    },
  },
  'a stranger lies in the output': { change: (project) => writeFileSync(project.path(output, 'stranger'), '') },
  'and goes again': { change: (project) => rmSync(project.path(output, 'stranger')) },

  // Reasons.
  'a source changes': {
    change: (project) => appendFileSync(project.path(source), 'x'),
    reasons: { 'bitbake:build': `sources-changed: ${source}` },
    asked: both,
  },
  'a source changes without a trace in its size and time': {
    change: (project) => {
      const { atime, mtime } = statSync(project.path(source))
      writeFileSync(project.path(source), readFileSync(project.path(source), 'utf8').replace('x', 'y'))
      utimesSync(project.path(source), atime, mtime)
    },
    reasons: { 'bitbake:build': `sources-changed: ${source}` },
    asked: both,
  },
  'a source is added': {
    change: (project) => project.write('layers/base/new/a.bb', ''),
    reasons: { 'bitbake:build': 'sources-changed: layers/base/new/a.bb' },
    asked: both,
  },
  'a source is renamed': {
    change: (project) => renameSync(project.path('layers/base/new/a.bb'), project.path('layers/base/new/b.bb')),
    reasons: { 'bitbake:build': 'sources-changed: layers/base/new/a.bb' },
    asked: both,
  },
  'a source is removed': {
    change: (project) => rmSync(project.path('layers/base/new'), { recursive: true }),
    reasons: { 'bitbake:build': 'sources-changed: layers/base/new/b.bb' },
    asked: both,
  },
  'a source can be run': {
    change: (project) => chmodSync(project.path('layers/base/files/run.sh'), 0o755),
    reasons: { 'bitbake:build': 'sources-changed: layers/base/files/run.sh' },
    asked: both,
  },
  'a directory takes the place of a source': {
    change: (project) => {
      rmSync(project.path('layers/base/recipes/app.inc'))
      project.write('layers/base/recipes/app.inc/inner', '')
    },
    reasons: { 'bitbake:build': 'sources-changed: layers/base/recipes/app.inc' },
    asked: both,
  },
  'a link to nowhere appears': {
    change: (project) => symlinkSync('nowhere', project.path('layers/base/link')),
    reasons: { 'bitbake:build': 'sources-changed: layers/base/link' },
    asked: both,
  },
  'and leads somewhere': {
    change: (project) => project.write('layers/base/nowhere', ''),
    reasons: { 'bitbake:build': 'sources-changed: layers/base/link' },
    asked: both,
  },
  'BitBake makes another image of one platform': {
    change: (project) => {
      appendFileSync(project.path(source), 'another')
      project.prepare('arm64', 'second')
    },
    reasons: { 'bitbake:build': `sources-changed: ${source}` },
    asked: both,
    layers: 1,
    another: true,
  },
  'somebody else deploys another image': {
    change: (project) => {
      project.prepare('arm64', 'third')
      project.deploy('arm64')
    },
    reasons: { 'bitbake:build': 'manifest-changed: linux/arm64' },
    asked: ['arm64'],
    layers: 1,
    another: true,
  },
  'an image is no longer deployed': {
    change: (project) => rmSync(project.path('build', deployed('amd64')), { recursive: true }),
    reasons: { 'bitbake:build': 'image-missing: linux/amd64' },
    asked: ['amd64'],
  },
  'a variable for BitBake that no image depends on': {
    change: (project) =>
      project.configure((config) => {
        Object.assign(config.build!.environment!, { BB_NUMBER_THREADS: '3', PARALLEL_MAKE: '-j 3' })
      }),
  },
  'an argument for BitBake': {
    change: (project) => project.configure((config) => void (config.build!.args = ['--ui=knotty'])),
    reasons: { 'bitbake:build': 'input-changed: build.args' },
    asked: both,
    // BitBake replaced what it had deployed, and the output's hard link to it was one of two.
    layers: 1,
  },
  'a variable for BitBake': {
    change: (project) => project.configure((config) => void (config.build!.environment!['EXTRA'] = 'x')),
    reasons: { 'bitbake:build': 'input-changed: build.args' },
    asked: both,
  },
  'a variable for BitBake, by name': {
    change: (project) => project.configure((config) => void (config.build!.environment!['EXTRA'] = 'y')),
    reasons: { 'bitbake:build': 'input-changed: build.environment.EXTRA' },
    asked: both,
  },
  'back to how it was': {
    change: (project) => project.configure(),
    reasons: { 'bitbake:build': 'input-changed: build.environment.EXTRA' },
    asked: both,
  },
  'a platform is dropped': dropped,
  // BitBake deployed it anew meanwhile.
  'and added again': { ...added, layers: 1 },
  'dropped once more': dropped,
  // Its link was removed, which changes the ctime of what is deployed.
  'and added once more': { ...added, layers: 1 },
  'platforms stand in another order': {
    change: (project) =>
      project.configure((config) => void (config.targets['app']!.platforms = [...architectures].toReversed())),
    reasons: {
      'index:app': 'platforms-reordered',
      'verify:app': 'input-changed: index',
    },
    another: true,
  },
  'an annotation': {
    change: (project) => project.configure((config) => void (config.targets['app']!.output!.annotations = { a: 'b' })),
    reasons: {
      'index:app': 'input-changed: output.annotations.a',
      'verify:app': 'input-changed: index',
    },
    another: true,
  },
  'another format': {
    change: (project) => project.configure((config) => void (config.targets['app']!.output!.format = 'flat')),
    reasons: {
      'index:app': 'input-changed: output.annotations.a',
      'verify:app': 'input-changed: index',
    },
    another: true,
  },
  'the first format again': {
    change: (project) => project.configure(),
    reasons: {
      'index:app': 'input-changed: output.format',
      'verify:app': 'input-changed: indexJson',
    },
  },
  'a blob of the output is gone': {
    change: (project) => rmSync(project.ownLayer('amd64')),
    reasons: { 'merge:app:amd64': 'output-missing' },
    // What is deployed has another ctime since its link is gone.
    layers: 1,
  },
  'a blob of the output holds other bytes': {
    change: (project) => {
      const file = project.ownLayer('amd64')
      const bytes = readFileSync(file)
      rmSync(file)
      writeFileSync(file, bytes.fill(7, 0, 10))
    },
    reasons: { 'merge:app:amd64': 'output-altered' },
    // By what finds it, by what replaces it, and the replacement, whose former link is gone.
    layers: 3,
  },
  'index.json is edited': {
    change: (project) => appendFileSync(project.path(output, 'index.json'), '\n'),
    reasons: { 'index:app': 'output-altered' },
  },
  'index.json is gone': {
    change: (project) => rmSync(project.path(output, 'index.json')),
    reasons: { 'index:app': 'output-missing' },
  },
  'oci-layout is gone': {
    change: (project) => rmSync(project.path(output, 'oci-layout')),
    reasons: { 'index:app': 'output-missing' },
  },
  'oci-layout is damaged': {
    change: (project) => writeFileSync(project.path(output, 'oci-layout'), '{\n'),
    reasons: { 'index:app': 'output-altered' },
  },
  'a directory is in the place of oci-layout': {
    change: (project) => putDirectory(project.path(output, 'oci-layout')),
    reasons: { 'index:app': 'output-altered' },
  },
  'a directory is in the place of index.json': {
    change: (project) => putDirectory(project.path(output, 'index.json')),
    reasons: { 'index:app': 'output-altered' },
  },
  'an image was written and not verified': {
    change: (project) => writeFileSync(project.path(output, '.mab-staged-index.json'), '{}'),
    reasons: { 'index:app': 'output-staged', 'verify:app': 'output-staged' },
  },
}

function putDirectory(file: string): void {
  rmSync(file)
  mkdirSync(file)
}

function wordOf(reason: Reason): string {
  switch (reason.code) {
    case 'sources-changed':
      return `${reason.code}: ${reason.files[0]}`
    case 'input-changed':
      return `${reason.code}: ${reason.input}`
    case 'manifest-changed':
    case 'platform-added':
    case 'platform-removed':
      return `${reason.code}: ${reason.platform}`
    case 'image-missing':
      return `${reason.code}: ${reason.platform}`
    default:
      return reason.code
  }
}

function withoutTimes({ stdout, stderr, code }: Did): object {
  return { code, stdout, stderr: stderr.replaceAll(/\(\d.*?\)/g, '(time)') }
}

const project = new Incremental()

test('the first run builds, the second needs but the start', () => {
  const first = project.mab('run')
  assert.is(first.code, 0, first.stderr)
  assert.equal(first.bitbake, [both])
  const second = project.mab('run')
  assert.match(second.stderr, /^everything is fresh/)
  assert.equal([second.whole, second.bitbake, second.layers], [false, [], []])
})

let image = ''

for (const [name, row] of Object.entries(rows)) {
  test(name, () => {
    image = project.mab('run').stdout
    row.change(project)
    const reasons = project.reasons(...(row.options ?? []))
    const own = Object.entries(reasons).filter(([, [first]]) => first!.code !== 'depends')
    const told = Object.fromEntries(own.map(([id, [first]]) => [id, wordOf(first!)]))
    assert.equal(told, row.reasons ?? {}, JSON.stringify(reasons))
    const ran = project.mab('run', ...(row.options ?? []))
    assert.is(ran.code, 0, ran.stderr)
    assert.equal(ran.bitbake, row.asked === undefined ? [] : [[...row.asked].toSorted()])
    assert.is(ran.layers.length, row.layers ?? 0, ran.layers.join('\n'))
    if (row.reasons !== undefined) assert.ok(ran.whole)
    const digest = (text: string): string | undefined => /sha256:\w+/.exec(text)?.[0]
    assert.is(digest(ran.stdout) === digest(image), row.another !== true)

    rmSync(project.path('.mab/start'), { recursive: true, force: true })
    const slow = project.mab('run')
    const quick = project.mab('run')
    assert.equal([slow.whole, quick.whole], [true, false])
    assert.equal(withoutTimes(quick), withoutTimes(slow))
  })
}

for (const link of ['copy', 'hardlink'] as const) {
  test(`a byte that changes without a trace in size and time is found after another hard link, with ${link}`, () => {
    const own = new Incremental()
    own.configure((config) => void (config.targets['app']!.output!.link = link))
    assert.is(own.mab('run').code, 0)
    const file = own.ownLayer('amd64')
    utimesSync(file, 1_000_000_000, 1_000_000_000)
    assert.match(own.mab('run').stderr, /^everything is fresh/)
    assert.not.ok(own.mab('run').whole)
    flipByte(file)
    utimesSync(file, 1_000_000_000, 1_000_000_000)
    linkSync(file, own.path('link'))
    const ran = own.mab('run')
    // What is deployed is the same file as the output's hard link, so it is damaged too.
    assert.is(ran.code, link === 'copy' ? 0 : 1, ran.stderr)
    assert.is(own.mab('verify').code, link === 'copy' ? 0 : 1)
    if (link === 'hardlink') assert.match(ran.stderr, 'corrupt blob')
  })
}

test('forced, nothing is fresh, and nothing is remembered of that', () => {
  assert.equal(Object.values(project.reasons('--force'))[0], [{ code: 'forced' }])
  assert.equal(project.mab('run', '--force').bitbake, [both])
  assert.equal(project.mab('run', '--force').bitbake, [both])
})

test('another environment of BitBake calls it, also past the quick start; another terminal does not', () => {
  const own = new Incremental()
  const calls = (env: Record<string, string>): number => {
    own.env = env
    const ran = own.mab('run', '--explain')
    assert.is(ran.code, 0, ran.stderr)
    assert.is(ran.bitbake.length > 0, /environment of BitBake changed|not done before/.test(ran.stderr), ran.stderr)
    return ran.bitbake.length
  }
  const passing = { BB_ENV_PASSTHROUGH_ADDITIONS: 'FLAVOUR', FLAVOUR: '1' }
  assert.ok(calls(passing) > 0)
  assert.is(calls(passing), 0)
  assert.is(calls({ ...passing, COLUMNS: '40', SHLVL: '7', HOME: own.directory }), 0)
  assert.ok(calls({ ...passing, FLAVOUR: '2' }) > 0)
  // Their FNV-1a hashes of 32 bits are equal.
  assert.ok(calls({ BB_TRY: 'vctdn' }) > 0)
  assert.is(calls({ BB_TRY: 'vctdn' }), 0)
  assert.ok(calls({ BB_TRY: 'v12c70' }) > 0)
  for (const name of readdirSync(own.path('.mab/start'))) {
    assert.not.match(readFileSync(own.path('.mab/start', name), 'latin1'), 'v12c70')
  }
  assert.ok(calls({ MACHINE: 'other' }) > 0)
  assert.is(calls({ MACHINE: 'other' }), 0)
  const agent = { SSH_AUTH_SOCK: '/x', PARALLEL_MAKE: '-j 3', http_proxy: 'http://x' }
  assert.is(calls({ MACHINE: 'other', BB_SERVER_TIMEOUT: '60', BB_NUMBER_THREADS: '3', ...agent }), 0)
  assert.is(calls({ MACHINE: 'other', PATH: `/x/node_modules/.bin:${process.env['PATH']}` }), 0)
  assert.ok(calls({ MACHINE: 'other', PATH: `/x:${process.env['PATH']}` }) > 0)
})

test.run()
