/** `mab run` where nothing but BitBake knows where the images are and what they are for. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bitbakes, threeConfig } from '../rig/three-multiconfigs.js'
import { testWith } from '../rig/tools.js'
import { buildLayout } from '../rig/layout-builder.js'
import { asking, type Asking } from './asking.js'
import { makeProject } from './fixture.js'

const test = suite('asking BitBake')

for (const { name, program, missing } of bitbakes) {
  testWith(test, missing, `${name}: multiconfig names and the recipe are enough`, () => {
    const { project, mab, queries } = asking(program)
    const forecast = mab('plan')
    assert.is(forecast.code, 0, forecast.stderr)
    assert.match(forecast.stdout, /merge glibc arm-glibc/)
    assert.not(existsSync(path.join(project.build.directory, 'bitbake.lock')), 'a dry run starts no BitBake')

    const first = mab('run')
    assert.is(first.code, 0, first.stderr)
    assert.match(first.stdout, /glibc +built .*\n.*linux\/arm64, linux\/amd64/)
    assert.match(first.stdout, /musl +built .*\n.*linux\/arm64, linux\/amd64/)
    for (const layout of Object.values(project.layouts))
      assert.match(first.stderr, path.relative(project.directory, layout))
    assert.is(queries(), 1)

    const second = mab('run')
    assert.is(second.code, 0, second.stderr)
    assert.is(queries(), 1)
    assert.match(second.stdout, /glibc +fresh/)

    project.write('build/conf/local.conf', (old) => `${old}# touched\nOCI_IMAGE_TAG:qemux86-64 = "moved"\n`)
    const third = mab('run', '-v')
    assert.is(third.code, 0, third.stderr)
    assert.is(queries(), 2)
    assert.match(third.stderr, 'hello-container-moved-oci')

    project.write('build/conf/site.conf', '')
    assert.is(mab('run').code, 0)
    assert.is(queries(), 2, 'BitBake does not look for site.conf here')
  })
}

for (const { name, program, missing } of bitbakes) {
  testWith(test, missing, `${name}: what it cannot parse, it parses once`, () => {
    const { project, mab } = asking(program)
    project.write('meta-hello/recipes/broken.bb', 'inherit image-oci\nthis is no assignment\n')
    const { code, stderr } = mab('run')
    assert.is(code, 1)
    assert.match(stderr, 'error: BitBake cannot parse meta-hello/recipes/broken.bb:2')
    assert.match(stderr, 'affects: all of glibc arm-glibc, x86; musl arm-musl, x86')
    const logs = path.join(project.directory, '.mab/logs')
    const logged = readdirSync(logs).map((file) => readFileSync(path.join(logs, file), 'utf8'))
    assert.is(logged.join('').match(/Parsing halted due to errors/g)?.length, 1, stderr)
  })
}

testWith(test, bitbakes[0]!.missing, 'a platform that BitBake contradicts is refused before anything is built', () => {
  const { project, mab, configure } = asking(bitbakes[0]!.program)
  const build = { directory: 'build', command: [bitbakes[0]!.program] }
  const wrong = { platform: 'linux/amd64', multiconfig: 'arm-glibc' }
  configure({ build, platforms: { wrong }, targets: { glibc: { recipe: 'hello-container' } } })
  const { code, stderr } = mab('run')
  assert.is(code, 1)
  assert.match(stderr, 'glibc: the config says linux/amd64 for "wrong", and BitBake linux/arm64')
  assert.match(stderr, 'mc:arm-glibc:hello-container: MACHINE qemuarm64, TARGET_ARCH aarch64')
  assert.not(existsSync(path.join(project.build.directory, 'tmp-arm-glibc/stamps')))
})

testWith(test, bitbakes[0]!.missing, 'what the config says is not asked', () => {
  const { project, mab, configure, queries } = asking(bitbakes[0]!.program)
  const build = { directory: 'build', command: [bitbakes[0]!.program] }
  const platforms = {
    aarch64: { multiconfig: 'arm-glibc', deployDirectory: path.dirname(project.layouts['arm-glibc']) },
    x86_64: { multiconfig: 'x86', layout: project.layouts.x86 },
  }
  configure({ build, platforms, targets: { hello: { recipe: 'hello-container' } } })
  const { code, stderr } = mab('run')
  assert.is(code, 0, stderr)
  assert.is(queries(), 0)
})

testWith(test, bitbakes[0]!.missing, 'without a build the last answers serve, and then the conventions', () => {
  const { project, mab } = asking(bitbakes[0]!.program)
  assert.is(mab('run').code, 0)
  assert.is(mab('run', '--no-build').code, 0)
  project.write('build/conf/local.conf', (old) => `${old}# touched\n`)
  const { code, stderr } = mab('run', '--no-build', 'glibc')
  assert.is(code, 1)
  assert.match(stderr, 'build/tmp-x86/deploy/images: no such directory')
  assert.match(readFileSync(path.join(project.directory, '.mab/.gitignore'), 'utf8'), '*')
})

test('a command that cannot be asked is told, and the conventions serve', () => {
  const { directory: layout } = buildLayout({ architecture: 'arm64', reference: 'latest' })
  const command = [process.execPath, path.resolve('test/rig/fake-bitbake.mjs')]
  const hello = { recipe: 'hello-container', platforms: ['aarch64'] }
  const project = makeProject(
    { build: { directory: 'build', command }, targets: { hello } },
    { FAKE_BITBAKE: 'scenario.json' },
  )
  const place = 'tmp-container-aarch64/deploy/images/qemuarm64/hello-container-latest-oci'
  const scenario = { silent: true, deploys: { 'container-aarch64': { [place]: layout } } }
  writeFileSync(project.file('build/scenario.json'), JSON.stringify(scenario))
  const { code, stderr } = project.mab('run')
  assert.is(code, 0, stderr)
  assert.match(stderr, 'BitBake does not say where mc:container-aarch64:hello-container deploys')
})

const { program: bitbake, missing: noBitbake } = bitbakes[0]!

/** The two of arm64 deploy to one place. */
function sharing(): Asking {
  const found = asking(bitbake)
  const conf = 'MACHINE = "qemuarm64"\nTMPDIR = "${TOPDIR}/one"\n'
  for (const name of ['arm-glibc', 'arm-musl']) found.project.write(`meta-hello/conf/multiconfig/${name}.conf`, conf)
  return found
}

