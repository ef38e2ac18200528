import { spawnSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fakeBitbake, type FakeBitbake } from '../../rig/fake-bitbake.js'
import { temporaryDirectory } from '../../rig/temp.js'
import { finished, image, namesOf, startCall, stopCalls, until, type StartedCall } from '../calls.js'

const test = suite('bitbake run')
test.after.each(stopCalls)

const both = [image('a'), image('b')]

function start(fake: FakeBitbake, more: Parameters<typeof startCall>[2] = {}): StartedCall {
  return startCall(fake.build, both, { environment: fake.environment, ...more })
}

test('a build: one call for all targets, everything built', async () => {
  const fake = fakeBitbake()
  const call = start(fake)
  const run = await finished(call)
  assert.equal(namesOf(run.built), ['a', 'b'])
  assert.equal([run.problems, run.interrupted, run.warnings.count], [[], false, 0])
  assert.equal(run.summary, { attempted: 6, upToDate: 0, failed: 0 })
  assert.equal(
    fake.seen().flatMap(({ argv }) => (argv === undefined ? [] : [argv])),
    [['mc:a:hello-container:do_image_complete', 'mc:b:hello-container:do_image_complete']],
  )
})

test('every line is in the log, below what was called and above how it ended', async () => {
  const fake = fakeBitbake({ transcript: 'test/transcripts/2.19/python-task-raises' })
  const call = start(fake)
  await finished(call)
  const lines = call.logged().trimEnd().split('\n')
  assert.is(lines[0], `# cd ${fake.build.directory}`)
  assert.is(
    lines[1],
    `# ${[...fake.build.command].join(' ')} mc:a:hello-container:do_image_complete mc:b:hello-container:do_image_complete`,
  )
  assert.is(lines.at(-1), '# ended with exit code 1')
  assert.equal(lines.slice(2, -1), call.lines)
  assert.ok(call.lines.includes('NOTE: Executing Tasks'), 'stdout')
  assert.ok(call.lines.includes("Exception: KeyError: 'boom by raise'"), 'stderr')
})

test('the last line counts, though no newline ends it', async () => {
  const call = start(fakeBitbake({ noSummary: true }, { command: ['printf', 'first\\nlast %.0s'] }))
  await finished(call)
  assert.equal(call.lines.at(-1), 'last ')
})

test('progress comes while it runs', async () => {
  const fake = fakeBitbake({ hangs: 'b' })
  const call = start(fake)
  await until('the task hangs', () => fake.seen().some(({ hanging }) => hanging))
  await until('the fourth task is told', () => call.progress.some(({ done }) => done === 4))
  const { running = [], begun, ...last } = call.progress.at(-1) ?? {}
  assert.equal(last, { phase: 'building', done: 4, total: 6, text: 'b: hello-container do_rootfs' })
  assert.equal([begun], running)
  assert.equal(
    running.map(({ multiconfig, recipe, task }) => [multiconfig, recipe, task]),
    [['b', 'hello-container', 'rootfs']],
  )
  call.stop()
  await call.result
})

test('credentials do not reach BitBake, and the log says which were withheld', async () => {
  const fake = fakeBitbake()
  const environment = {
    ...fake.environment,
    REGISTRY_PASSWORD: 'hunter2',
    CI_JOB_TOKEN: 'hunter2',
    KEPT: 'kept',
    TERM: 'xterm',
  }
  const call = start(fake, { environment })
  await finished(call)
  const seen = fake.seenEnvironment()
  assert.not.match(JSON.stringify(seen), 'hunter2')
  assert.equal([seen['KEPT'], seen['TERM']], ['kept', 'dumb'])
  assert.match(call.logged(), "# withheld from BitBake's environment: CI_JOB_TOKEN REGISTRY_PASSWORD\n")
  assert.not.match(call.logged(), 'hunter2')
})

test('the declared environment reaches BitBake, and its list of what to let through', async () => {
  const fake = fakeBitbake({}, { environment: { OCI_IMAGE_TAG: 'v2' } })
  const call = start(fake)
  await finished(call)
  const seen = fake.seenEnvironment()
  assert.equal([seen['OCI_IMAGE_TAG'], seen['BB_ENV_PASSTHROUGH_ADDITIONS']], ['v2', 'OCI_IMAGE_TAG'])
  assert.not.match(call.logged(), 'withheld')
})

