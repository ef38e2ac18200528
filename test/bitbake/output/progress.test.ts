import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ProgressReader, type Progress } from '../../../src/bitbake/output/progress.js'
import { read, recording } from '../recordings.js'

const test = suite('bitbake progress')

const file = '/m/recipes/hello_1.0.bb'

/** Feeds lines, one a second from 0, and gives what runs after the last: `<multiconfig> do_<task> since <s>`. */
function runningAfter(...lines: readonly string[]): string[] {
  let now = -1000
  const reader = new ProgressReader(() => (now += 1000))
  let last: Progress | undefined
  for (const line of lines) last = reader.line(line) ?? last
  return (last?.running ?? []).map(
    ({ multiconfig, task, started }) => `${multiconfig} do_${task} since ${started / 1000}`,
  )
}

const begin = (multiconfig: string, task: string): string =>
  `NOTE: Running task 1 of 9 (mc:${multiconfig}:${file}:do_${task})`
const end = (task: string, how = 'Succeeded'): string => `NOTE: recipe hello-1.0-r0: task do_${task}: ${how}`

test('what runs, from when', () => {
  assert.equal(runningAfter(begin('a', 'rootfs'), begin('b', 'fetch')), ['a do_rootfs since 0', 'b do_fetch since 1'])
  assert.equal(runningAfter(begin('a', 'rootfs'), begin('b', 'fetch'), end('rootfs')), ['b do_fetch since 1'])
  assert.equal(runningAfter(begin('a', 'rootfs'), end('rootfs', 'Failed')), [])
  assert.equal(runningAfter('NOTE: Running noexec task 1 of 9 (/m/hello_1.0.bb:do_build)'), [])
})

test('of the same task in two multiconfigs the first is taken to have ended', () => {
  assert.equal(runningAfter(begin('a', 'rootfs'), begin('b', 'rootfs'), end('rootfs')), ['b do_rootfs since 1'])
  assert.equal(runningAfter(begin('a', 'rootfs'), begin('b', 'rootfs'), end('rootfs'), begin('a', 'oci')), [
    'b do_rootfs since 1',
    'a do_oci since 2',
  ])
})

test('until the other goes on: then it was that', () => {
  const lines = [begin('a', 'rootfs'), begin('b', 'rootfs'), end('rootfs'), begin('b', 'oci')]
  assert.equal(runningAfter(...lines), ['a do_rootfs since 0', 'b do_oci since 2'])
  assert.equal(runningAfter(...lines, end('rootfs')), ['b do_oci since 2'])
})

test('a recipe whose name begins like another', () => {
  const lines = ['gcc', 'gcc-cross'].map((name) => `NOTE: Running task 1 of 9 (/m/${name}_13.bb:do_compile)`)
  const reader = new ProgressReader(() => 0)
  for (const line of lines) reader.line(line)
  const after = reader.line('NOTE: recipe gcc-cross-13-r0: task do_compile: Succeeded')
  assert.equal(
    after?.running.map(({ recipe }) => recipe),
    ['gcc'],
  )
  assert.is(reader.line('NOTE: recipe other-1.0: task do_compile: Succeeded'), undefined)
})

test("OpenEmbedded's shared state, as recorded", () => {
  const [, progress] = read(recording('oe', 'setscene'))
  const found = progress.find(({ sstate }) => sstate !== undefined)
  assert.match(found?.text ?? '', /^\d+ of \d+ found in the shared state$/)
  const setscene = progress.filter(({ phase }) => phase === 'setscene')
  assert.ok(setscene.length > 1)
  assert.match(setscene[0]!.text, /do_\w+_setscene$/)
  assert.ok(setscene.some(({ running }) => running.length > 1))
  assert.ok(progress.some(({ phase }) => phase === 'building'))
  assert.is(progress.at(-1)?.running.length, 0)
})

test('several rounds of looking add up', () => {
  const reader = new ProgressReader(() => 0)
  reader.line(
    'Initialising tasks...Sstate summary: Wanted 7 Local 1 Mirrors 2 Missed 4 Current 3 (42% match, 60% complete)',
  )
  reader.line('Sstate summary: Wanted 3 Local 3 Mirrors 0 Missed 0 Current 3 (100% match, 100% complete)')
  assert.equal(reader.sstate, { wanted: 10, local: 4, mirrors: 2, missed: 4, current: 3 })
})

test('a round that looks for nothing is not told', () => {
  const reader = new ProgressReader(() => 0)
  const told = reader.line('Sstate summary: Wanted 0 Local 0 Mirrors 0 Missed 0 Current 27 (0% match, 100% complete)')
  assert.is(told, undefined)
  assert.is(reader.sstate?.current, 27)
})

test('every recorded build ends with nothing running', () => {
  for (const version of ['2.0', '2.8', '2.19']) {
    for (const name of ['success', 'one-multiconfig-fails-keep-going', 'warnings']) {
      const [, progress] = read(recording(version, name))
      assert.equal(progress.at(-1)?.running, [], `${version} ${name}`)
    }
  }
})

test.run()
