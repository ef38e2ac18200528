import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { buildLayout } from '../rig/layout-builder.js'
import { fakeBitbake } from '../rig/fake-bitbake.js'
import { testWith } from '../rig/tools.js'
import { helloConfig, mabProgram, makeProject, standIn } from './fixture.js'

const test = suite('trouble around mab')

test('a config that never comes to an end, or ends the process, is an error', () => {
  const { mab, file } = makeProject()
  const configs = {
    'top.ts': 'await new Promise(() => {})\nexport default {}',
    'promise.ts': 'export default new Promise(() => {})',
    'function.ts': 'export default () => new Promise(() => {})',
  }
  for (const [name, source] of Object.entries(configs)) {
    writeFileSync(file(`${name.split('.')[0]}.config.ts`), source)
    const { code, stderr } = mab('list', '-c', `${name.split('.')[0]}.config.ts`)
    assert.is(code, 2, name)
    assert.match(stderr, /waits for something that never happens/)
  }
  assert.not.ok(existsSync(file('.mab')))
  writeFileSync(file('exit.config.ts'), 'process.exit(0)')
  const ended = mab('list', '-c', 'exit.config.ts')
  assert.is(ended.code, 2)
  assert.match(ended.stderr, /ended from within: does the config end the process\?/)
})

test('something else in the place of .mab is an error that says so, and stays', () => {
  const { mab, file } = makeProject()
  const places: Record<string, [() => void, RegExp]> = {
    'a file': [() => writeFileSync(file('.mab'), 'mine'), /found: a file$/m],
    'a link to nothing': [
      () => symlinkSync('/mnt/not/there', file('.mab')),
      /found: a symbolic link to \/mnt\/not\/there, where nothing is$/m,
    ],
  }
  for (const [what, [put, found]] of Object.entries(places)) {
    put()
    for (const command of ['run', 'clean', 'doctor']) {
      const { code, stdout, stderr } = mab(command)
      assert.is(code, 1, `${what}, ${command}`)
      assert.match(stdout + stderr, /\.mab is no directory/, what)
      assert.match(stdout + stderr, found, what)
      assert.match(stdout + stderr, /next: move or remove it, and run again/, what)
    }
    assert.not.ok(existsSync(file('deploy')), what)
    rmSync(file('.mab'))
  }
  mkdirSync(file('elsewhere'))
  symlinkSync('elsewhere', file('.mab'))
  mkdirSync(file('.mab/lock'))
  assert.is(mab('run').code, 0)
  assert.ok(existsSync(file('elsewhere/stamps.ndjson')))
})

const full = existsSync('/dev/full') ? undefined : 'there is no /dev/full'

testWith(test, full, 'output that cannot be written is a failure without a stack trace', () => {
  const { directory, mab } = makeProject()
  mab('run')
  for (const args of [['list'], ['--version'], ['--help'], ['plan'], ['run']]) {
    const command = `"$0" "$1" ${args.join(' ')} > /dev/full`
    const { status, stderr } = spawnSync('sh', ['-c', command, process.execPath, mabProgram], {
      cwd: directory,
      encoding: 'utf8',
    })
    assert.is(status, 1, args.join(' '))
    assert.not.match(stderr, /^ {4}at /m)
  }
})

test('build.acceptErrors: the run succeeds, says what it accepts, and fails for anything else', () => {
  const error = 'cannot fetch uninative-x86_64.tar.xz'
  const shell = `"$@" || exit; echo "ERROR: ${error}" >&2; exit 1`
  const config = (...acceptErrors: readonly string[]): object => ({
    ...helloConfig(),
    build: { directory: 'build', command: ['sh', '-c', shell, 'sh', ...standIn], acceptErrors },
  })
  const project = makeProject(config('another error that is accepted'))
  const failed = project.mab('run')
  assert.is(failed.code, 1)
  assert.match(failed.stderr, `error: every task succeeded, but BitBake reported errors\n`)
  assert.match(
    failed.stderr,
    'next: correct them and run again; if they do not concern the images, name them in `build.acceptErrors`',
  )
  project.configure(config('uninative-x86_64'))
  const { code, stderr } = project.mab('run', '--progress', 'plain')
  assert.is(code, 0, stderr)
  assert.match(stderr, `all tasks succeeded, and BitBake reported what \`build.acceptErrors\` accepts`)
  assert.match(stderr, `\n  ${error}\n`)
  assert.match(stderr, /^ok +bitbake build: .*, 1 error accepted/m)
  project.configure(config('uninative-x86_64', 'something else'))
  assert.match(project.mab('run').stderr, 'everything is fresh')
})

