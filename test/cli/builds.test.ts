/** Real BitBake in several build directories, and with an environment of its own. */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { until } from '../bitbake/calls.js'
import { buildLayout } from '../rig/layout-builder.js'
import { bitbakes } from '../rig/three-multiconfigs.js'
import { testWith } from '../rig/tools.js'
import { makeProject, mabProgram } from './fixture.js'
import { setUp, type SetUp } from './set-ups.js'

const test = suite('builds')

const first = bitbakes[0]!
testWith(test, first.missing, 'several build directories in one config', () => {
  const project = setUp(first.program)
  for (const file of ['bblayers.conf', 'local.conf']) {
    project.write(`build-other/conf/${file}`, readFileSync(path.join(project.build.directory, 'conf', file), 'utf8'))
  }
  const platforms = {
    arm: { multiconfig: 'arm-glibc', platform: 'linux/arm64' },
    x86: { multiconfig: 'x86', build: 'other' },
  }
  project.configure(
    { command: [first.program] },
    {
      builds: { other: { command: [first.program] } },
      platforms,
      targets: { hello: { recipe: 'hello-container' } },
    },
  )
  // In a shell that was initialised for one of them.
  const shell = { BUILDDIR: project.build.directory, BBPATH: project.build.directory }
  const { code, stdout, stderr } = project.mab(shell, 'run', '-j', '2')
  assert.is(code, 0, stderr)
  assert.match(stdout, /linux\/arm64, linux\/amd64/)
  for (const build of ['build', 'build-other']) {
    assert.match(stderr, new RegExp(`bitbake ${build}: `))
    assert.ok(existsSync(path.join(project.directory, build, 'bitbake-cookerdaemon.log')))
  }
})

/** A second build directory, of the same configuration. */
function twoBuilds(project: SetUp): void {
  for (const file of ['bblayers.conf', 'local.conf']) {
    project.write(`build-other/conf/${file}`, readFileSync(path.join(project.build.directory, 'conf', file), 'utf8'))
  }
  const command = [first.program]
  project.configure(
    { command },
    {
      builds: { other: { command } },
      platforms: {
        here: { multiconfig: 'arm-glibc' },
        there: { multiconfig: 'arm-glibc', build: 'other' },
        apart: { multiconfig: 'arm-musl', build: 'other' },
      },
      targets: Object.fromEntries(
        ['here', 'there', 'apart'].map((name) => [name, { recipe: 'hello-container', platforms: [name] }]),
      ),
    },
  )
}

testWith(test, first.missing, 'two build directories that deploy to one place are refused before they build', () => {
  const project = setUp(first.program)
  twoBuilds(project)
  const conf = (lines: string): void =>
    project.write('meta-hello/conf/multiconfig/arm-glibc.conf', `MACHINE = "qemuarm64"\n${lines}\n`)
  const own = 'TMPDIR = "${TOPDIR}/tmp-${BB_CURRENT_MC}"'
  const deploy = path.join(project.directory, 'images')
  conf(`${own}\nDEPLOY_DIR_IMAGE = "${deploy}"`)
  const both = 'mc:arm-glibc:hello-container in build and mc:arm-glibc:hello-container in build-other'
  for (const jobs of ['1', '2']) {
    const refused = project.mab({}, 'run', '-k', '-j', jobs)
    assert.is(refused.code, 1)
    assert.match(
      refused.stderr,
      `error: ${both} have one DEPLOY_DIR_IMAGE ${deploy} and name hello-container-latest-oci`,
    )
    assert.match(refused.stderr, 'needed by here linux/arm64; there linux/arm64')
    assert.is(refused.stderr.split('error:').length, 2, refused.stderr)
    assert.match(refused.stdout, /^apart +(built|fresh)/m)
    assert.not(existsSync(deploy), 'nothing is built there')
  }
  assert.is(project.queries(), 2, 'the second time by the answers that are kept')

  const work = path.join(project.directory, 'work')
  conf(`TMPDIR = "${work}"`)
  const refused = project.mab({}, 'run', 'here', 'there')
  assert.is(refused.code, 1)
  assert.match(refused.stderr, `error: ${both} have one TMPDIR ${work}: `)
  assert.is(refused.stderr.split('error:').length, 2, refused.stderr)
  assert.match(refused.stderr, /next: give each multiconfig of each build directory a TMPDIR of its own/)
  assert.not(existsSync(work), 'nothing is built there')
  const checked = project.mab({}, 'doctor')
  assert.is(checked.code, 1)
  assert.match(checked.stdout, `${both} have one TMPDIR ${work}: `)

  conf(own)
  const mended = project.mab({}, 'run', '-j', '2')
  assert.is(mended.code, 0, mended.stderr)
})

