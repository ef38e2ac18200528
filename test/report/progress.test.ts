import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Event } from '../../src/execute/event.js'
import { plainRenderer } from '../../src/report/plain.js'
import { formatRunning, formatStep, progressLines, type ProgressEvent } from '../../src/report/progress-text.js'
import { makeStyle } from '../../src/report/style.js'

const test = suite('report/progress')

const step: ProgressEvent = {
  kind: 'task-progress',
  id: 'bitbake:build',
  phase: 'building',
  text: 'b: hello do_oci',
  begun: { multiconfig: 'b', platforms: ['linux/amd64'], recipe: 'hello', task: 'oci', started: 9_000 },
  done: 5,
  total: 12,
  running: [
    { multiconfig: 'b', platforms: ['linux/amd64'], recipe: 'hello', task: 'oci', started: 9_000 },
    { multiconfig: 'a', platforms: [], recipe: 'hello', task: 'rootfs', started: 1_000 },
    { multiconfig: '', platforms: [], recipe: 'tool', task: 'fetch', started: 10_000 },
  ],
}

test('what runs, the oldest first, by multiconfig and platform', () => {
  assert.is(
    formatRunning(step, 10_000),
    '5 of 12: a: hello do_rootfs (9.0 s); b (linux/amd64): hello do_oci (1.0 s); tool do_fetch (0 ms)',
  )
  const many = Array.from({ length: 6 }, () => step.running![2]!)
  assert.match(formatRunning({ ...step, running: many }, 10_000), /(tool do_fetch \(0 ms\); ){4}2 more$/)
  assert.is(
    formatRunning({ ...step, phase: 'setscene', running: [] }, 0),
    'setscene 5 of 12: b (linux/amd64): hello do_oci',
  )
  assert.is(formatStep({ kind: 'task-progress', id: 'x', text: 'parsing recipes' }), 'parsing recipes')
})

test('on a terminal, what runs line by line, under how far and how long the whole is', () => {
  assert.equal(progressLines(step, 70_000, 1_000), [
    '5 of 12 (1 min 9 s)',
    'a: hello do_rootfs (1 min 9 s)',
    'b (linux/amd64): hello do_oci (1 min 1 s)',
    'tool do_fetch (1 min 0 s)',
  ])
  const many = Array.from({ length: 6 }, () => step.running![2]!)
  assert.is(progressLines({ ...step, running: many }, 10_000, 0).at(-1), '2 more')
  assert.equal(progressLines({ kind: 'task-progress', id: 'x', text: 'parsing recipes' }, 3_000, 0), [
    'parsing recipes (3.0 s)',
  ])
})

test('a multiconfig under its own name in the config is named once, the default configuration by its platform', () => {
  const { begun, ...rest } = step
  const named = (multiconfig: string, ...platforms: readonly string[]): string =>
    formatStep({ ...rest, begun: { ...begun!, multiconfig, platforms } })
  assert.is(named('b', 'b'), '5 of 12: b: hello do_oci')
  assert.is(named('', 'linux/arm64', 'linux/arm/v7'), '5 of 12: linux/arm64, linux/arm/v7: hello do_oci')
})

test('lines: after a time of silence, what runs is told again; warnings come at the end', async () => {
  const written: string[] = []
  let told = (): void => {}
  const again = new Promise<void>((resolve) => (told = resolve))
  const renderer = plainRenderer({
    cwd: '/project',
    style: makeStyle(false),
    explain: false,
    quiet: false,
    verbose: false,
    heartbeat: 1,
    write: (text) => {
      written.push(text)
      if (text.includes('do_rootfs')) told()
    },
  })
  const warned: Event = {
    kind: 'notice',
    notice: { code: 'bitbake-warnings', count: 1, warnings: ['careful'], log: '/project/x.log' },
  }
  renderer.handle(step)
  renderer.handle(warned)
  assert.equal(written, ['      bitbake:build: 5 of 12: b (linux/amd64): hello do_oci\n'])
  // Nothing else keeps the process alive meanwhile.
  const alive = setInterval(() => {}, 1000)
  await again
  clearInterval(alive)
  await renderer.end()
  assert.match(written.at(-1) ?? '', /^note: 1 warning of BitBake, in x\.log\n {2}careful\n$/)
})

test.run()