test('it runs in the build directory', async () => {
  const fake = fakeBitbake({}, { command: ['pwd'] })
  const call = startCall(fake.build, [])
  await call.result
  assert.ok(call.lines.includes(fake.build.directory))
})

test('a directory that is no build directory is left alone', async () => {
  const fake = fakeBitbake()
  const directory = temporaryDirectory()
  writeFileSync(path.join(directory, 'notes.txt'), '')
  const result = await start({ ...fake, build: { ...fake.build, directory } }).result
  const problem = { code: 'not-a-build-directory', directory, missing: 'conf/bblayers.conf', found: ['notes.txt'] }
  assert.equal(result, { ok: false, problems: [problem] })
  assert.equal([fake.seen(), readdirSync(directory)], [[], ['notes.txt']])
  const missing = path.join(directory, 'none')
  const nowhere = await start({ ...fake, build: { ...fake.build, directory: missing } }).result
  assert.equal(nowhere.ok ? [] : nowhere.problems, [{ ...problem, directory: missing, found: null }])
})

test('a command that is not there, or no program', async () => {
  const place = temporaryDirectory()
  writeFileSync(path.join(place, 'text'), 'no program', { mode: 0o644 })
  for (const [command, found] of [
    ['no-such-bitbake', 'no such program on PATH'],
    [path.join(place, 'text'), /EACCES/],
    [path.join(place, 'text', 'below'), /ENOTDIR|EACCES/],
  ] as const) {
    const result = await start(fakeBitbake({}, { command: [command] })).result
    assert.not(result.ok)
    const [problem] = result.ok ? [] : result.problems
    assert.is(problem?.code, 'command-not-found')
    if (problem?.code !== 'command-not-found') continue
    assert.is(problem.command, command)
    assert.match(problem.found, found)
  }
})

test('a log that exists is not written over, and BitBake not started', async () => {
  const fake = fakeBitbake()
  const log = path.join(temporaryDirectory(), 'old.log')
  writeFileSync(log, 'old')
  const call = start(fake, { log })
  await assertThrows(call, 'EEXIST')
  assert.equal([call.logged(), fake.seen()], ['old', []])
})

test('a log that the disk has no room for: the build is not disturbed, but it is told', async () => {
  const { build, seen, environment } = fakeBitbake({ transcript: 'test/transcripts/2.19/success' })
  const call = { targets: both, keepGoing: false, log: path.join(temporaryDirectory(), 'log') }
  const module = (name: string): string =>
    JSON.stringify(new URL(`../../../src/bitbake/process/${name}.js`, import.meta.url))
  const script = `
    const { prepareBuild } = await import(${module('prepare')})
    const { runBitbake } = await import(${module('run')})
    const { signal } = new AbortController()
    const functions = { stop: signal, stopNow: signal, onProgress() {}, neededBy: () => [] }
    const { value: prepared } = await prepareBuild(${JSON.stringify(build)}, ${JSON.stringify(environment)}, signal)
    await runBitbake({ prepared, ...${JSON.stringify(call)}, ...functions }).catch((error) => console.log(error.code, error.path))`
  // A limit on the size of files (1 block) is the full disk that everybody can have.
  const limited = ['-c', 'trap "" XFSZ; ulimit -f 1; exec "$0" --input-type=module -e "$1"', process.execPath, script]
  const { stdout, stderr } = spawnSync('sh', limited, { encoding: 'utf8' })
  assert.is(stdout.trim(), `EFBIG ${call.log}`, stderr)
  assert.is(seen().length, 1)
})

async function assertThrows(call: StartedCall, code: string): Promise<void> {
  const error = await call.result.then(
    () => assert.unreachable(),
    (thrown: unknown) => thrown,
  )
  assert.match(error instanceof Error && 'code' in error ? String(error.code) : String(error), new RegExp(code))
}

