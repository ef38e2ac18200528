/** `mab run` takes the image that BitBake deployed last, whatever it remembers of earlier answers, or fails. */
import { spawnSync } from 'node:child_process'
import { renameSync, rmSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Scenario } from '../rig/fake-bitbake.js'
import { buildLayout } from '../rig/layout-builder.js'
import { temporaryDirectory } from '../rig/temp.js'
import { bitbakes } from '../rig/three-multiconfigs.js'
import { testWith } from '../rig/tools.js'
import { asking } from './asking.js'
import { makeProject, type Project } from './fixture.js'

const test = suite('the newest image')

for (const { name, program, missing } of bitbakes) {
  testWith(
    test,
    missing,
    `${name}: an append that is new, a tag that changed, and a build by hand give the image that was deployed last`,
    () => {
      const { project, mab } = asking(program)
      // As with OpenEmbedded, where only do_image_oci runs again: what was deployed before stays.
      project.write('meta-hello/classes/image-oci.bbclass', (old) =>
        old.replace('for old in list(Path(d.getVar("DEPLOY_DIR_IMAGE")).glob("*")):', 'for old in []:'),
      )
      project.write('meta-hello/conf/layer.conf', (old) => `${old}BBFILES += "\${LAYERDIR}/recipes/*.bbappend"\n`)
      assert.is(mab('run', 'glibc').code, 0)
      const taken = (state: string, link: string): void => {
        const { code, stdout, stderr } = mab('run', '-v', 'glibc')
        assert.is(code, 0, stderr)
        assert.match(stdout, new RegExp(`^glibc +${state}`))
        for (const layout of [project.layouts['arm-glibc'], project.layouts.x86]) {
          assert.match(stderr, path.join(path.relative(project.directory, path.dirname(layout)), link))
        }
      }
      taken('fresh', 'hello-container-latest-oci')

      const append = 'meta-hello/recipes/hello-container.bbappend'
      const holding = (text: string): string => `do_rootfs:append() {\n    echo ${text} > added.txt\n}\n`
      project.write(append, `OCI_IMAGE_TAG = "v2"\n${holding('two')}`)
      taken('built', 'hello-container-v2-oci')
      taken('fresh', 'hello-container-v2-oci')

      rmSync(path.join(project.directory, append))
      project.write('build/conf/local.conf', (old) => `${old}OCI_IMAGE_TAG = "v3"\n`)
      taken('built', 'hello-container-v3-oci')

      // The name says nothing of what is newer, and BitBake has nothing left to do for mab.
      project.write(append, `IMAGE_BASENAME = "renamed"\n${holding('four')}`)
      const requests = ['arm-glibc', 'x86'].map((multiconfig) => `mc:${multiconfig}:hello-container:do_image_complete`)
      const env = { ...process.env, PATH: `${path.dirname(program)}:${process.env['PATH']}` }
      assert.is(spawnSync(program, requests, { cwd: project.build.directory, env }).status, 0)
      taken('built', 'renamed-v3-oci')
    },
  )

  testWith(
    test,
    missing,
    `${name}: an image that is gone and that BitBake takes for done is made again by the command that is named`,
    () => {
      const { project, mab } = asking(program)
      assert.is(mab('run', 'glibc').code, 0)
      rmSync(path.dirname(project.layouts['arm-glibc']), { recursive: true })
      const { code, stderr } = mab('run', 'glibc')
      assert.is(code, 1)
      const [, command] = /a build was interrupted .* Have it made again with '(rm [^']*)'/.exec(stderr) ?? []
      assert.ok(command !== undefined, stderr)
      assert.is(spawnSync('sh', ['-c', command], { cwd: project.directory }).status, 0)
      const again = mab('run', 'glibc')
      assert.is(again.code, 0, again.stderr)
    },
  )
}

interface Faked {
  readonly project: Project
  /** Says what BitBake does from now on. */
  script(scenario: Scenario): void
}

/** One image, for arm64, that the fake deploys and answers for. @param hello more keys of the target */
function faked(hello: object = {}): Faked {
  const command = [process.execPath, path.resolve('test/rig/fake-bitbake.mjs')]
  const targets = { hello: { recipe: 'hello-container', platforms: ['aarch64'], ...hello } }
  const project = makeProject({ build: { directory: 'build', command }, targets }, { FAKE_BITBAKE: 'scenario.json' })
  project.write('layer/a.bb', '')
  return { project, script: (scenario) => project.write('build/scenario.json', JSON.stringify(scenario)) }
}

const arm = 'container-aarch64'
const deployDirectory = `tmp-${arm}/deploy/images/qemuarm64`
const isDone = { upToDate: [arm, 'container-x86-64'] }

/** What the deploying task makes of a tag, as the class does: a time-stamped layout, and a link to it. */
function deployOf(tag: string, time: string): Record<string, string> {
  const name = `hello-container-qemuarm64.rootfs-${time}-oci`
  const { directory } = buildLayout({ architecture: 'arm64', reference: tag, layers: [time] })
  const link = path.join(temporaryDirectory(), 'link')
  symlinkSync(name, link)
  return { [`${deployDirectory}/${name}`]: directory, [`${deployDirectory}/hello-container-${tag}-oci`]: link }
}

