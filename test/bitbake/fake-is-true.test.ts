/** The fake says what BitBake says, as recorded and, where there is one, by BitBake itself. */
import { spawn } from 'node:child_process'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fakeBitbake, type Scenario } from '../rig/fake-bitbake.js'
import { exampleProject, type ExampleProject } from '../rig/project.js'
import { bitbakes } from '../rig/three-multiconfigs.js'
import { testWith } from '../rig/tools.js'
import { EnvironmentReader } from '../../src/bitbake/query/answer.js'
import { bitbakeEnvironment } from '../../src/bitbake/command.js'
import { serverGone, until } from './calls.js'
import { recording, versions } from './recordings.js'

const test = suite('fake bitbake')

const newest = '2.19'
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

/** The fake speaks as the newest does: all in which an older one differs. */
function asOf(version: string, line: string): string[] {
  const notYet = /^( +log: |WARNING: Exiting due to interrupt|Summary: There was 1 WARNING)/
  if (version.startsWith('2.0') && notYet.test(line)) return []
  if (version.startsWith(newest)) return [line]
  return [line.replace(/Execution of '(\S+)' failed with exit code (\d+)/, "ExecutionError('$1', $2, None, None)")]
}

function compare(fake: Output, real: Output, version: string): void {
  assert.is(fake.code, real.code)
  for (const stream of ['stdout', 'stderr'] as const) {
    const said = shape(fake[stream]).flatMap((line) => asOf(version, line))
    assert.equal(said.toSorted(), shape(real[stream]))
  }
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

for (const version of versions) {
  for (const [name, scenario] of Object.entries(scenarios)) {
    test(`as recorded of ${version}: ${name}`, async () => {
      const { argv, exit, text } = recording(version, name)
      const real = { code: exit.code, stdout: text('stdout'), stderr: text('stderr') }
      compare(await runFake(scenario, argv), real, version)
    })
  }

  test(`as recorded of ${version}: given up for what another multiconfig lacks, without a word`, async () => {
    const { argv, exit, text } = recording(version, 'multiconfig-dependency-fails-keep-going')
    const uncounted = (output: string): string => output.replaceAll(/(Attempted|which) \d+/g, '$1 <n>')
    const real = { code: exit.code, stdout: uncounted(text('stdout')), stderr: text('stderr') }
    const fake = await runFake({ fails: [arm], drops: [x86] }, argv)
    compare({ ...fake, stdout: uncounted(fake.stdout) }, real, version)
  })

  test(`as recorded of ${version}: interrupted`, async () => {
    for (const [name, interrupts] of [
      ['interrupted-once', 1],
      ['interrupted-twice', 2],
    ] as const) {
      const { argv, exit, text } = recording(version, name)
      const fake = await runFake({ hangs: arm, interrupts }, argv, interrupts)
      // The real one runs several tasks at a time.
      const said = (output: string): string => output.replaceAll(/^NOTE: .*$/gm, '')
      const real = { code: exit.code, stdout: said(text('stdout')), stderr: said(text('stderr')) }
      compare({ ...fake, stdout: said(fake.stdout), stderr: said(fake.stderr) }, real, version)
    }
  })
}

interface Real {
  readonly project: ExampleProject
  readonly version: string
  run(argv: readonly string[]): Promise<Output>
}

async function realBitbake(program: string): Promise<Real> {
  const project = exampleProject([program])
  const { build } = project
  // Up to 2.8 it looks for its worker on PATH.
  const environment = program.includes('/') ? { PATH: `${path.dirname(program)}:${process.env['PATH']}` } : {}
  const start = (argv: readonly string[]): Promise<Output> => run([program, ...argv], build.directory, environment)
  const { stdout } = await start(['--version'])
  return { project, version: /version (\S+)/.exec(stdout)![1]!, run: start }
}

for (const { name, program, missing } of bitbakes) {
  testWith(test, missing, `as ${name} itself: a build, nothing to do, a failure`, async () => {
    const { project, version, run: real } = await realBitbake(program)
    const both = recording(newest, 'success').argv
    compare(await runFake({}, both), await real(both), version)
    compare(await runFake({ upToDate: [arm, x86] }, ['-n', ...both]), await real(['-n', ...both]), version)
    const failing = '\ndo_rootfs:append:qemuarm64() {\n    exit 7\n}\n'
    project.write('meta-hello/recipes/hello-container.bb', (old) => old + failing)
    const scenario = { fails: [arm], upToDate: [x86] }
    compare(await runFake(scenario, ['-k', ...both]), await real(['-k', ...both]), version)
    await serverGone(project.build)
  })

  testWith(test, missing, `as ${name} itself: what -e says`, async () => {
    const {
      project: { build },
      version,
      run: real,
    } = await realBitbake(program)
    const { build: pretended, environment } = fakeBitbake({ unknown: ['nope'] })
    const fake = (argv: readonly string[]): Promise<Output> =>
      run([...pretended.command, ...argv], pretended.directory, environment)
    const read = (text: string, topdir: string): Record<string, string | undefined> => {
      const reader = new EnvironmentReader()
      for (const line of text.replaceAll(topdir, '/build').split('\n')) reader.line(line)
      const { BBINCLUDED = '', ...rest } = reader.answer() ?? {}
      return { ...rest, BBINCLUDED: BBINCLUDED.split(' ').find((file) => file.endsWith('.bb')) }
    }
    const [parent, ours] = [path.dirname(build.directory), path.dirname(pretended.directory)]
    for (const target of ['mc:container-aarch64:hello-container', 'mc:container-x86-64:hello-container']) {
      const [said, told] = [await fake(['-e', target]), await real(['-e', target])]
      assert.is(said.code, told.code)
      assert.equal(read(said.stdout, ours), read(told.stdout, parent))
    }
    const unknown = ['-e', 'mc:nope:hello-container']
    compare(await fake(unknown), await real(unknown), version)
    await serverGone(build)
  })
}

test.run()
