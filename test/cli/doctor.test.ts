import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bitbakes, threeConfig, threeMulticonfigs, type ThreeProject } from '../rig/three-multiconfigs.js'
import { fakeBitbake } from '../rig/fake-bitbake.js'
import { testWith } from '../rig/tools.js'
import { helloConfig, mabIn, makeProject, standIn, type Finished } from './fixture.js'

const test = suite('mab doctor')

interface Record {
  readonly check: string
  readonly status: string
  readonly subject?: string
  readonly found: string
  readonly fix?: string
  readonly code?: string
}

interface Report {
  readonly ok: boolean
  readonly findings: readonly Record[]
}

function failures({ stdout }: Finished): Record[] {
  return (JSON.parse(stdout) as Report).findings.filter(({ status }) => status === 'failure')
}

test('says what is well', () => {
  const project = makeProject()
  const { code, stdout, stderr } = project.mab('doctor')
  assert.is(code, 0, stdout + stderr)
  assert.match(stdout, /^ok +node +\d+\./m)
  assert.match(
    stdout,
    /^ok +image hello aarch64 +.*linux\/arm64, in .*tmp-container-aarch64\/deploy\/images\/qemuarm64/m,
  )
  assert.match(stdout, /^ok +program skopeo/m)
  assert.not(existsSync(project.file('build/tmp-container-aarch64')), 'nothing is built')
})

test('build.init is sourced once, by doctor as by run', () => {
  const project = makeProject({ ...helloConfig(), build: { directory: 'build', init: 'init', command: standIn } })
  project.write('init', 'echo sourced >>"$1/../count"\n')
  for (const command of ['doctor', 'run']) {
    rmSync(project.file('count'), { force: true })
    const { code, stdout, stderr } = project.mab(command)
    assert.is(code, 0, stdout + stderr)
    assert.is(readFileSync(project.file('count'), 'utf8'), 'sourced\n', command)
  }
})

test('a broken config is a failure too, and is told with the rest', () => {
  const project = makeProject({ targets: { hello: { recip: 'x' } } })
  const { code, stdout } = project.mab('doctor')
  assert.is(code, 1)
  assert.match(
    stdout,
    /^FAIL config +multiarch\.config\.json: targets\.hello\.recip: unknown key.*did you mean "recipe"/m,
  )
  assert.match(stdout, /^ok +node/m)
})

test('a build directory that is none, and a program that is not there', () => {
  const project = makeProject()
  rmSync(project.file('build/conf'), { recursive: true })
  const [first] = failures(project.mab('doctor', '--format', 'json'))
  assert.equal([first?.check, first?.code], ['set-up', 'not-a-build-directory'])
  assert.match(first?.fix ?? '', 'build.directory')
  const other = makeProject({ ...helloConfig(), build: { directory: 'build', command: ['no-such-bitbake'] } })
  assert.equal(
    failures(other.mab('doctor', '--format', 'json')).map(({ code }) => code),
    ['command-not-found'],
  )
})

const { program, missing } = bitbakes[0]!

function three(targets: object, change: (project: ThreeProject) => void = () => {}): Finished {
  const project = threeMulticonfigs([program])
  change(project)
  const config = { build: { directory: 'build', command: [program] }, ...threeConfig, targets }
  writeFileSync(path.join(project.directory, 'multiarch.config.json'), JSON.stringify(config))
  const finished = mabIn(project.directory, {}, ['doctor', '--format', 'json'])
  assert.not.ok(
    readdirSync(project.build.directory).some((name) => name.startsWith('tmp')),
    'nothing is built',
  )
  return finished
}

testWith(test, missing, 'BitBake says what it does not know', () => {
  const recipe = 'hello-container'
  const targets = { a: { recipe, task: 'image_oic', platforms: ['x86'] } }
  const finished = three(targets)
  assert.is(finished.code, 1)
  assert.equal(
    failures(finished).map(({ code, subject }) => [code, subject]),
    [['unknown-task', 'build']],
  )
  const unknown = three({ a: { recipe, platforms: ['x86'] } }, ({ write }) => {
    write('build/conf/local.conf', 'BBMULTICONFIG = "arm-glibc arm-musl"\n')
  })
  assert.equal(
    failures(unknown).map(({ code }) => code),
    ['unknown-multiconfig'],
  )
})

testWith(test, missing, 'an image that is made in other formats only', () => {
  const made = three({ a: { recipe: 'hello-container', platforms: ['x86'] } }, ({ write }) => {
    write('meta-hello/recipes/hello-container.bb', (old) => `${old}\nIMAGE_FSTYPES = "tar.bz2 ext4"\n`)
  })
  assert.is(made.code, 1)
  assert.equal(
    failures(made).map(({ code, subject }) => [code, subject]),
    [['no-oci-type', 'a x86']],
  )
})

