import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { prepareBuild } from '../../src/bitbake/process/prepare.js'
import { queryBitbake } from '../../src/bitbake/query/query.js'
import { fakeBitbake, type FakeBitbake, type Scenario } from '../rig/fake-bitbake.js'
import { finished, image, isAlive, startCall, stopCalls, until, type StartedCall } from './calls.js'

const test = suite('bitbake interrupt')
test.after.each(stopCalls)

const interruptsSeen = (fake: FakeBitbake): number => fake.seen().filter(({ signal }) => signal === 'SIGINT').length

/** A call whose task hangs by the time it is returned. */
async function hangingCall(
  scenario: Scenario = {},
  command?: readonly string[],
): Promise<[FakeBitbake, StartedCall, number]> {
  const fake = fakeBitbake({ hangs: 'a', ...scenario }, command === undefined ? {} : { command })
  const call = startCall(fake.build, [image('a'), image('b')], { environment: fake.environment, keepGoing: true })
  await until('the task hangs', () => fake.seen().some(({ hanging }) => hanging))
  return [fake, call, fake.seen().flatMap(({ pid }) => pid ?? [])[0]!]
}

test('stop is one SIGINT, and what runs may end', async () => {
  const [fake, call, pid] = await hangingCall()
  call.stop()
  const run = await finished(call)
  assert.is(run.interrupted, true)
  assert.equal(run.built, [])
  assert.is(interruptsSeen(fake), 1)
  assert.is(isAlive(pid), false)
  assert.match(call.logged(), 'Keyboard Interrupt, closing down...')
  assert.match(call.logged(), '# ended with exit code 1\n')
})

test('stopNow is two SIGINTs', async () => {
  const [fake, call, pid] = await hangingCall({ interrupts: 2 })
  call.stopNow()
  assert.is((await finished(call)).interrupted, true)
  assert.is(interruptsSeen(fake), 2)
  assert.is(isAlive(pid), false)
})

test('a BitBake that does not heed the first SIGINT is waited for, until stopNow', async () => {
  const [fake, call, pid] = await hangingCall({ interrupts: 2 })
  call.stop()
  await until('the first interrupt is heard', () => interruptsSeen(fake) === 1)
  assert.is(isAlive(pid), true)
  call.stopNow()
  await finished(call)
  assert.is(interruptsSeen(fake), 2)
  assert.is(isAlive(pid), false)
})

test('stop and stopNow at once are two SIGINTs, not three', async () => {
  const [fake, call] = await hangingCall({ interrupts: 2 })
  call.stop()
  call.stopNow()
  await finished(call)
  assert.is(interruptsSeen(fake), 2)
})

test('told to stop before it began: BitBake is not started', async () => {
  const fake = fakeBitbake()
  const call = startCall(fake.build, [image('a')], { environment: fake.environment, stop: AbortSignal.abort() })
  const run = await finished(call)
  assert.equal([run.interrupted, run.built, run.problems], [true, [], []])
  assert.equal(fake.seen(), [])
})

test('a BitBake that has just begun is told when it can hear', async () => {
  const fake = fakeBitbake({ hangs: 'a', starts: 300 })
  const call = startCall(fake.build, [image('a')], { environment: fake.environment })
  await until('it is started', () => call.logged().includes('# cd'))
  call.stop()
  await finished(call)
  assert.is(interruptsSeen(fake), 1)
  assert.match(call.logged(), '# ended with exit code 1\n')
})

test('a wrapper that leaves at the first SIGINT: BitBake behind it is waited for and still told', async () => {
  const script = 'trap "exit 130" INT; "$@" & wait'
  const fakeProgram = [process.execPath, path.resolve('test/rig/fake-bitbake.mjs')]
  const [fake, call, pid] = await hangingCall({ interrupts: 2 }, ['sh', '-c', script, 'sh', ...fakeProgram])
  call.stop()
  await until('the first interrupt is heard', () => interruptsSeen(fake) === 1)
  call.stopNow()
  assert.is((await finished(call)).interrupted, true)
  assert.is(interruptsSeen(fake), 2)
  await until('it is gone', () => !isAlive(pid))
})

test('the server that the call started is waited for: the build directory is free afterwards', async () => {
  const [fake, call] = await hangingCall({ serverOutlives: 500 })
  call.stop()
  await finished(call)
  assert.is(existsSync(path.join(fake.build.directory, 'bitbake.lock')), false)
})

