import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import fs, {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { acquireLock } from '../../../src/execute/lock/acquire.js'
import type { LockWait } from '../../../src/problem/notice.js'
import { describeSelf, type Holder } from '../../../src/execute/lock/holder.js'
import type { HeldLock } from '../../../src/execute/lock/lock-file.js'
import { temporaryName } from '../../../src/util/fs.js'
import { temporaryDirectory } from '../../rig/temp.js'
import { testWith } from '../../rig/tools.js'

const test = suite('lock')
const never = new AbortController().signal
const acquireModule = new URL('../../../src/execute/lock/acquire.js', import.meta.url).href
const linux = process.platform === 'linux' ? undefined : 'there is no /proc'

function fresh(): string {
  return path.join(temporaryDirectory(), 'lock')
}

function acquire(
  file: string,
  options: Partial<Parameters<typeof acquireLock>[1]> = {},
  isOurs = true,
): ReturnType<typeof acquireLock> {
  return acquireLock({ place: path.dirname(file), file, isOurs }, { signal: never, onWait: () => {}, ...options })
}

async function take(file: string, onWait: (waiting: LockWait) => void = () => {}): Promise<HeldLock> {
  const lock = await acquire(file, { onWait })
  assert.ok(lock.ok)
  return lock.value
}

/** @returns the problem of who does not wait. */
async function refusal(file: string): Promise<LockWait> {
  const lock = await acquire(file, { wait: 0 })
  const problem = lock.ok ? undefined : lock.problems[0]!
  if (problem?.code !== 'locked') throw new Error(`expected a lock that is held; found ${JSON.stringify(problem)}`)
  return problem
}

function writeLock(file: string, holder: Partial<Record<keyof Holder, unknown>>): void {
  writeFileSync(file, `${JSON.stringify({ ...describeSelf(false), ...holder })}\n`)
}

function names(file: string): string[] {
  return readdirSync(path.dirname(file))
}

/** A pid that no process has any more. */
function deadPid(): number {
  return spawnSync(process.execPath, ['-e', '']).pid
}

/** A process that takes the lock, prints its pid, and holds the lock until it is killed; or prints the problem. */
function startHolder(
  file: string,
  wrapper: readonly string[] = [],
  wait?: number,
): { child: ChildProcess; ready: Promise<unknown> } {
  const source = `
    const { acquireLock } = await import(${JSON.stringify(acquireModule)})
    const place = { place: '.', file: ${JSON.stringify(file)}, isOurs: true }
    const lock = await acquireLock(place, { signal: new AbortController().signal, wait: ${wait}, onWait() {} })
    console.log(lock.ok ? process.pid : lock.problems[0].code)
    if (lock.ok) setInterval(() => lock, 1000)`
  const [program, ...args] = [...wrapper, process.execPath, '--input-type=module', '-e', source]
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  return { child, ready: once(child.stdout, 'data') }
}

function isKernelLocked(content: string): boolean {
  return (JSON.parse(content) as Holder).kernelLock
}

test('the second waits for the first, and knows who holds the lock', async () => {
  const file = fresh()
  const first = await take(file)
  const order: string[] = []
  let waiting: LockWait | undefined
  const second = take(file, (found) => {
    waiting = found
    order.push('second waits')
    first.release()
    order.push('first released')
  }).then((lock) => {
    order.push('second has it')
    return lock
  })
  const lock = await second
  lock.release()
  assert.is(waiting?.holder?.pid, process.pid)
  assert.is(waiting?.holder?.isSeen, true)
  assert.equal(order, ['second waits', 'first released', 'second has it'])
  assert.equal(names(file), [])
})

test('a lock whose place cannot be reached any more is released without an error', async () => {
  const file = fresh()
  const lock = await take(file)
  const directory = path.dirname(file)
  fs.rmSync(directory, { recursive: true })
  writeFileSync(directory, '')
  lock.release()
  assert.ok(lstatSync(directory).isFile())
})

test('--wait 0 fails at once and names the holder', async () => {
  const file = fresh()
  const lock = await take(file)
  const { place, holder } = await refusal(file)
  assert.equal([place, holder?.pid], [path.dirname(file), process.pid])
  lock.release()
})

test('a run that is stopped waits no longer', async () => {
  const file = fresh()
  const lock = await take(file)
  const stop = new AbortController()
  const second = await acquire(file, { signal: stop.signal, onWait: () => stop.abort() })
  assert.is(second.ok ? '' : second.problems[0]!.code, 'locked')
  lock.release()
})

testWith(test, linux, 'the lock of a process that is gone, or was another of the same pid, is taken over', async () => {
  const file = fresh()
  for (const dead of [
    { pid: deadPid(), start: '1' },
    { pid: process.pid, start: '1' },
  ]) {
    writeLock(file, dead)
    let waited = false
    const lock = await take(file, () => (waited = true))
    assert.not.ok(waited)
    lock.release()
    assert.equal(names(file), [])
  }
})

test('a lock that is rubbish is taken over', async () => {
  const file = fresh()
  const rubbish = ['', '{"pid":', 'null\n', '[]\n', '{}\n', 'x'.repeat(100_000), JSON.stringify({ pid: 1 })]
  for (const content of rubbish) {
    writeFileSync(file, content)
    const lock = await take(file)
    lock.release()
    assert.not.ok(existsSync(file))
  }
  for (const pid of [0, -1, 1.5, 2 ** 40, '1', null]) {
    writeLock(file, { pid })
    const lock = await acquire(file, { wait: 0 })
    assert.ok(lock.ok, `pid ${pid}`)
    lock.value.release()
  }
})

testWith(
  test,
  linux,
  'a lock of another boot of this machine is taken over, one of another machine is not',
  async () => {
    const file = fresh()
    const boot = '00000000-0000-0000-0000-000000000000'
    const pidNamespace = 'pid:[4026531836]'
    writeLock(file, { boot, hostname: 'build-2', pidNamespace })
    const { holder } = await refusal(file)
    assert.equal([holder?.hostname, holder?.isSeen], ['build-2', false])
    writeLock(file, { boot, machine: '0'.repeat(32), pidNamespace })
    assert.is((await refusal(file)).holder?.isSeen, false, 'a clone of this machine with the same name')
    writeLock(file, { boot, pidNamespace: 'pid:[4026532999]' })
    assert.is((await refusal(file)).holder?.isSeen, false, 'a container: its machine ID is that of the image')
    assert.ok(existsSync(file))

    const self = describeSelf(false)
    if (self.machine === null || self.pidNamespace !== pidNamespace) return
    writeLock(file, { boot, pidNamespace })
    const lock = await acquire(file, { wait: 0 })
    assert.ok(lock.ok)
  },
)

const unshare = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']
const namespaces =
  spawnSync(unshare[0]!, [...unshare.slice(1), 'true'], { stdio: 'ignore' }).status === 0
    ? undefined
    : 'unshare --pid is not permitted'

testWith(
  test,
  namespaces,
  'a live lock of another PID namespace is not stolen, and is taken over after a kill',
  async () => {
    const file = fresh()
    const { child, ready } = startHolder(file, unshare)
    await ready
    const { holder } = await refusal(file)
    assert.equal([holder?.isSeen, Number.isInteger(holder?.pid)], [false, true])
    const hasFlock = isKernelLocked(readFileSync(file, 'utf8'))
    child.kill('SIGKILL')
    await once(child, 'exit')
    assert.ok(existsSync(file))
    // The namespace may live a moment longer than unshare(1).
    if (hasFlock) (await take(file)).release()
    else assert.is((await refusal(file)).holder?.isSeen, false)
  },
)

testWith(test, namespaces, 'a process in another PID namespace steals no live lock from here', async () => {
  const file = fresh()
  const first = startHolder(file)
  await first.ready
  const before = readFileSync(file, 'utf8')
  const refused = startHolder(file, unshare, 0)
  assert.is(String(await refused.ready), 'locked\n')
  assert.is(readFileSync(file, 'utf8'), before)
  first.child.kill('SIGKILL')
  await once(first.child, 'exit')
  assert.ok(existsSync(file))
  if (!isKernelLocked(before)) return
  const second = startHolder(file, unshare, 0)
  assert.match(String(await second.ready), /^\d+\n$/)
  second.child.kill('SIGKILL')
  await once(second.child, 'exit')
})

test('what is not a file of mab in place of a lock is removed, and nothing that it leads to', async () => {
  const file = fresh()
  const target = path.join(path.dirname(file), 'target')
  writeFileSync(target, 'precious')
  const kinds: Record<string, () => void> = {
    'a dangling link': () => symlinkSync('nowhere', file),
    'a looping link': () => symlinkSync('lock', file),
    'a link to a file': () => symlinkSync('target', file),
    'a link to /dev/zero': () => symlinkSync('/dev/zero', file),
    'a directory': () => mkdirSync(file),
    'a named pipe': () => void spawnSync('mkfifo', [file]),
  }
  for (const [kind, make] of Object.entries(kinds)) {
    make()
    assert.ok(lstatSync(file, { throwIfNoEntry: false }) !== undefined, kind)
    const lock = await acquire(file, { wait: 0 }, false)
    assert.ok(lock.ok, kind)
    lock.value.release()
    assert.equal(names(file), ['target'], kind)
  }
  assert.is(readFileSync(target, 'utf8'), 'precious')
})

test("a directory with something in it is removed where all is mab's, and an error elsewhere", async () => {
  const file = fresh()
  mkdirSync(path.join(file, 'inside'), { recursive: true })
  try {
    await acquire(file, { wait: 0 }, false)
    assert.unreachable()
  } catch (error) {
    assert.is((error as NodeJS.ErrnoException).code, 'ENOTEMPTY')
  }
  assert.ok(existsSync(path.join(file, 'inside')))
  const lock = await acquire(file, { wait: 0 })
  assert.ok(lock.ok)
})

test('what processes left that were killed while they took the lock is removed', async () => {
  const file = fresh()
  for (const name of [temporaryName(file), `${file}.0123456789abcdef`, `${file}.0123456789abcdef.0123456789abcdef`]) {
    writeFileSync(name, '')
  }
  const others = ['lock.txt', 'lock.d', '.mab-tmp-1-ab']
  for (const name of others) writeFileSync(path.join(path.dirname(file), name), '')
  ;(await take(file)).release()
  assert.equal(names(file).toSorted(), others.toSorted())
})

test("a release leaves another's lock alone", async () => {
  const file = fresh()
  const lock = await take(file)
  // As a user does who takes the holder for dead.
  fs.rmSync(file)
  const second = await take(file)
  lock.release()
  assert.is((await refusal(file)).holder?.pid, process.pid)
  second.release()
  assert.equal(names(file), [])
})

test('a guard that a killed process left does not keep a dead lock', async () => {
  const file = fresh()
  const { linkSync } = fs
  writeLock(file, { pid: deadPid(), start: '1' })
  let guard = ''
  // The first link that is made is the guard: it is left by a process that is dead.
  fs.linkSync = (from, to) => {
    linkSync(from, to)
    guard = String(to)
    throw Object.assign(new Error('killed'), { code: 'EIO' })
  }
  try {
    await acquire(file)
    assert.unreachable()
  } catch (error) {
    assert.is((error as NodeJS.ErrnoException).code, 'EIO')
  } finally {
    fs.linkSync = linkSync
  }
  assert.equal(names(file).toSorted(), ['lock', path.basename(guard)])
  writeLock(guard, { pid: deadPid(), start: '1' })
  const lock = await acquire(file, { wait: 0 })
  assert.ok(lock.ok)
  lock.value.release()
  assert.equal(names(file), [])
})

test('who loses its temporary file to the holder at every try waits, and fails with nothing but --wait', async () => {
  const file = fresh()
  const { linkSync } = fs
  let losses = 0
  // The holder takes it for that of a killed process.
  fs.linkSync = (from, to) => {
    if (losses++ < 20) fs.rmSync(from)
    linkSync(from, to)
  }
  try {
    assert.is((await refusal(file)).holder, undefined)
    const lock = await take(file)
    assert.ok(losses > 20)
    lock.release()
    assert.equal(names(file), [])
  } finally {
    fs.linkSync = linkSync
  }
})

test('a place in which no file can be made is an error, and nothing to wait for', async () => {
  try {
    await take('/proc/.mab-lock')
    assert.unreachable()
  } catch (error) {
    assert.is((error as NodeJS.ErrnoException).code, 'ENOENT')
  }
})

test('a file system without hard links', async () => {
  const file = fresh()
  const { linkSync } = fs
  fs.linkSync = () => {
    throw Object.assign(new Error('operation not permitted'), { code: 'EPERM', syscall: 'link' })
  }
  try {
    const lock = await take(file)
    assert.is((await refusal(file)).holder?.pid, process.pid)
    lock.release()
    assert.equal(names(file), [])
    // Another process may be about to write it; later, that process has died.
    writeFileSync(file, '')
    assert.is((await refusal(file)).holder, undefined)
    utimesSync(file, new Date(0), new Date(0))
    const second = await acquire(file, { wait: 0 })
    assert.ok(second.ok)
    second.value.release()
    assert.equal(names(file), [])
  } finally {
    fs.linkSync = linkSync
  }
})

testWith(
  test,
  linux,
  'processes that are killed at any moment never hold the lock together, and leave no lock for ever',
  async () => {
    const directory = temporaryDirectory()
    const [file, inside, counter] = ['lock', 'inside', 'count'].map((name) => path.join(directory, name))
    writeFileSync(counter!, '')
    const source = `
    const { acquireLock } = await import(${JSON.stringify(acquireModule)})
    const fs = await import('node:fs')
    const [file, inside, counter] = ${JSON.stringify([file, inside, counter])}
    const isAlive = (pid) => { try { process.kill(pid, 0); return true } catch { return false } }
    for (let turn = 0; turn < 30; turn++) {
      const place = { place: '.', file, isOurs: true }
      const lock = await acquireLock(place, { signal: new AbortController().signal, onWait() {} })
      if (fs.existsSync(inside) && isAlive(Number(fs.readFileSync(inside, 'utf8')))) process.exit(3)
      fs.writeFileSync(inside, String(process.pid))
      fs.appendFileSync(counter, '.')
      fs.rmSync(inside)
      lock.value.release()
    }`
    const start = (): ChildProcess =>
      spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: 'inherit' })
    const seed = Number(process.env['LOCK_SEED'] ?? 1)
    let random = seed
    const next = (): number => (random = (random * 48_271) % 2_147_483_647)
    const victims = Array.from({ length: 6 }, start)
    const survivors = Array.from({ length: 2 }, start)
    const ended = [...victims, ...survivors].map(async (child) => (await once(child, 'exit'))[0] as number | null)
    // Each is killed once others have got on by some turns, so at any point of its own.
    for (const victim of victims) {
      const turns = readFileSync(counter!, 'utf8').length + 1 + (next() % 8)
      while (readFileSync(counter!, 'utf8').length < turns && survivors.some(({ exitCode }) => exitCode === null)) {
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
      victim.kill('SIGKILL')
    }
    const codes = await Promise.all(ended)
    assert.equal(codes.slice(6), [0, 0], `seed ${seed}`)
    assert.not.ok(codes.includes(3), `seed ${seed}`)
    ;(await take(file!)).release()
    assert.not.ok(existsSync(file!))
  },
)

test.run()
