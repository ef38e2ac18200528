import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { acquireLock } from '../../src/execute/lock.js'
import { temporaryDirectory } from '../rig/temp.js'

const test = suite('lock')
const never = new AbortController().signal

async function take(file: string, onWait: (pid: number) => void = () => {}): Promise<() => Promise<void>> {
  const lock = await acquireLock(file, { signal: never, onWait })
  assert.ok(lock.ok)
  return lock.value
}

test('the second waits for the first, and is told whose lock it is', async () => {
  const file = path.join(temporaryDirectory(), 'lock')
  const release = await take(file)
  const order: string[] = []
  let holder: number | undefined
  const second = take(file, (pid) => {
    holder = pid
    order.push('second waits')
    void release().then(() => order.push('first released'))
  }).then((done) => {
    order.push('second has it')
    return done
  })
  await (
    await second
  )()
  assert.is(holder, process.pid)
  assert.equal(order, ['second waits', 'first released', 'second has it'])
  assert.equal(readdirSync(path.dirname(file)), [])
})

test('the lock of a process that is gone is taken over', async () => {
  const file = path.join(temporaryDirectory(), 'lock')
  const { pid } = spawnSync(process.execPath, ['-e', ''])
  writeFileSync(file, JSON.stringify({ pid, start: '1', boot: null }))
  let waited = false
  const release = await take(file, () => (waited = true))
  assert.not.ok(waited)
  await release()
})

test('so is the lock of an earlier process of the same number, and a lock that is rubbish', async () => {
  const file = path.join(temporaryDirectory(), 'lock')
  for (const content of [JSON.stringify({ pid: process.pid, start: '1', boot: null }), '', '{"pid":']) {
    writeFileSync(file, content)
    await (
      await take(file)
    )()
    assert.not.ok(existsSync(file))
  }
})

test('a run that is to stop does not wait on', async () => {
  const file = path.join(temporaryDirectory(), 'lock')
  const release = await take(file)
  const stop = new AbortController()
  const lock = await acquireLock(file, { signal: stop.signal, onWait: () => stop.abort() })
  assert.not.ok(lock.ok)
  assert.is(lock.ok ? '' : lock.problems[0]!.code, 'locked')
  await release()
})

test('processes that count together lose no count', async () => {
  const directory = temporaryDirectory()
  const [file, counter] = [path.join(directory, 'lock'), path.join(directory, 'count')]
  writeFileSync(counter, '0')
  const source = `
    const { acquireLock } = await import(${JSON.stringify(new URL('../../src/execute/lock.js', import.meta.url).href)})
    const fs = await import('node:fs')
    for (let turn = 0; turn < 5; turn++) {
      const lock = await acquireLock(${JSON.stringify(file)}, { signal: new AbortController().signal, onWait() {} })
      fs.writeFileSync(${JSON.stringify(counter)}, String(Number(fs.readFileSync(${JSON.stringify(counter)}, 'utf8')) + 1))
      await lock.value()
    }`
  const children = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: 'inherit' }),
  )
  const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0] as number))
  assert.equal(codes, [0, 0, 0, 0])
  assert.is(readFileSync(counter, 'utf8'), '20')
})

test.run()
