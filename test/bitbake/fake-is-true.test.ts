/** The fake says what BitBake says, as recorded and, where there is one, by BitBake itself. */
import { spawn } from 'node:child_process'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fakeBitbake, type Scenario } from '../rig/fake-bitbake.js'
import { exampleProject, missingBitbake } from '../rig/project.js'
import { testWith } from '../rig/tools.js'
import { EnvironmentReader } from '../../src/bitbake/answer.js'
import { bitbakeEnvironment } from '../../src/bitbake/command.js'
import { serverGone, until } from './calls.js'
import { recording } from './recordings.js'

const test = suite('fake bitbake')

const version = '2.19'
const [arm, x86] = ['container-aarch64', 'container-x86-64']

interface Output {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** @param interrupts how many, from when a task runs */
function run(
  argv: readonly string[],
  cwd: string,
  environment: Readonly<Record<string, string | undefined>>,
  heard?: () => number,
  interrupts = 0,
): Promise<Output> {
  const { variables } = bitbakeEnvironment({ ...process.env, ...environment }, {})
  const child = spawn(argv[0]!, argv.slice(1), { cwd, env: variables, stdio: ['ignore', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => (output[stream] += text))
  }
  const interrupt = async (): Promise<void> => {
    for (let sent = 0; sent < interrupts; sent++) {
      await until('the interrupt is heard', () => output.stdout.includes('Started') && heard?.() === sent)
      child.kill('SIGINT')
    }
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, ...output }))
    interrupt().catch(reject)
  })
}

function runFake(scenario: Scenario, argv: readonly string[], interrupts?: number): Promise<Output> {
  const { build, environment, seen } = fakeBitbake(scenario)
  const heard = (): number => seen().filter(({ signal }) => signal !== undefined).length
  return run([...build.command, ...argv], build.directory, environment, heard, interrupts)
}

/** The lines that something is read from, without what differs from run to run; tasks run in any order. */
function shape(text: string): string[] {
  return text
    .split('\n')
    .filter((line) =>
      /^(NOTE: (Running|recipe|Tasks|Sending)|ERROR|WARNING|Summary|Exec|.*Interrupt| +\/| +mc:| +log:)/.test(line),
    )
    .map((line) =>
      line
        .replaceAll(/\/\S+\/(?=meta-hello\/)/g, '<project>/')
        .replaceAll(/\/\S+\/temp\//g, '<temp>/')
        .replaceAll(/(do_\w+\.)\d+/g, '$1<pid>')
        .replace(/Running task \d+/, 'Running task <n>'),
    )
    .toSorted()
}

function compare(fake: Output, real: Output): void {
  assert.is(fake.code, real.code)
  assert.equal(shape(fake.stdout), shape(real.stdout))
  assert.equal(shape(fake.stderr), shape(real.stderr))
}

const scenarios: Readonly<Record<string, Scenario>> = {
  success: {},
  'no-op': { upToDate: [arm, x86] },
  'dry-run': {},
  'dry-run-up-to-date': { upToDate: [arm, x86] },
  'default-configuration': {},
  'one-multiconfig-fails': { fails: [arm], upToDate: [x86] },
  'one-multiconfig-fails-keep-going': { fails: [arm], upToDate: [x86] },
  'one-multiconfig-fails-keep-going-first-build': { fails: [arm] },
  'two-multiconfigs-fail-keep-going': { fails: [arm, x86] },
  'unknown-multiconfig': { unknown: ['nope'] },
  'unknown-multiconfig-keep-going': { unknown: ['nope'] },
}

for (const [name, scenario] of Object.entries(scenarios)) {
  test(`as recorded: ${name}`, async () => {
    const { argv, exit, text } = recording(version, name)
    compare(await runFake(scenario, argv), { code: exit.code, stdout: text('stdout'), stderr: text('stderr') })
  })
}

test('as recorded: interrupted', async () => {
  for (const [name, interrupts] of [
    ['interrupted-once', 1],
    ['interrupted-twice', 2],
  ] as const) {
    const { argv, exit, text } = recording(version, name)
    const fake = await runFake({ hangs: arm, interrupts }, argv, interrupts)
    // The real one runs several tasks at a time.
    const said = (output: string): string[] => shape(output).filter((line) => !line.startsWith('NOTE: '))
    assert.is(fake.code, exit.code)
    assert.equal(said(fake.stdout), said(text('stdout')))
    assert.equal(said(fake.stderr), said(text('stderr')))
  }
})

testWith(test, missingBitbake, 'as BitBake itself: a build, nothing to do, a failure', async () => {
  const { build, write } = exampleProject()
  const real = (argv: readonly string[]): Promise<Output> => run([...build.command, ...argv], build.directory, {})
  const both = recording(version, 'success').argv
  compare(await runFake({}, both), await real(both))
  compare(await runFake({ upToDate: [arm, x86] }, ['-n', ...both]), await real(['-n', ...both]))
  write('meta-hello/recipes/hello-container.bb', (old) => `${old}\ndo_rootfs:append:qemuarm64() {\n    exit 7\n}\n`)
  compare(await runFake({ fails: [arm], upToDate: [x86] }, ['-k', ...both]), await real(['-k', ...both]))
  await serverGone(build)
})

testWith(test, missingBitbake, 'as BitBake itself: what -e says of the variables that are asked for', async () => {
  const { build } = exampleProject()
  const { build: pretended, environment } = fakeBitbake()
  const read = (text: string, topdir: string): Record<string, string | undefined> => {
    const reader = new EnvironmentReader()
    for (const line of text.replaceAll(topdir, '/build').split('\n')) reader.line(line)
    const { BBINCLUDED = '', ...rest } = reader.answer() ?? {}
    return { ...rest, BBFILES: BBINCLUDED.split(' ').find((file) => file.endsWith('.bb')) }
  }
  for (const target of ['mc:container-aarch64:hello-container', 'mc:container-x86-64:hello-container']) {
    const real = await run([...build.command, '-e', target], build.directory, {})
    const fake = await run([...pretended.command, '-e', target], pretended.directory, environment)
    assert.is(fake.code, real.code)
    const [parent, ours] = [path.dirname(build.directory), path.dirname(pretended.directory)]
    assert.equal(read(fake.stdout, ours), read(real.stdout, parent))
    await serverGone(build)
  }
})

test.run()