test('a server that has released the lock and still runs is waited for', async () => {
  const fake = fakeBitbake({ hangs: 'a', serverOutlives: 3_000, serverLingers: 2_000 })
  const call = startCall(fake.build, [image('a')], { environment: fake.environment })
  const lock = path.join(fake.build.directory, 'bitbake.lock')
  await until('the task hangs', () => fake.seen().some(({ hanging }) => hanging))
  const server = Number(readFileSync(lock, 'utf8'))
  await until('the lock is released', () => !existsSync(lock))
  assert.is(isAlive(server), true)
  call.stop()
  await finished(call)
  assert.is(isAlive(server), false)
})

test('a server that stays after its client is ended, with all that it has started', async () => {
  const fake = fakeBitbake({ hangs: 'a', serverOutlives: 600_000, serverHangs: true })
  const call = startCall(fake.build, [image('a')], { environment: fake.environment, grace: 200 })
  const file = (name: string): string => path.join(fake.build.directory, name)
  await until('the task hangs', () => fake.seen().some(({ hanging }) => hanging) && existsSync(file('task')))
  const processes = ['bitbake.lock', 'task'].map((name) => Number(readFileSync(file(name), 'utf8')))
  call.stop()
  await finished(call)
  assert.equal(processes.map(isAlive), [false, false])
  assert.match(call.logged(), `# BitBake's server (process ${processes[0]}) stays after its client: it is ended\n`)
})

test('a server that an earlier call of the run started, and a later one took over, is ended too', async () => {
  const fake = fakeBitbake({ serverOutlives: 600_000 })
  const { signal } = new AbortController()
  const prepared = await prepareBuild(fake.build, fake.environment, signal)
  if (!prepared.ok) throw new Error('not prepared')
  await queryBitbake({ prepared: prepared.value, targets: [image('a')], stop: signal, stopNow: signal })
  const server = Number(readFileSync(path.join(fake.build.directory, 'bitbake.lock'), 'utf8'))
  assert.is(isAlive(server), true)
  fake.script({ hangs: 'a' })
  const call = startCall(fake.build, [image('a')], { prepared: prepared.value, grace: 100 })
  await until('the task hangs', () => fake.seen().some(({ hanging }) => hanging))
  call.stop()
  assert.is((await finished(call)).interrupted, true)
  assert.is(isAlive(server), false)
})

test('a server that was there before is not waited for, nor is a stale lock', async () => {
  const resident = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', 'bitbake-server'], { stdio: 'ignore' })
  const ended = new Promise((resolve) => resident.once('exit', resolve))
  try {
    const fake = fakeBitbake({ hangs: 'a' })
    writeFileSync(path.join(fake.build.directory, 'bitbake.lock'), `${resident.pid}\n`)
    await until('its name is known', () => readFileSync(`/proc/${resident.pid}/cmdline`, 'utf8').includes('bitbake'))
    const call = startCall(fake.build, [image('a')], { environment: fake.environment })
    await until('the task hangs', () => fake.seen().some(({ hanging }) => hanging))
    call.stop()
    await finished(call)
    assert.is(isAlive(resident.pid!), true)
  } finally {
    resident.kill('SIGKILL')
    await ended
  }
  const [fake, call] = await hangingCall()
  writeFileSync(path.join(fake.build.directory, 'bitbake.lock'), `${resident.pid}\n`)
  call.stop()
  assert.is((await finished(call)).interrupted, true)
})

test('a BitBake that heeds no interrupt is ended by force after the grace time, with the server that it started', async () => {
  const fake = fakeBitbake({ hangs: 'a', interrupts: 9, serverOutlives: 600_000 })
  const call = startCall(fake.build, [image('a')], { environment: fake.environment, grace: 10 })
  await until('the task hangs', () => fake.seen().some(({ hanging }) => hanging))
  const client = fake.seen().flatMap(({ pid }) => pid ?? [])[0]!
  const server = Number(readFileSync(path.join(fake.build.directory, 'bitbake.lock'), 'utf8'))
  assert.is(isAlive(server), true)
  call.stopNow()
  assert.is((await finished(call)).interrupted, true)
  assert.equal([interruptsSeen(fake), isAlive(client), isAlive(server)], [2, false, false])
  assert.match(call.logged(), '# BitBake does not heed its interrupts: it is ended by force\n# ended with SIGKILL\n')
})

test('a stop that comes after the end changes nothing', async () => {
  const fake = fakeBitbake()
  const call = startCall(fake.build, [image('a')], { environment: fake.environment })
  const run = await finished(call)
  call.stopNow()
  assert.is(run.interrupted, false)
  assert.is(interruptsSeen(fake), 0)
})

test.run()
