import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { RunReport, TargetReport } from '../../src/execute/event.js'
import { formatRun, formatTargets } from '../../src/report/summary.js'
import { makeStyle } from '../../src/report/style.js'
import type { Problem } from '../../src/problem/problem.js'

const test = suite('report/summary')

const counts = { done: 0, fresh: 0, failed: 0, blocked: 0, cancelled: 0 }
const digest = `sha256:${'a'.repeat(64)}`
const taskFailed: Problem = {
  code: 'bitbake-task-failed',
  multiconfig: 'arm-musl',
  recipe: 'hello',
  task: 'rootfs',
  images: [{ target: 'musl', platform: 'linux/arm64' }],
  errors: [],
  log: '/log',
}
const notFound: Problem = { code: 'layout-not-found', target: 'a', platform: 'linux/arm64', looked: [], asked: false }

function line(target: Partial<TargetReport>, run: Partial<RunReport> = {}): string {
  const report: RunReport = {
    ok: false,
    keepGoing: false,
    interrupted: false,
    targets: [
      {
        target: 'app',
        partial: false,
        state: 'blocked',
        platforms: [],
        directory: '/project/out',
        failures: [],
        ...target,
      },
    ],
    counts,
    duration: 1,
    ...run,
  }
  return formatTargets(report, '/project', makeStyle(false))
}

test('a target that was not built says why in its own line', () => {
  const task = 'bitbake:build'
  const own = { task, problem: taskFailed, ofAnother: false }
  assert.is(line({ failures: [own] }), 'app  not built: hello do_rootfs failed in multiconfig arm-musl\n')
  assert.is(
    line({ failures: [own, { ...own, problem: notFound }] }),
    'app  not built: hello do_rootfs failed in multiconfig arm-musl (+1 more)\n',
  )
  assert.is(
    line({ digest, failures: [{ ...own, problem: notFound }] }),
    `app  image in place  ${digest}: no OCI layout of a for linux/arm64\n`,
  )
})

test('one that another target failed says which failure, and what would have helped', () => {
  const failures = [{ task: 'bitbake:build', problem: taskFailed, ofAnother: true }]
  const why = 'app  not built: BitBake gave up: hello do_rootfs failed in multiconfig arm-musl'
  assert.is(line({ failures }), `${why}; -k goes on with the others\n`)
  assert.is(line({ failures }, { keepGoing: true }), `${why}\n`)
  assert.is(line({ state: 'cancelled' }), 'app  cancelled: another target failed; -k goes on with the others\n')
  assert.is(line({ state: 'cancelled' }, { interrupted: true }), 'app  cancelled\n')
})

test('platforms as OCI names them, by their names in the config where nobody says more', () => {
  const platforms = [{ key: 'board', platform: 'linux/arm64' }, { key: 'other' }]
  assert.match(
    line({ state: 'done', digest, platforms }),
    /^app {2}built {2}sha256:a+\n {5}out: linux\/arm64, other\n$/,
  )
})

test('a run in which something ran, but changed nothing, is not called fresh', () => {
  const run = (of: Partial<RunReport>): string =>
    formatRun({ ok: true, keepGoing: false, interrupted: false, targets: [], counts, duration: 1, ...of })
  assert.is(run({ counts: { ...counts, fresh: 7 } }), 'everything is fresh (1 ms)\n')
  assert.is(run({ counts: { ...counts, done: 1, fresh: 6 } }), 'no image changed: 1 done, 6 fresh (1 ms)\n')
  assert.is(run({ ok: false, counts: { ...counts, failed: 1, blocked: 6 } }), '1 failed, 6 blocked (1 ms)\n')
})

test.run()
