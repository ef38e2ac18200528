import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Event } from '../../src/execute/event.js'
import { temporaryDirectory } from '../rig/temp.js'
import type { Scenario } from '../rig/fake-bitbake.js'
import { helloConfig, makeProject, type Project } from './fixture.js'

const test = suite('interrupting mab')

interface Interrupted {
  readonly project: Project
  readonly child: ChildProcess
  /** What the fake BitBake noted: its start, that it hangs, each signal. */
  notes(): Record<string, unknown>[]
}

/** `mab run` with a BitBake that hangs in a task until it has had so many interrupts. */
function startHanging(interrupts: number, ...options: readonly string[]): Promise<Interrupted> {
  return startScenario({ hangs: 'container-aarch64', interrupts }, '--progress', 'plain', ...options)
}

async function startScenario(scenario: Scenario, ...options: readonly string[]): Promise<Interrupted> {
  const config = helloConfig() as { build: { command: string[] } }
  config.build.command = [process.execPath, path.resolve('test/rig/fake-bitbake.mjs')]
  const project = makeProject(config, { FAKE_BITBAKE: 'scenario.json' })
  const record = project.file('record')
  writeFileSync(project.file('build/scenario.json'), JSON.stringify({ ...scenario, record }))
  const child = project.start('run', ...options)
  const notes = (): Record<string, unknown>[] => readNotes(record)
  await until(() => notes().some((note) => note['hanging'] === true))
  return { project, child, notes }
}

function readNotes(record: string): Record<string, unknown>[] {
  const lines = existsSync(record) ? readFileSync(record, 'utf8').split('\n') : []
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>)
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) {
    if (condition()) return
    await delay(10)
  }
  throw new Error('waited for 10 s in vain')
}

function signals(notes: readonly Record<string, unknown>[]): number {
  return notes.filter(({ signal }) => signal === 'SIGINT').length
}

function isGone(notes: readonly Record<string, unknown>[]): boolean {
  try {
    process.kill(notes.find((note) => 'pid' in note)!['pid'] as number, 0)
    return false
  } catch {
    return true
  }
}

for (const [signal, sent, code] of [
  ['SIGINT', 1, 130],
  ['SIGTERM', 2, 143],
  ['SIGHUP', 2, 129],
] as const) {
  test(`${signal} stops BitBake by SIGINT, leaves nothing, and is exit ${code}`, async () => {
    const { project, child, notes } = await startHanging(sent)
    child.kill(signal)
    const [exit] = (await once(child, 'close')) as [number]
    assert.is(exit, code)
    assert.is(signals(notes()), sent)
    assert.ok(isGone(notes()))
    assert.not.ok(existsSync(project.file('deploy')))
    assert.not.ok(existsSync(project.file('.mab/lock')))
  })
}

test('a second Ctrl-C is passed on: BitBake then stops its running tasks too', async () => {
  const { child, notes } = await startHanging(2)
  child.kill('SIGINT')
  await until(() => signals(notes()) === 1)
  assert.not.ok(isGone(notes()))
  child.kill('SIGINT')
  const [exit] = (await once(child, 'close')) as [number]
  assert.is(exit, 130)
  assert.is(signals(notes()), 2)
  assert.ok(isGone(notes()))
})

test('SIGKILL of mab: its BitBake is stopped all the same', async () => {
  const { project, child, notes } = await startHanging(2)
  child.kill('SIGKILL')
  await once(child, 'close')
  await until(() => isGone(notes()))
  assert.is(signals(notes()), 2)
  const log = readdirSync(project.file('.mab/logs')).find((name) => !name.endsWith('query.log'))
  assert.match(readFileSync(project.file('.mab/logs', log!), 'utf8'), '# mab was killed: BitBake is told to stop')
})

test('--timeout: the run is stopped as by two interrupts, and fails', async () => {
  const { child, notes, project } = await startHanging(2, '--timeout', '1s')
  let said = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (said += text))
  const [exit] = (await once(child, 'close')) as [number]
  assert.is(exit, 1, said)
  assert.match(said, 'stopping now')
  assert.match(said, /error: the run did not end in 1s \(--timeout\)\n(.|\n)*next: run again/)
  assert.is(signals(notes()), 2)
  assert.ok(isGone(notes()))
  assert.not.ok(existsSync(project.file('.mab/lock')))
})

const failsThenHangs = { fails: ['container-aarch64'], hangs: 'container-x86-64', interrupts: 2 }