testWith(test, noBitbake, 'two multiconfigs that deploy to one place are refused before anything is built', () => {
  const { project, mab, configure } = sharing()
  const refused = mab('run')
  assert.is(refused.code, 1)
  assert.match(
    refused.stderr,
    /mc:arm-glibc:hello-container and mc:arm-musl:hello-container have one TMPDIR \S+\/build\/one and MACHINE qemuarm64/,
  )
  assert.match(refused.stderr, /needed by glibc linux\/arm64; musl linux\/arm64/)
  assert.match(refused.stderr, /next: give each multiconfig of each build directory a TMPDIR of its own/)
  assert.is(refused.stderr.split('error:').length, 2, refused.stderr)
  assert.not(existsSync(path.join(project.build.directory, 'one')), 'nothing is built')

  const { targets } = threeConfig
  configure({
    build: { directory: 'build', command: [bitbake] },
    ...threeConfig,
    targets: { ...targets, x: { recipe: 'hello-container', platforms: ['x86'] } },
  })
  const others = mab('run', '-k')
  assert.is(others.code, 1)
  assert.match(others.stdout, /^x +built/m)
  assert.match(others.stdout, /^glibc +not built/m)

  project.write('meta-hello/conf/multiconfig/arm-musl.conf', 'MACHINE = "qemuarm64"\nTMPDIR = "${TOPDIR}/two"\n')
  assert.is(mab('run').code, 0)
})

testWith(test, noBitbake, 'one multiconfig for two targets is no conflict', () => {
  const { mab, configure } = sharing()
  const { targets } = threeConfig
  configure({
    build: { directory: 'build', command: [bitbake] },
    ...threeConfig,
    targets: { glibc: targets.glibc, again: targets.glibc },
  })
  const ran = mab('run')
  assert.is(ran.code, 0, ran.stderr)
})

testWith(test, noBitbake, "an image that two multiconfigs lead to is nobody's, also where BitBake is not asked", () => {
  const { project, mab, configure } = sharing()
  const { targets, platforms } = threeConfig
  const named = (layout: string): object => ({ platform: 'linux/arm64', layout })
  const configured = (glibc: string, musl: string): void =>
    configure({
      build: { directory: 'build', command: [bitbake] },
      platforms: {
        ...platforms,
        'arm-glibc': { multiconfig: 'arm-glibc', ...named(glibc) },
        'arm-musl': { multiconfig: 'arm-musl', ...named(musl) },
      },
      targets,
    })
  const deployed = 'build/one/deploy/images/qemuarm64'
  configured(`${deployed}/hello-container-latest-oci`, `${deployed}/*-latest-oci`)
  for (const args of [['run'], ['run', '--no-build']]) {
    const ran = mab(...args)
    assert.is(ran.code, 1, ran.stdout)
    assert.match(
      ran.stderr,
      /mc:arm-glibc:hello-container and mc:arm-musl:hello-container have one layout \S+build\/one\/deploy/,
    )
  }
  rmSync(path.join(project.build.directory, 'one'), { recursive: true })
  configured(`${deployed}/hello-container-latest-oci`, `${deployed}/hello-container-latest-oci`)
  assert.is(mab('run').code, 1)
  assert.not(existsSync(path.join(project.build.directory, 'one')), 'nothing is built')
})

testWith(test, noBitbake, 'a deploy directory that was deleted: the command that is told mends it', () => {
  const { project, mab } = asking(bitbake)
  assert.is(mab('run').code, 0)
  const deploy = path.dirname(project.layouts['arm-glibc'])
  rmSync(deploy, { recursive: true })
  const { code, stderr } = mab('run')
  assert.is(code, 1)
  const [, said, command] =
    /next: BitBake takes do_image_complete for done, but the image is not in (\S+): .*?'(rm [^']+)'/.exec(stderr) ?? []
  assert.is(said, deploy, stderr)
  spawnSync('sh', ['-c', command!], { cwd: project.directory })
  const mended = mab('run')
  assert.is(mended.code, 0, mended.stderr)
})

test.run()