const answering = (tag: string): NonNullable<Scenario['answers']> => ({ [arm]: { OCI_IMAGE_TAG: tag } })

test('what BitBake builds anew is asked for anew, though nothing that it lists has changed', () => {
  for (const sources of [undefined, ['layer/**']]) {
    const { project, script } = faked(sources && { sources })
    script({ deploys: { [arm]: deployOf('latest', '20260101000000') }, answers: answering('latest') })
    assert.is(project.mab('run').code, 0)
    if (sources) project.write('layer/b.bbappend', '')
    script({ deploys: { [arm]: deployOf('v2', '20260102000000') }, answers: answering('v2') })
    const ran = project.mab('run', '-v')
    assert.is(ran.code, 0, ran.stderr)
    assert.match(ran.stderr, `asking where the images are: ${sources ? 'sources changed' : 'BitBake has built anew'}`)
    assert.match(ran.stderr, `${deployDirectory}/hello-container-v2-oci`)
    assert.match(ran.stdout, /^hello +built/)
    // What is asked anew is remembered, and asked once.
    script({ ...isDone, answers: answering('v2') })
    const again = project.mab('run', '-v')
    assert.match(again.stdout, /^hello +fresh/)
    assert.not.match(again.stderr, 'asking where the images are')
  }
})

test('a build of which mab did not see the end is asked for anew', () => {
  const { project, script } = faked()
  script({ deploys: { [arm]: deployOf('latest', '20260101000000') }, answers: answering('latest') })
  assert.is(project.mab('run').code, 0)
  const deploys = { [arm]: { ...deployOf('v2', '20260101000000') } }
  script({ deploys, answers: answering('v2'), kills: true })
  assert.is.not(project.mab('run').code, 0)
  script({ ...isDone, answers: answering('v2') })
  const { code, stderr } = project.mab('run', '-v')
  assert.is(code, 0, stderr)
  assert.match(stderr, `${deployDirectory}/hello-container-v2-oci`)
})

test('a link to an older layout than the newest is never taken, and BitBake is asked before that is an error', () => {
  const { project, script } = faked()
  const first = deployOf('latest', '20260101000000')
  const second = deployOf('v2', '20260102000000')
  script({ deploys: { [arm]: first }, answers: answering('latest') })
  assert.is(project.mab('run').code, 0)
  // By somebody else's BitBake.
  script({ deploys: { [arm]: second } })
  spawnSync(
    process.execPath,
    [path.resolve('test/rig/fake-bitbake.mjs'), `mc:${arm}:hello-container:do_image_complete`],
    {
      cwd: project.file('build'),
      env: { ...process.env, FAKE_BITBAKE: 'scenario.json' },
    },
  )
  const unbuilt = project.mab('run', '--no-build')
  assert.is(unbuilt.code, 1)
  assert.match(unbuilt.stderr, 'next: run without --no-build')

  script({ ...isDone, answers: answering('latest') })
  const outdated = project.mab('run')
  assert.is(outdated.code, 1)
  assert.match(outdated.stderr, 'hello: the layout for linux/arm64 is not the newest one in its directory')
  assert.match(outdated.stderr, /expected: \S+hello-container-latest-oci points to \S+-20260102000000-oci/)
  assert.match(outdated.stderr, /found: it points to \S+-20260101000000-oci/)
  const [, command] = /run '(ln .*?)'/.exec(outdated.stderr) ?? []
  script({ ...isDone, answers: answering('v2') })
  const asked = project.mab('run', '-v')
  assert.is(asked.code, 0, asked.stderr)
  assert.match(asked.stderr, 'asking where the images are: an image is not where it was')
  assert.match(asked.stdout, /^hello +built/)
  const digest = /sha256:\w+/.exec(asked.stdout)![0]

  // Where that is what is meant, the command that the error gives mends it.
  script({ ...isDone, answers: answering('latest') })
  project.write('build/conf/local.conf', '# asked again')
  assert.is(project.mab('run').code, 1)
  assert.is(spawnSync('sh', ['-c', command!], { cwd: project.directory }).status, 0)
  const mended = project.mab('run')
  assert.is(mended.code, 0, mended.stderr)
  assert.match(mended.stdout, digest)
})

test('an image that is not where it was is asked for again', () => {
  const { project, script } = faked()
  const { directory: layout } = buildLayout({ architecture: 'arm64', reference: 'latest' })
  const deployed = (place: string): Scenario => ({
    deploys: { [arm]: { [`${place}/hello-container-latest-oci`]: layout } },
    answers: { [arm]: { DEPLOY_DIR_IMAGE: project.file('build', place) } },
  })
  script(deployed('one'))
  assert.match(project.mab('run', '-v').stderr, 'build/one/hello-container-latest-oci')
  renameSync(project.file('build/one'), project.file('build/two'))
  script({ ...deployed('two'), ...isDone })
  // The image is the same one, and what is fresh is named with -v only.
  const { code, stderr } = project.mab('run', '-v')
  assert.is(code, 0, stderr)
  assert.match(stderr, 'asking where the images are: an image is not where it was')
  assert.match(stderr, 'build/two/hello-container-latest-oci')
})

test.run()
