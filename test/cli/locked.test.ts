/** Commands that find another mab at work in an output. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { acquireLock, type LockPlace } from '../../src/execute/lock/acquire.js'
import { describeSelf } from '../../src/execute/lock/holder.js'
import { archivePlace, directoryPlace } from '../../src/execute/lock/output-locks.js'
import { temporaryName } from '../../src/util/fs.js'
import { buildLayout } from '../rig/layout-builder.js'
import { temporaryDirectory } from '../rig/temp.js'
import { testWith } from '../rig/tools.js'
import { helloConfig, mabIn, mabProgram, makeProject, type Finished } from './fixture.js'

const test = suite('an output that another mab writes')
const linux = process.platform === 'linux' ? undefined : 'there is no /proc'

/** Does something while this process holds the lock. */
async function whileLocked<T>(place: LockPlace, act: () => T | Promise<T>): Promise<T> {
  const lock = await acquireLock(place, { signal: new AbortController().signal, onWait: () => {} })
  assert.ok(lock.ok)
  try {
    return await act()
  } finally {
    lock.value.release()
  }
}

const merging = ['merge', '-o', 'out', '--archive', 'out.tar', 'in'] as const

function workspace(): string {
  const directory = temporaryDirectory()
  buildLayout({ architecture: 'arm64', reference: 'latest' }, { directory: path.join(directory, 'in') })
  return directory
}

function checkRefused({ code, stderr }: Finished, place: string): void {
  assert.is(code, 1, stderr)
  const said = `error: another mab (process ${process.pid} on `
  assert.is(stderr.split(said).length, 2, stderr)
  assert.match(stderr, new RegExp(`is at work in ${place}\\n`))
  assert.match(stderr, `next: wait for it to end, or stop it: kill -INT ${process.pid}`)
}

test('mab merge --wait 0 names who writes the directory, and changes nothing', async () => {
  const directory = workspace()
  mkdirSync(path.join(directory, 'out'))
  // By another name of the same directory.
  symlinkSync('out', path.join(directory, 'link'))
  const before = await whileLocked(directoryPlace(path.join(directory, 'link')), () => {
    checkRefused(mabIn(directory, {}, [...merging, '--wait', '0']), 'out')
    return readdirSync(path.join(directory, 'out'))
  })
  assert.equal(before, ['.mab-lock'])
  assert.not.ok(existsSync(path.join(directory, 'out.tar')))
  const { code, stderr } = mabIn(directory, {}, [...merging, '--wait', '0'])
  assert.is(code, 0, stderr)
  assert.equal(readdirSync(directory).toSorted(), ['in', 'link', 'out', 'out.tar'])
  assert.equal(readdirSync(path.join(directory, 'out')), ['blobs', 'index.json', 'oci-layout'])
})

test('mab merge --wait 0 names who writes the archive', async () => {
  const directory = workspace()
  await whileLocked(archivePlace(path.join(directory, 'out.tar')), () => {
    checkRefused(mabIn(directory, {}, [...merging, '--wait', '0']), 'out\\.tar')
  })
  assert.is(mabIn(directory, {}, merging).code, 0)
})

test('mab run --wait 0 and mab clean --wait 0 leave the image of a busy output alone', async () => {
  const project = makeProject(helloConfig({ directory: 'deploy/app' }))
  const index = project.file('deploy/app/index.json')
  assert.is(project.mab('run').code, 0)
  const before = readFileSync(index)
  await whileLocked(directoryPlace(project.file('deploy/app')), () => {
    checkRefused(project.mab('run', '--force', '--wait', '0'), 'deploy/app')
    checkRefused(project.mab('clean', '--wait', '0'), 'deploy/app')
  })
  assert.equal(readFileSync(index), before)
  // The record of what mab wrote is still there.
  assert.match(project.mab('clean').stdout, 'removed deploy/app\n')
  assert.not.ok(existsSync(project.file('deploy/app')))
})

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`${signal} ends the waiting of merge and clean`, async () => {
    const project = makeProject(helloConfig({ directory: 'out' }))
    assert.is(project.mab('run').code, 0)
    buildLayout({ architecture: 'arm64', reference: 'latest' }, { directory: project.file('in') })
    await whileLocked(directoryPlace(project.file('out')), async () => {
      for (const args of [merging, ['clean']]) {
        const child = spawn(process.execPath, [mabProgram, ...args], { cwd: project.directory, stdio: 'pipe' })
        let said = ''
        child.stdout.resume()
        child.stderr.on('data', (data) => {
          said += String(data)
          if (said.includes('waiting, because another mab')) child.kill(signal)
        })
        const [exit] = (await once(child, 'close')) as [number]
        assert.is(exit, code, said)
      }
    })
    assert.ok(existsSync(project.file('out/index.json')))
  })
}

test("a temporary file of an archive whose writer was killed is removed, and nobody else's", () => {
  const directory = workspace()
  const [own, other] = ['out.tar', 'my-out.tar'].map((name) => temporaryName(path.join(directory, name)))
  for (const file of [own!, other!]) writeFileSync(file, '')
  assert.is(mabIn(directory, {}, merging).code, 0)
  assert.equal([existsSync(own!), existsSync(other!)], [false, true])
})

testWith(test, linux, 'mab clean removes the locks that a killed mab left alone, of directory and archive', () => {
  const project = makeProject(helloConfig({ directory: 'deploy/app', archive: 'deploy/app.tar' }))
  const pid = spawnSync(process.execPath, ['-e', '']).pid
  const lock = `${JSON.stringify({ ...describeSelf(false), pid, start: '1' })}\n`
  mkdirSync(project.file('deploy/app'), { recursive: true })
  mkdirSync(project.file('.mab'))
  for (const name of ['deploy/app/.mab-lock', 'deploy/.app.tar.mab-lock']) writeFileSync(project.file(name), lock)
  assert.is(project.mab('clean', '--dry-run').stdout, 'would remove deploy/app\n')
  const { code, stdout, stderr } = project.mab('clean', '--wait', '0')
  assert.equal([code, stdout], [0, 'removed deploy/app\n'], stderr)
  assert.equal(readdirSync(project.file('deploy')), [])
})

test('mab verify --strict does not advise to remove the lock of a mab that writes', async () => {
  const directory = workspace()
  assert.is(mabIn(directory, {}, merging).code, 0)
  await whileLocked(directoryPlace(path.join(directory, 'out')), () => {
    const { code, stdout } = mabIn(directory, {}, ['verify', '--strict', 'out'])
    assert.is(code, 1)
    assert.match(stdout, /at: \.mab-lock\n(.*\n)*  next: do not remove it while another mab writes there;/)
  })
})

test('waiting ends when the other has ended', async () => {
  const directory = workspace()
  const child = await whileLocked(directoryPlace(path.join(directory, 'out')), async () => {
    const waiting = spawn(process.execPath, [mabProgram, ...merging], { cwd: directory, stdio: 'pipe' })
    waiting.stdout.resume()
    await once(waiting.stderr, 'data')
    return waiting
  })
  child.stderr.resume()
  const [exit] = (await once(child, 'close')) as [number]
  assert.is(exit, 0)
  assert.ok(existsSync(path.join(directory, 'out/index.json')))
})

test.run()
