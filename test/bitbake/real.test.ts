/** runBitbake and real BitBake, on one copy of the example: each test finds what the one before has left. */
import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { BitbakeTarget } from '../../src/bitbake/command.js'
import { endServer, serverPid } from '../../src/bitbake/process/server.js'
import { exampleProject, missingBitbake } from '../rig/project.js'
import { testWith } from '../rig/tools.js'
import {
  finished,
  image,
  namesOf,
  serverGone,
  startCall,
  stopCalls,
  until,
  type CallOptions,
  type StartedCall,
} from './calls.js'

const test = suite('real bitbake')
test.after.each(stopCalls)

const [arm, x86] = ['container-aarch64', 'container-x86-64'] as const
const both = [image(arm), image(x86)]
const project = exampleProject()
const topdir = project.build.directory

function start(targets: readonly BitbakeTarget[], more: CallOptions = {}): StartedCall {
  return startCall(project.build, targets, { environment: { ...process.env, REGISTRY_PASSWORD: 'hunter2' }, ...more })
}

/** Processes that run in the build directory or were started for it, by their command lines. */
function processesThere(): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return []
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      return command.includes(topdir) || readlinkSync(`/proc/${pid}/cwd`).startsWith(topdir) ? [command] : []
    } catch {
      // It has ended meanwhile.
      return []
    }
  })
}

const real = (name: string, body: () => Promise<void>): void => testWith(test, missingBitbake, name, body)

real('a build deploys both layouts, and no credential is in the log of the server', async () => {
  const call = start(both)
  const run = await finished(call)
  assert.equal(run.problems, [])
  assert.equal(namesOf(run.built), [arm, x86])
  for (const multiconfig of [arm, x86]) assert.ok(existsSync(path.join(project.deployed(multiconfig), 'index.json')))
  assert.equal([run.summary, run.interrupted], [{ attempted: 6, upToDate: 0, failed: 0 }, false])
  assert.is(call.progress.findLast(({ done }) => done !== undefined)?.total, 6)
  const serverLog = readFileSync(path.join(topdir, 'bitbake-cookerdaemon.log'), 'utf8')
  assert.match(serverLog, 'PATH')
  assert.not.match(serverLog, 'hunter2')
})

real('a second build has nothing to do', async () => {
  const run = await finished(start(both))
  assert.equal(namesOf(run.built), [arm, x86])
  assert.equal(run.summary, { attempted: 6, upToDate: 6, failed: 0 })
})

real('a multiconfig that fails is not built, though its old image lies there; the other is up to date', async () => {
  const old = readlinkSync(project.deployed(arm))
  const recipe = 'meta-hello/recipes/hello-container.bb'
  const whole = readFileSync(path.join(project.directory, recipe), 'utf8')
  project.write(recipe, `${whole}\ndo_rootfs:append:qemuarm64() {\n    exit 7\n}\n`)
  const run = await finished(start(both, { keepGoing: true }))
  assert.is(readlinkSync(project.deployed(arm)), old)
  assert.equal(namesOf(run.built), [x86])
  const [problem] = run.problems
  assert.is(problem?.code, 'bitbake-task-failed')
  if (problem?.code !== 'bitbake-task-failed') return
  assert.equal([problem.multiconfig, problem.recipe, problem.task], [arm, 'hello-container', 'rootfs'])
  assert.equal(problem.images, [{ target: 'hello', platform: arm }])
  assert.ok(existsSync(problem.taskLog!), problem.taskLog)
  project.write(recipe, whole)
})

real('an unknown multiconfig', async () => {
  const run = await finished(start([image(arm), image('nope')]))
  assert.equal(namesOf(run.built), [])
  const [problem] = run.problems
  assert.is(problem?.code === 'unknown-multiconfig' && problem.multiconfig, 'nope')
})