test('a working directory that is gone is told as such', () => {
  const { directory } = makeProject()
  const command = 'mkdir gone && cd gone && rmdir ../gone && "$0" "$1" list'
  const { status, stderr } = spawnSync('sh', ['-c', command, process.execPath, mabProgram], {
    cwd: directory,
    encoding: 'utf8',
  })
  assert.is(status, 1)
  assert.match(stderr, /^error: uv_cwd the working directory: no such file or directory/)
  assert.not.match(stderr, /^ {4}at /m)
})

test('a likelier layout that cannot be read is not passed over in silence', () => {
  const { mab, file } = makeProject()
  mab('run')
  const deploy = 'build/tmp-container-aarch64/deploy/images/qemuarm64/hello-container-latest-oci'
  writeFileSync(file(deploy, 'index.json'), '{"schemaVersion":2}')
  const { code, stderr } = mab('run', '--no-build')
  assert.is(code, 0, stderr)
  assert.match(
    stderr,
    /note: build\/tmp-container-aarch64\/.*-latest-oci is no readable layout \(index\.json -> manifests: expected /,
  )
  rmSync(file(`${deploy}.tar`))
  for (const name of readdirSync(file(deploy, '..'))) {
    if (name.endsWith('.tar')) rmSync(file(deploy, '..', name))
  }
  assert.match(
    mab('run', '--no-build').stderr,
    /no readable layout: index\.json -> manifests: expected an array of descriptors/,
  )
})

test('the result says of each target why it is not there, and to programs which of its platforms failed', () => {
  const fake = fakeBitbake({ fails: ['musl'] })
  const board = (multiconfig: string): object => ({ multiconfig, platform: 'linux/arm64' })
  const { mab } = makeProject(
    {
      build: { directory: 'build', command: fake.build.command },
      platforms: { glibc: board('glibc'), musl: board('musl') },
      targets: {
        app: { recipe: 'hello-container', platforms: ['glibc'] },
        tools: { recipe: 'hello-container', platforms: ['musl'] },
      },
    },
    { FAKE_BITBAKE: fake.environment['FAKE_BITBAKE']! },
  )
  const failure = 'hello-container do_rootfs failed in multiconfig musl'
  const stopped = mab('run')
  assert.is(stopped.code, 1)
  assert.is(
    stopped.stdout,
    `app    not built: BitBake gave up: ${failure}; -k goes on with the others\ntools  not built: ${failure}\n`,
  )
  assert.match(stopped.stderr, `error: ${failure}\n  needed by tools linux/arm64\n`)
  const lines = mab('run', '--progress', 'json').stdout.trim().split('\n')
  const { report } = JSON.parse(lines.at(-1)!) as {
    report: { targets: { failures: { ofAnother: boolean; problem: { images: object[]; message: string } }[] }[] }
  }
  assert.equal(
    report.targets.map(({ failures }) =>
      failures.map(({ ofAnother, problem }) => [ofAnother, problem.images, problem.message]),
    ),
    [true, false].map((ofAnother) => [[ofAnother, [{ target: 'tools', platform: 'linux/arm64' }], failure]]),
  )
})

test('a deploy directory that was deleted is explained: BitBake takes it for built', () => {
  const config = helloConfig() as { build: { command: string[] } }
  config.build.command = [
    process.execPath,
    '-e',
    `console.log("NOTE: Tasks Summary: Attempted 3 tasks of which 3 didn't need to be rerun and all succeeded.")`,
  ]
  const { code, stderr } = makeProject(config).mab('run')
  assert.is(code, 1)
  assert.match(
    stderr,
    /next: BitBake takes do_image_complete for done: .*'bitbake -c cleansstate mc:container-aarch64:hello-container'/,
  )
})

test('blobs that only their owner can read are noted, with the command that opens them', () => {
  const { mab, file } = makeProject()
  const layout = buildLayout({ architecture: 'arm64' }, { directory: file('layout') })
  chmodSync(layout.file(layout.images[0]!.layers[0]!), 0o600)
  const { code, stdout } = mab('verify', 'layout')
  assert.is(code, 0)
  assert.match(stdout, /note: only their owner can read 1 blob: chmod -R a\+rX layout\n/)
})

test('what the config passes to BitBake is not printed', () => {
  const config = helloConfig() as { build: { environment?: object } }
  config.build.environment = { DEPLOY_KEY: 'hunter2' }
  const { mab } = makeProject(config)
  const printed = mab('plan', '--format', 'json').stdout + mab('run', '--progress', 'json').stdout
  assert.match(printed, '"DEPLOY_KEY"')
  assert.not.match(printed, 'hunter2')
})

test.run()
