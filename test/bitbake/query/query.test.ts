/** Asking BitBake: what it says, in one call or several, and what happens when it does not. */
import { mkdirSync, symlinkSync, writeFileSync, existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { EnvironmentReader, relocate, type Answer } from '../../../src/bitbake/query/answer.js'
import { prepareBuild } from '../../../src/bitbake/process/prepare.js'
import { queryBitbake, type QueryCall, type QueryResult } from '../../../src/bitbake/query/query.js'
import type { Build } from '../../../src/targets/target.js'
import { fakeBitbake, type Scenario } from '../../rig/fake-bitbake.js'
import { temporaryDirectory } from '../../rig/temp.js'
import { bitbakes, names, threeMulticonfigs } from '../../rig/three-multiconfigs.js'
import { testWith } from '../../rig/tools.js'
import { image, serverGone } from '../calls.js'

const test = suite('query')

interface Asked extends QueryResult {
  readonly log: string
}

interface AskOptions extends Partial<QueryCall> {
  readonly environment?: Readonly<Record<string, string | undefined>>
}

async function ask(
  build: Build,
  targets: QueryCall['targets'],
  { environment = process.env, ...more }: AskOptions = {},
): Promise<Asked> {
  const log = path.join(temporaryDirectory(), 'query.log')
  const { signal } = new AbortController()
  const prepared = await prepareBuild(build, environment, signal)
  if (!prepared.ok) throw new Error(JSON.stringify(prepared.problems))
  const call = { prepared: prepared.value, targets, log, stop: signal, stopNow: signal }
  const result = await queryBitbake({ ...call, ...more })
  return { ...result, log: readFileSync(log, 'utf8') }
}

function read(text: string): Answer | undefined {
  const reader = new EnvironmentReader()
  for (const line of text.split('\n')) reader.line(line)
  return reader.answer()
}

test('reads the output of bitbake -e', () => {
  const answer = read(
    [
      'Parsing recipes...done.',
      '# $MACHINE',
      '#   set /conf/x.conf:1',
      '#     "not this"',
      'MACHINE="qemuarm64"',
      'export TARGET_ARCH="arm"',
      String.raw`IMAGE_BASENAME="a \"quoted\" \${NAME}"`,
      'TUNE_FEATURES="arm  \\',
      '  armv7a"',
      'MACHINE_EXTRA="other"',
      '# TARGET_OS=',
      'TOPDIR="/build"',
      'do_build() {',
      '    TMPDIR="/wrong"x',
      '}',
    ].join('\n'),
  )
  assert.equal(answer, {
    MACHINE: 'qemuarm64',
    TARGET_ARCH: 'arm',
    IMAGE_BASENAME: 'a "quoted" ${NAME}',
    TUNE_FEATURES: 'arm \n  armv7a',
    TOPDIR: '/build',
  })
  assert.is(read('usage: site-wrapper TARGET'), undefined)
})

test('paths of a container are told as they are here', () => {
  const inside = {
    TOPDIR: '/work/build',
    FILE: '/layers/a.bb',
    BBINCLUDED: '/work/build/conf/local.conf /work/builder',
  }
  assert.equal(relocate(inside, '/home/me/build'), {
    TOPDIR: '/home/me/build',
    FILE: '/layers/a.bb',
    BBINCLUDED: '/home/me/build/conf/local.conf /work/builder',
  })
})

const fakeAsk = (scenario: Scenario, ...multiconfigs: readonly string[]): Promise<Asked> => {
  const { build, environment } = fakeBitbake(scenario)
  return ask(
    build,
    multiconfigs.map((name) => image(name)),
    { environment },
  )
}

test('what BitBake refuses is a problem, and the others are answered all the same', async () => {
  const { answers, problems, log } = await fakeAsk({ unknown: ['nope'] }, 'nope', 'container-x86-64')
  assert.equal([...answers.keys()], ['mc:container-x86-64:hello-container'])
  assert.equal(
    problems.map(({ code }) => code),
    ['unknown-multiconfig'],
  )
  assert.match(log, 'ERROR: Multiconfig dependency mc:nope:hello-container')
})

test('a command that knows no -e gives no answer', async () => {
  const { answers, problems } = await fakeAsk({ silent: true }, 'container-x86-64')
  assert.equal([answers.size, problems.map(({ code }) => code)], [0, ['bitbake-failed']])
})

test('a program that cannot be started gives none either', async () => {
  const { build } = fakeBitbake({}, { command: ['/no/such/bitbake'] })
  assert.is((await ask(build, [image('a')])).answers.size, 0)
})

for (const { name, program, missing } of bitbakes) {
  testWith(test, missing, `${name} says where three multiconfigs deploy, in one call and one by one`, async () => {
    const { build, layouts, directory } = threeMulticonfigs([program])
    const targets = names.map((multiconfig) => image(multiconfig))
    const together = await ask(build, targets)
    assert.equal([together.problems, together.answers.size], [[], 3])
    // Through a prefix its library is not looked for.
    const single = await ask({ ...build, command: ['env', program] }, targets)
    assert.equal([...single.answers], [...together.answers])
    assert.is(single.log.match(/^# env /gm)?.length, 3)

    const musl = together.answers.get('mc:arm-musl:hello-container')!
    assert.is(`${musl.DEPLOY_DIR_IMAGE}/hello-container-1.37_musl-oci`, layouts['arm-musl'])
    assert.equal([musl.OCI_IMAGE_TAG, musl.MACHINE, musl.TARGET_ARCH], ['1.37:musl', 'qemuarm64', 'aarch64'])
    const x86 = together.answers.get('mc:x86:hello-container')!
    assert.is(x86.DEPLOY_DIR_IMAGE, path.dirname(layouts.x86))
    assert.is(x86.TMPDIR, path.join(directory, 'moved/tmp'))
    assert.is(x86.BBMULTICONFIG, names.join(' '))
    const included = x86.BBINCLUDED!.split(' ')
    for (const file of [
      'build/conf/local.conf',
      'meta-hello/conf/multiconfig/x86.conf',
      'build/classes/base.bbclass',
    ]) {
      assert.ok(included.includes(path.join(directory, file)), file)
    }
    await serverGone(build)
  })

  testWith(test, missing, `${name} is asked for credentials' sake with a clean environment`, async () => {
    const { build } = threeMulticonfigs([program])
    await ask(build, [image('x86')], { environment: { ...process.env, REGISTRY_PASSWORD: 'hunter2' } })
    const log = readFileSync(path.join(build.directory, 'bitbake-cookerdaemon.log'), 'utf8')
    assert.match(log, 'PATH')
    assert.not.match(log, 'hunter2')
    await serverGone(build)
  })
}

const beside = bitbakes.find(({ program }) => existsSync(path.join(path.dirname(path.dirname(program)), 'lib/bb')))
const noLibrary =
  beside === undefined ? 'neither BITBAKE nor MAB_TEST_BITBAKES names a program of a BitBake tree' : undefined

testWith(test, noLibrary, 'one call is made when the library lies beside the program', async () => {
  const { build } = threeMulticonfigs(['bitbake'])
  const links = temporaryDirectory()
  mkdirSync(path.join(links, 'bin'))
  symlinkSync(beside!.program, path.join(links, 'bin/bitbake'))
  writeFileSync(path.join(build.directory, 'conf/site.conf'), '')
  const environment = { ...process.env, PATH: `${links}/bin:${process.env['PATH']}` }
  const targets = [image('x86'), image('arm-musl'), image('nope'), image('x86', 'no-such-recipe')]
  const { answers, problems, log } = await ask(build, targets, { environment })
  assert.is(answers.size, 2)
  assert.is(log.match(/^# python3 -c/gm)?.length, 1)
  // What has no answer is asked again, for its message; that a multiconfig is unknown the others' answers say.
  assert.equal(log.match(/^# bitbake -e .*/gm), ['# bitbake -e mc:x86:no-such-recipe'])
  assert.equal(
    problems.map((problem) => (problem.code === 'unknown-multiconfig' ? problem.known : problem.code)),
    ['bitbake-failed', [...names]],
  )
  await serverGone(build)
})

test.run()