for (const [how, code, ...options] of [
  ['two interrupts', 130],
  ['--timeout', 1, '--timeout', '3s'],
] as const) {
  test(`a task that failed before ${how} is reported at once, and in the end`, async () => {
    const { child, project } = await startScenario(failsThenHangs, '-k', '--progress', 'plain', ...options)
    let [said, result] = ['', '']
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (said += text))
    child.stdout!.setEncoding('utf8').on('data', (text: string) => (result += text))
    const headline = 'hello-container do_rootfs failed in multiconfig container-aarch64'
    await until(() => said.includes(`error: ${headline}`) && said.includes('task log: '))
    assert.not.match(said, 'stopping')
    if (code === 130) {
      child.kill('SIGINT')
      await until(() => said.includes('stopping after the tasks that run'))
      child.kill('SIGINT')
    }
    const [exit] = (await once(child, 'close')) as [number]
    assert.is(exit, code, said)
    assert.is(said.split(`error: ${headline}`).length, 2, said)
    assert.match(
      said,
      /\n {2}task log: build\/tmp-container-aarch64\/work\/hello-container\/1\.0\/temp\/log\.do_rootfs\.\d+\n/,
    )
    assert.match(said, 'FAIL  bitbake build\n')
    assert.match(result, `hello  not built: ${headline}\n`)
    assert.not.ok(existsSync(project.file('deploy')))
    if (code === 1) assert.match(said, 'next: correct the failure first, then run again')
  })
}

test('events: a task that failed is one of its own, and among the problems of the end', async () => {
  const { child } = await startScenario(failsThenHangs, '-k', '--progress', 'json')
  let text = ''
  child.stdout!.setEncoding('utf8').on('data', (more: string) => (text += more))
  await until(() => text.includes('"kind":"task-problem"'))
  child.kill('SIGTERM')
  const [exit] = (await once(child, 'close')) as [number]
  assert.is(exit, 143)
  const events = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Event)
  const of = <K extends Event['kind']>(kind: K): Extract<Event, { kind: K }>[] =>
    events.filter((event): event is Extract<Event, { kind: K }> => event.kind === kind)
  const problems = of('task-problem').map(({ problem }) => problem)
  assert.equal(
    problems.map(({ code }) => code),
    ['bitbake-task-failed'],
  )
  const [end] = of('task-finished')
  assert.equal([end?.state, end?.problems], ['failed', problems])
  const [finished] = of('run-finished')
  assert.equal([finished?.report.interrupted, finished?.report.counts.failed], [true, 1])
})

test('--wait 0 does not wait for another mab', async () => {
  const { project, child } = await startHanging(1)
  const second = project.mab('run', '--wait', '0')
  assert.is(second.code, 1)
  assert.match(second.stderr, `another mab (process ${child.pid} on `)
  child.kill('SIGINT')
  await once(child, 'close')
})

test('a run that was killed is no hindrance to the next one', async () => {
  const { project, child } = await startHanging(1)
  child.kill('SIGKILL')
  await once(child, 'close')
  assert.ok(existsSync(project.file('.mab/lock')))
  project.configure(helloConfig())
  const next = project.mab('run')
  assert.is(next.code, 0, next.stderr)
})

/** `mab init` whose `python3` hangs until it has had two interrupts. */
async function startInit(): Promise<Pick<Interrupted, 'project' | 'child' | 'notes'>> {
  const bin = temporaryDirectory()
  const record = path.join(bin, 'record')
  const script = `#!${process.execPath}
    const note = (entry) => require('fs').appendFileSync(${JSON.stringify(record)}, JSON.stringify(entry) + '\\n')
    let left = 2
    process.on('SIGINT', () => {
      note({ signal: 'SIGINT' })
      if (--left === 0) process.exit(1)
    })
    console.log('mab-parsed 1 2')
    note({ pid: process.pid })
    setInterval(() => {}, 1000)`
  writeFileSync(path.join(bin, 'python3'), script, { mode: 0o755 })
  const project = makeProject(undefined, { PATH: `${bin}:${process.env['PATH']}`, BUILDDIR: '' })
  rmSync(project.file('multiarch.config.json'))
  const child = project.start('init', '--yes')
  const notes = (): Record<string, unknown>[] => readNotes(record)
  await until(() => notes().length > 0)
  return { project, child, notes }
}

for (const [signal, code] of [
  ['SIGTERM', 143],
  ['SIGKILL', null],
] as const) {
  test(`${signal} of mab init stops the BitBake that it asks`, async () => {
    const { project, child, notes } = await startInit()
    child.kill(signal)
    const [exit] = (await once(child, 'close')) as [number | null]
    assert.is(exit, code)
    await until(() => isGone(notes()))
    assert.is(signals(notes()), 2)
    assert.not.ok(existsSync(project.file('multiarch.config.ts')))
  })
}

test.run()
