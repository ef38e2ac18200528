import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { findCause } from '../../src/bitbake/cause.js'
import type { BitbakeCause, BitbakeProblem } from '../../src/util/bitbake-problem.js'
import { everywhere, judged, orders, recording } from './recordings.js'

const test = suite('bitbake cause')

function causes(problems: readonly BitbakeProblem[]): (BitbakeCause | undefined)[] {
  return problems.map((problem) => ('cause' in problem ? problem.cause : undefined))
}

const recipe = '/work-dir/meta-hello/recipes/broken.bb'

const recorded: Readonly<Record<string, readonly (BitbakeCause | undefined)[]>> = {
  'recipe-parse-error': [{ kind: 'parse-error', file: recipe, line: 2 }],
  'class-missing': [{ kind: 'parse-error', file: recipe, line: 2 }],
  'expansion-error': [{ kind: 'parse-error', file: recipe }],
  'local-conf-parse-error': [{ kind: 'parse-error', file: '/work-dir/build/conf/local.conf', line: 2 }],
  'multiconfig-file-missing': [{ kind: 'multiconfig-file-missing', multiconfig: 'container-armv7' }],
  'layer-missing': [{ kind: 'layer-missing' }],
  'locale-missing': [{ kind: 'locale-missing', locale: 'en_US.UTF-8' }],
  'python-missing': [{ kind: 'program-missing', programs: ['python3'] }],
  'zstd-missing': [
    { kind: 'program-missing', programs: ['zstd'] },
    { kind: 'program-missing', programs: ['zstd'] },
  ],
  'disk-full-python-task': [{ kind: 'disk-full' }],
  'disk-full-build-directory': [{ kind: 'disk-full' }],
  'disk-monitor': [{ kind: 'disk-full' }],
  'worker-killed': [{ kind: 'worker-died' }],
  'python-task-raises': [undefined],
  'shell-task-fails': [undefined],
}

for (const [name, expected] of Object.entries(recorded)) {
  test(`as recorded: ${name}`, () => {
    everywhere(name, (run, order) => assert.equal(causes(judged(run, order).problems), expected))
  })
}

test('a server that was killed: said by BitBake, or seen by us', () => {
  for (const version of ['2.8', '2.19']) {
    const run = recording(version, 'server-killed')
    for (const order of orders) assert.equal(causes(judged(run, order).problems), [{ kind: 'server-died' }], version)
  }
})

test("OpenEmbedded's own checks", () => {
  for (const [name, cause] of [
    ['root', { kind: 'refused-root' }],
    ['tools-missing', { kind: 'program-missing', programs: ['chrpath'] }],
    ['machine-unknown', { kind: 'machine-unknown', machine: 'qemuarm65' }],
    ['layer-series', { kind: 'layer-incompatible', layer: 'local', core: 'blacksail wrynose', supports: 'kirkstone' }],
    ['layer-dependency', { kind: 'layer-dependency', layer: 'local', needs: 'virtualization-layer' }],
  ] as const) {
    for (const order of orders) assert.equal(causes(judged(recording('oe', name), order).problems), [cause])
  }
})

test("OpenEmbedded's recipes: what they raise or refuse while they are parsed", () => {
  const file = '/work-dir/meta-local/recipes-x/broken.bb'
  for (const [name, line] of [
    ['recipe-raises', { line: 3 }],
    ['recipe-fatal', {}],
  ] as const) {
    for (const order of orders) {
      assert.equal(causes(judged(recording('oe', name), order).problems), [{ kind: 'parse-error', file, ...line }])
    }
  }
})

test('a source that cannot be fetched', () => {
  const url = 'https://downloads.example.invalid/rootfs-1.0.tar.xz'
  for (const order of orders) {
    const { unsure, problems } = judged(recording('oe', 'source-missing-keep-going'), order)
    assert.equal(causes(problems), [{ kind: 'source-missing', url }])
    assert.equal(
      unsure.map(({ multiconfig }) => multiconfig),
      ['armv7', 'x86-64'],
    )
  }
  const refused = "Bitbake Fetcher Error: NetworkAccess('git://example.org/a.git;protocol=https', ['git', 'clone'])"
  assert.equal(findCause([refused]), { kind: 'source-missing', url: 'git://example.org/a.git' })
})

test('errors though every task succeeded: of setting up, here for want of a network', () => {
  for (const order of orders) {
    const { built, problems } = judged(recording('oe', 'errors-reported-keep-going'), order)
    assert.equal([built, causes(problems)], [[], [{ kind: 'reported-errors' }]])
  }
})

test('of several, the one that explains the others', () => {
  const texts = ['ParseError at /a.bb:3: bad', 'OSError: [Errno 28] No space left on device']
  assert.equal(findCause(texts), { kind: 'disk-full' })
  assert.is(findCause(['nothing known', '']), undefined)
  assert.is(findCause([]), undefined)
})

test.run()
