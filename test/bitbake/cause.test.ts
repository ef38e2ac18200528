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
  ] as const) {
    for (const order of orders) assert.equal(causes(judged(recording('oe', name), order).problems), [cause])
  }
})

test('of several, the one that explains the others', () => {
  const texts = ['ParseError at /a.bb:3: bad', 'OSError: [Errno 28] No space left on device']
  assert.equal(findCause(texts), { kind: 'disk-full' })
  assert.is(findCause(['nothing known', '']), undefined)
  assert.is(findCause([]), undefined)
})

test.run()