testWith(test, missing, 'what BitBake cannot parse is said by the questions, and no dry run comes after them', () => {
  const both = { a: { recipe: 'hello-container', platforms: ['arm-glibc', 'x86'] } }
  const broken = three(both, ({ write }) => write('meta-hello/recipes/broken.bb', 'this is no assignment\n'))
  const [failure, ...others] = failures(broken)
  assert.equal([failure?.code, others], ['bitbake-failed', []])
  assert.match(JSON.stringify(failure), /cannot parse \S*broken\.bb:1.*-query\.log/)
})

testWith(test, missing, 'two multiconfigs that overwrite each other', () => {
  const both = {
    a: { recipe: 'hello-container', platforms: ['arm-glibc'] },
    b: { recipe: 'hello-container', platforms: ['arm-musl'] },
  }
  const shared = three(both, ({ write }) => {
    const conf = 'MACHINE = "qemuarm64"\nTMPDIR = "${TOPDIR}/one"\n'
    write('meta-hello/conf/multiconfig/arm-glibc.conf', conf)
    write('meta-hello/conf/multiconfig/arm-musl.conf', conf)
  })
  assert.is(shared.code, 1)
  const [failure, ...others] = failures(shared)
  assert.equal(others, [])
  assert.match(failure?.found ?? '', /mc:arm-glibc:hello-container and mc:arm-musl:hello-container have one TMPDIR/)
  const apart = three(both)
  assert.is(apart.code, 0, apart.stdout)
})

testWith(test, missing, 'an image that BitBake takes for built, and that is not where it should be', () => {
  const project = threeMulticonfigs([program])
  const config = { build: { directory: 'build', command: [program] }, ...threeConfig }
  writeFileSync(path.join(project.directory, 'multiarch.config.json'), JSON.stringify(config))
  const doctor = (): Finished => mabIn(project.directory, {}, ['doctor', '--format', 'json'])
  assert.is(mabIn(project.directory, {}, ['run']).code, 0)
  const well = doctor()
  assert.is(well.code, 0, well.stdout)
  const lock = (JSON.parse(well.stdout) as Report).findings.find(({ check }) => check === 'lock')
  assert.match(lock?.found ?? '', /^free/, 'the server of the run is about to end, and none that stays')

  const files = (JSON.parse(well.stdout) as Report).findings.filter(({ check }) => check === 'files')
  assert.equal([files.length, files[0]?.subject], [1, 'every image'], well.stdout)

  rmSync(path.dirname(project.layouts['arm-musl']), { recursive: true })
  const gone = doctor()
  assert.is(gone.code, 1)
  assert.equal(
    failures(gone).map(({ code, subject }) => [code, subject]),
    [['layout-not-found', 'musl arm-musl']],
  )
  assert.match(failures(gone)[0]?.fix ?? '', 'bitbake -c cleansstate mc:arm-musl:hello-container')

  rmSync(path.join(project.build.directory, 'tmp-arm-musl'), { recursive: true })
  assert.is(doctor().code, 0, 'then BitBake makes it again')
})

test('a BitBake that builds, but does not say where to, is a warning', () => {
  const fake = fakeBitbake({ silent: true })
  const config = { ...helloConfig(), build: { directory: 'build', command: fake.build.command } }
  const { code, stdout } = makeProject(config, { FAKE_BITBAKE: fake.environment['FAKE_BITBAKE']! }).mab('doctor')
  assert.is(code, 0, stdout)
  assert.match(
    stdout,
    /^warn image hello aarch64 +BitBake does not say where mc:container-aarch64:hello-container deploys \(.*query\.log\)/m,
  )
})

test('a BitBake that does not start says why', () => {
  const text = "Please make sure locale 'en_US.UTF-8' is available on your system"
  const script = `console.error(${JSON.stringify(text)}); process.exit(1)`
  const project = makeProject({ ...helloConfig(), build: { directory: 'build', command: ['node', '../bitbake.mjs'] } })
  project.write('bitbake.mjs', script)
  const { code, stdout } = project.mab('doctor')
  assert.is(code, 1)
  assert.match(stdout, /^FAIL bitbake build +BitBake needs the locale en_US\.UTF-8, which this machine lacks$/m)
  assert.match(stdout, text)
  assert.match(stdout, "next: make it: 'localedef -i en_US")
  const other = makeProject({ ...helloConfig(), build: { directory: 'build', command: ['no-such-bitbake'] } })
  assert.match(other.mab('doctor').stdout, 'cannot start no-such-bitbake: no such program on PATH')
})

test.run()
