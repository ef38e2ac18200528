/** What BitBake's answers rule out is reported before anything is built, and BitBake is not started for it. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Scenario } from '../rig/fake-bitbake.js'
import { buildLayout } from '../rig/layout-builder.js'
import { missingBitbake } from '../rig/project.js'
import { bitbakes } from '../rig/three-multiconfigs.js'
import { testWith } from '../rig/tools.js'
import { asking } from './asking.js'
import { makeProject, type Project } from './fixture.js'

const test = suite('refused early')

const arm = 'container-aarch64'
const layout = `tmp-${arm}/deploy/images/qemuarm64/hello-container-latest-oci`

interface Faked {
  readonly project: Project
  /** What BitBake was called with so far: `-e` and its target, or the requests of a build. */
  calls(): string[]
}

function faked(hello: object, platforms: object, scenario: Scenario): Faked {
  const command = [process.execPath, path.resolve('test/rig/fake-bitbake.mjs')]
  const targets = { hello: { recipe: 'hello-container', ...hello } }
  const config = { build: { directory: 'build', command }, platforms, targets }
  const project = makeProject(config, { FAKE_BITBAKE: 'scenario.json' })
  const { directory } = buildLayout({ architecture: 'arm64', reference: 'latest' })
  const deploys = { [arm]: { [layout]: directory } }
  project.write('build/record', '')
  project.write('build/scenario.json', JSON.stringify({ deploys, ...scenario, record: 'record' }))
  const calls = (): string[] =>
    readFileSync(project.file('build/record'), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { readonly asked?: string; readonly argv?: readonly string[] })
      .map(({ asked, argv = [] }) => (asked === undefined ? argv.join(' ') : `-e ${asked}`))
  return { project, calls }
}

test('a multiconfig that BBMULTICONFIG lacks is known from the first answer', () => {
  const platforms = { other: { platform: 'linux/arm/v7', multiconfig: 'nope' } }
  const { project, calls } = faked({ platforms: ['aarch64', 'other'] }, platforms, { unknown: ['nope'] })
  const ran = project.mab('run')
  assert.is(ran.code, 1)
  assert.match(ran.stderr, 'BitBake knows no multiconfig "nope"')
  assert.match(ran.stderr, 'found: BBMULTICONFIG is "container-aarch64 container-x86-64"')
  assert.match(ran.stderr, 'needed by hello linux/arm/v7')
  assert.equal(calls(), [`-e mc:${arm}:hello-container`])

  assert.is(project.mab('run', '-k').code, 1)
  const built = `-k mc:${arm}:hello-container:do_image_complete`
  // The answer of the first run holds, and is asked for again after the build.
  assert.equal(calls().slice(1), [built, `-e mc:${arm}:hello-container`])
})

test('a multiconfig that no answer can rule out is refused by the question', () => {
  const platforms = { other: { platform: 'linux/arm/v7', multiconfig: 'nope' } }
  const { project, calls } = faked({ platforms: ['other'] }, platforms, { unknown: ['nope'] })
  const ran = project.mab('run')
  assert.is(ran.code, 1)
  assert.match(ran.stderr, 'BitBake knows no multiconfig "nope"')
  assert.equal(calls(), ['-e mc:nope:hello-container'])
})

test('an image that BitBake makes in other formats only is refused, unless the config names the layout', () => {
  const answers = { [arm]: { IMAGE_FSTYPES: 'tar.bz2  ext4' } }
  const { project, calls } = faked({ platforms: ['aarch64'] }, {}, { answers })
  const ran = project.mab('run')
  assert.is(ran.code, 1)
  assert.match(ran.stderr, 'hello: BitBake makes no OCI image for "aarch64"')
  assert.match(ran.stderr, 'found: IMAGE_FSTYPES is "tar.bz2 ext4"')
  assert.equal(calls(), [`-e mc:${arm}:hello-container`])

  const named = faked({ platforms: ['own'] }, { own: { multiconfig: arm, layout: `build/${layout}` } }, { answers })
  const taken = named.project.mab('run')
  assert.is(taken.code, 0, taken.stderr)
})

test('an image of the time when BitBake still made one is not taken', () => {
  const { project, calls } = faked({ platforms: ['aarch64'] }, {}, {})
  assert.is(project.mab('run').code, 0)
  const before = calls().length
  const scenario = JSON.parse(readFileSync(project.file('build/scenario.json'), 'utf8')) as Scenario
  const answers = { [arm]: { IMAGE_FSTYPES: 'ext4' } }
  project.write('build/scenario.json', JSON.stringify({ ...scenario, answers }))
  project.write('build/conf/local.conf', '# IMAGE_FSTYPES is another one')
  const ran = project.mab('run')
  assert.is(ran.code, 1)
  assert.match(ran.stderr, 'BitBake makes no OCI image')
  assert.is(calls().length, before + 1)
})

testWith(
  test,
  missingBitbake,
  'an mcdepends on an unknown multiconfig that a built recipe gets is named with its place',
  () => {
    const { project, mab } = asking(bitbakes[0]!.program)
    assert.is(mab('run', 'glibc').code, 0)
    const recipe = 'meta-hello/recipes/hello-container.bb'
    project.write(recipe, (old) => `do_rootfs[mcdepends] = "mc:arm-glibc:sos:other:do_rootfs"\n${old}`)
    const { code, stderr } = mab('run', 'glibc')
    assert.is(code, 1)
    assert.match(stderr, 'BitBake knows no multiconfig "sos"')
    assert.match(stderr, `the mcdepends of do_rootfs names it: mc:arm-glibc:sos:other:do_rootfs (${recipe}:1)`)
  },
)

test.run()