test('exit 0 without a summary is no build', async () => {
  const run = await finished(start(fakeBitbake({ noSummary: true })))
  assert.equal(namesOf(run.built), [])
  assert.equal(
    run.problems.map(({ code }) => code),
    ['bitbake-incomplete'],
  )
})

test('a BitBake that dies of a signal built nothing', async () => {
  for (const dies of ['SIGKILL', 'SIGTERM', 'SIGSEGV']) {
    const call = start(fakeBitbake({ dies }), { keepGoing: true })
    const run = await finished(call)
    assert.equal(namesOf(run.built), [])
    const [problem] = run.problems
    assert.is(problem?.code === 'bitbake-failed' && problem.exit, `signal ${dies}`)
    assert.is(run.interrupted, false)
    assert.match(call.logged(), `# ended with ${dies}`)
  }
})

test('a failed multiconfig, the other built', async () => {
  const fake = fakeBitbake({ fails: ['a'] })
  const run = await finished(start(fake, { keepGoing: true }))
  assert.equal(namesOf(run.built), ['b'])
  const [problem] = run.problems
  assert.is(problem?.code, 'bitbake-task-failed')
  if (problem?.code === 'bitbake-task-failed') assert.equal(problem.images, [{ target: 'hello', platform: 'a' }])
  assert.is(fake.seen().length, 1)
})

test('a failed multiconfig, the other up to date: BitBake says so when asked for that alone', async () => {
  const fake = fakeBitbake({ fails: ['a'], upToDate: ['b'] })
  const call = start(fake, { keepGoing: true })
  assert.equal(namesOf((await finished(call)).built), ['b'])
  assert.equal(fake.seen().at(-1)?.argv, ['-n', 'mc:b:hello-container:do_image_complete'])
  assert.match(call.logged(), / -n mc:b:hello-container:do_image_complete\n/)
})

test('a failed multiconfig, the other given up for it: not built, whatever lies there', async () => {
  const fake = fakeBitbake({ fails: ['a'], drops: ['b'] })
  const run = await finished(start(fake, { keepGoing: true }))
  assert.equal(namesOf(run.built), [])
  assert.equal(
    run.problems.map(({ code }) => code),
    ['bitbake-task-failed'],
  )
})

test('-k: what BitBake refuses is left out, and the others are built without it', async () => {
  const fake = fakeBitbake({ unknown: ['a'] })
  const run = await finished(start(fake, { keepGoing: true }))
  assert.equal(namesOf(run.built), ['b'])
  assert.equal(
    run.problems.map((problem) => problem.code === 'unknown-multiconfig' && [problem.multiconfig, problem.images]),
    [['a', [{ target: 'hello', platform: 'a' }]]],
  )
  assert.equal(
    fake.seen().map(({ argv }) => argv),
    [
      ['-k', 'mc:a:hello-container:do_image_complete', 'mc:b:hello-container:do_image_complete'],
      ['-k', 'mc:b:hello-container:do_image_complete'],
    ],
  )
  const alone = fakeBitbake({ unknown: ['a'] })
  assert.equal(namesOf((await finished(start(alone))).built), [])
  assert.is(alone.seen().length, 1)
})

test('-k: an mcdepends that names an unknown multiconfig is one problem, of all for which BitBake refuses it', async () => {
  const fake = fakeBitbake({ transcript: 'test/transcripts/2.19/mcdepends-unknown-multiconfig' })
  const targets = [image('container-aarch64'), image('container-x86-64')]
  const call = startCall(fake.build, targets, { environment: fake.environment, keepGoing: true })
  const { problems } = await finished(call)
  assert.equal(
    problems.map((problem) => problem.code === 'unknown-multiconfig' && problem.images.map(({ platform }) => platform)),
    [['container-aarch64', 'container-x86-64']],
  )
})

test('a client whose server is gone is ended, and that is the reason', async () => {
  const fake = fakeBitbake({ hangs: 'b', serverDies: true })
  const run = await finished(start(fake, { grace: 100 }))
  assert.equal(
    run.problems.map((problem) => problem.code === 'bitbake-failed' && problem.cause),
    [{ kind: 'server-died' }],
  )
})

test.run()