for (const [how, seconds] of [
  ['stop', 3],
  ['stopNow', 300],
] as const) {
  real(`${how} during a long task leaves no process, and the build directory free`, async () => {
    const recipe = `sleeper-${seconds}`
    project.write(`meta-hello/recipes/${recipe}.bb`, `inherit image-oci\ndo_rootfs() {\n    sleep ${seconds}\n}\n`)
    const call = start([image(arm, recipe)])
    await until('the task runs', () => call.lines.some((line) => line.endsWith('task do_rootfs: Started')))
    assert.ok(processesThere().length > 0)
    call[how]()
    const run = await finished(call)
    assert.is(run.interrupted, true)
    assert.equal(run.built, [])
    assert.not(existsSync(path.join(topdir, 'bitbake.lock')))
    await until('no process is left', () => processesThere().length === 0)
    if (how === 'stop') assert.match(call.logged(), 'task do_rootfs: Succeeded')
  })
}

real('stopNow after another task has failed: the failure is reported, and no process is left', async () => {
  project.write('meta-hello/recipes/fails.bb', 'inherit image-oci\ndo_rootfs() {\n    exit 7\n}\n')
  const call = start([image(x86, 'sleeper-300'), image(arm, 'fails')])
  await until('the task fails', () => call.failures.length > 0)
  await until('the other runs', () =>
    call.lines.some((line) => line.includes('sleeper-300-1.0: task do_rootfs: Started')),
  )
  call.stopNow()
  const { interrupted, problems } = await finished(call)
  assert.is(interrupted, true)
  assert.equal(
    problems.map((problem) => problem.code === 'bitbake-task-failed' && [problem.recipe, problem.task]),
    [['fails', 'rootfs']],
  )
  assert.equal(problems, call.failures)
  // Without -k BitBake 2.19 leaves its server for 30 s in this case.
  assert.equal(processesThere(), [])
})

real('stop while BitBake starts leaves no process either', async () => {
  const call = start(both)
  await until('it is started', () => call.logged().includes('# cd'))
  call.stop()
  assert.is((await finished(call)).interrupted, true)
  await until('no process is left', () => processesThere().length === 0)
})

real(
  'another BitBake at work there is waited for, or refused at once; nobody waits for a resident server',
  async () => {
    project.write('meta-hello/recipes/short.bb', 'inherit image-oci\ndo_rootfs() {\n    sleep 3\n}\n')
    const environment = { ...process.env, BB_SERVER_TIMEOUT: '60' }
    const first = start([image(arm, 'short')], { environment })
    await until('the task runs', () => first.lines.some((line) => line.endsWith('task do_rootfs: Started')))
    const refused = await start(both, { environment, wait: 0 }).result
    assert.equal(refused.ok ? [] : refused.problems.map(({ code }) => code), ['build-directory-busy'])
    const told: string[] = []
    const second = start(both, { environment, onWait: ({ detached }) => told.push(detached ? 'detached' : 'attached') })
    await until('it is told to wait', () => told.length > 0)
    assert.is(second.logged(), '')
    assert.equal((await finished(first)).problems, [])
    assert.equal((await finished(second)).problems, [])
    assert.equal(told, ['attached'])
    const server = await serverPid(topdir)
    // At a second interrupt BitBake ends its resident server too.
    project.write('meta-hello/recipes/short-too.bb', 'inherit image-oci\ndo_rootfs() {\n    sleep 2\n}\n')
    const third = start([image(arm, 'short-too')], { environment, wait: 0 })
    await until('the task runs', () => third.lines.some((line) => line.endsWith('task do_rootfs: Started')))
    third.stop()
    assert.is((await finished(third)).interrupted, true)
    assert.type(server, 'number')
    assert.is(await serverPid(topdir), server)
    assert.equal((await finished(start(both, { environment, wait: 0 }))).problems, [])
    await endServer(server!, 30_000)
    await until('no process is left', () => processesThere().length === 0)
  },
)

real('after all that, the next build succeeds', async () => {
  const run = await finished(start(both))
  assert.equal(run.problems, [])
  assert.equal(namesOf(run.built), [arm, x86])
  await serverGone(project.build)
})

test.run()