testWith(
  test,
  first.missing,
  'a build directory that another BitBake works in does not hold up the others',
  async () => {
    const project = setUp(first.program)
    twoBuilds(project)
    project.write('meta-hello/recipes/long.bb', 'inherit image-oci\ndo_rootfs() {\n    sleep 300\n}\n')
    const theirs = spawn(first.program, ['mc:arm-musl:long'], {
      cwd: path.join(project.directory, 'build-other'),
      env: { ...process.env, PATH: `${project.bin}:${process.env['PATH']}` },
    })
    let said = ''
    theirs.stdout.on('data', (text: Buffer) => (said += text.toString()))
    theirs.stderr.resume()
    await until('it works', () => said.includes('do_rootfs: Started'))
    const run = spawn(process.execPath, [mabProgram, 'run', '-j', '1', 'here', 'there'], {
      cwd: project.directory,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let told = ''
    run.stderr.on('data', (text: Buffer) => (told += text.toString()))
    const ended = new Promise((resolve) => run.once('close', resolve))
    await until('it waits', () => told.includes('waiting for another BitBake'))
    assert.match(told, 'ok    bitbake build: ')
    for (const interrupt of [1, 2]) {
      theirs.kill('SIGINT')
      await until('it is heard', () => said.split('Keyboard Interrupt').length > interrupt)
    }
    assert.is(await ended, 0, told)
  },
)

test('two build directories whose layouts turn out to be one are told, and nothing is written', () => {
  const { directory: layout } = buildLayout({ architecture: 'arm64', reference: 'latest' })
  const command = [process.execPath, path.resolve('test/rig/fake-bitbake.mjs')]
  const platform = { platform: 'linux/arm64', multiconfig: 'container-aarch64' }
  const project = makeProject(
    {
      build: { directory: 'build', command },
      builds: { other: { command } },
      platforms: {
        here: { ...platform, layout: 'shared/*/hello-oci' },
        there: { ...platform, layout: 'shared/one/hello-oci', build: 'other' },
      },
      targets: { here: { recipe: 'hello', platforms: ['here'] }, there: { recipe: 'hello', platforms: ['there'] } },
    },
    { FAKE_BITBAKE: 'scenario.json' },
  )
  const deploys = { 'container-aarch64': { '../shared/one/hello-oci': layout } }
  project.write('build-other/conf/bblayers.conf', '')
  writeFileSync(project.file('build/scenario.json'), JSON.stringify({ deploys }))
  // It comes when the other has long found its image.
  writeFileSync(project.file('build-other/scenario.json'), JSON.stringify({ deploys, starts: 1500 }))
  const { code, stderr } = project.mab('run', '-k', '-j', '4')
  assert.is(code, 1)
  const both = 'mc:container-aarch64:hello in build and mc:container-aarch64:hello in build-other'
  assert.match(stderr, new RegExp(`error: ${both} have one layout \\S+/shared/one/hello-oci: `))
  assert.not(existsSync(project.file('deploy')), stderr)
})

testWith(test, first.missing, 'declared environment reaches the metadata', () => {
  const project = setUp(first.program)
  const kept = 'OCI_IMAGE_TAG ?= "${MY_TAG}"\n'
  project.write('build/conf/local.conf', (old) => `${old}${kept}`)
  const build = { command: [first.program], environment: { MY_TAG: 'of the day'.replaceAll(' ', '-') } }
  project.configure(build, { targets: { hello: { recipe: 'hello-container', platforms: ['x86'] } } })
  const { code, stderr } = project.mab({}, 'run')
  assert.is(code, 0, stderr)
  assert.match(stderr, 'hello-container-of-the-day-oci')
})

test.run()
