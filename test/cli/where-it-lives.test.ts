/** Real BitBake in the set-ups that people have: a script to source, kas, an initialised shell, a wrapper, several. */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, readdirSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { temporaryDirectory } from '../rig/temp.js'
import { bitbakes, names, threeConfig, threeMulticonfigs, type ThreeProject } from '../rig/three-multiconfigs.js'
import { testWith } from '../rig/tools.js'
import { mabIn, type Finished } from './fixture.js'

const test = suite('where BitBake lives')

/** BITBAKE or the one on PATH, alone in a directory, as `bitbake`. */
function onlyBitbake(program: string): string {
  const directory = temporaryDirectory()
  const found = spawnSync('/bin/sh', ['-c', `command -v "$1"`, 'sh', program], { encoding: 'utf8' }).stdout.trim()
  symlinkSync(found, path.join(directory, 'bitbake'))
  return directory
}

/** `kas`, or the programs of a list as PATH is one. */
const kasPrograms = (process.env['MAB_TEST_KAS'] ?? 'kas').split(path.delimiter)

/** PATH without any BitBake. */
const bare = '/usr/sbin:/usr/bin:/sbin:/bin'

interface Set extends ThreeProject {
  /** Directory of `bitbake`. */
  readonly bin: string
  readonly queries: () => number
  mab(env: Readonly<Record<string, string>>, ...args: readonly string[]): Finished
  configure(build: object, more?: object): void
}

function setUp(program: string): Set {
  const project = threeMulticonfigs([program])
  const bin = path.isAbsolute(program) ? path.dirname(program) : onlyBitbake(program)
  project.write(
    'oe-init-build-env',
    `echo "### Shell environment set up for builds. ###"
BUILDDIR="$(mkdir -p "\${1:-build}/conf" && cd "\${1:-build}" && pwd)"
export BUILDDIR PATH="${bin}:$PATH"
cd "$BUILDDIR"
`,
  )
  const configure = (build: object, more: object = {}): void => {
    const config = { build: { directory: 'build', ...build }, ...threeConfig, ...more }
    project.write('multiarch.config.json', JSON.stringify(config))
  }
  const logs = path.join(project.directory, '.mab/logs')
  const queries = (): number =>
    existsSync(logs) ? readdirSync(logs).filter((name) => /query(-again)?\.log$/.test(name)).length : 0
  return { ...project, bin, configure, queries, mab: (env, ...args) => mabIn(project.directory, env, args) }
}

/** A run that asks, one that does not, and after a change of local.conf one that asks again. */
function threeRuns(
  { mab, queries, layouts, directory }: Set,
  env: Readonly<Record<string, string>>,
  change: () => void,
): void {
  const first = mab(env, 'run')
  assert.is(first.code, 0, first.stderr)
  for (const layout of Object.values(layouts)) assert.match(first.stderr, path.relative(directory, layout))
  assert.is(queries(), 1)
  const second = mab(env, 'run')
  assert.is(second.code, 0, second.stderr)
  assert.is(queries(), 1)
  change()
  const third = mab(env, 'run')
  assert.is(third.code, 0, third.stderr)
  assert.is(queries(), 2, third.stderr)
}

const newLine = (project: Set) => (): void =>
  project.write('build/conf/local.conf', (old) => `${old}OCI_IMAGE_TAG:qemux86-64 = "moved"\n`)

for (const { name, program, missing } of bitbakes) {
  testWith(test, missing, `${name} through build.init`, () => {
    const project = setUp(program)
    project.configure({ init: 'oe-init-build-env' })
    threeRuns(project, { PATH: `${path.dirname(process.execPath)}:${bare}` }, newLine(project))
  })

  testWith(test, missing, `${name} in an initialised shell`, () => {
    const project = setUp(program)
    project.configure({ directory: undefined })
    const { directory, bin } = project
    threeRuns(project, { BUILDDIR: path.join(directory, 'build'), PATH: `${bin}:${bare}` }, newLine(project))
  })

  testWith(test, missing, `${name} through a wrapper`, () => {
    const project = setUp(program)
    project.write('in site', `#!/bin/sh\nPATH="${project.bin}:$PATH"\nexec "$@"\n`)
    chmodSync(path.join(project.directory, 'in site'), 0o755)
    project.configure({ command: ['./in site', 'bitbake'] })
    threeRuns(project, { PATH: bare }, newLine(project))
  })

  for (const kas of kasPrograms) {
    const noKas = spawnSync(kas, ['--version']).status === 0 ? undefined : `${kas} is not installed`
    testWith(test, missing ?? noKas, `${name} through ${kas}`, () => {
      const project = setUp(program)
      const write = (more: string): void => {
        const lines = ['BBMULTICONFIG = "' + names.join(' ') + '"', ...(more === '' ? [] : [more])]
        project.write(
          'kas.yml',
          `header:\n  version: 12\nmachine: qemux86-64\nrepos:\n  this:\n    layers:\n      meta-hello:\nlocal_conf_header:\n  multiconfigs: |\n${lines.map((line) => `    ${line}\n`).join('')}`,
        )
      }
      write('')
      project.configure({ kas: 'kas.yml', command: [kas] })
      threeRuns(project, { KAS_WORK_DIR: project.directory }, () => write('OCI_IMAGE_TAG:qemux86-64 = "moved"'))
    })
  }
}

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
  const { code, stdout, stderr } = project.mab({}, 'run', '-j', '2')
  assert.is(code, 0, stderr)
  assert.match(stdout, /linux\/arm64, linux\/amd64/)
  for (const build of ['build', 'build-other']) {
    assert.match(stderr, new RegExp(`bitbake ${build}: `))
    assert.ok(existsSync(path.join(project.directory, build, 'bitbake-cookerdaemon.log')))
  }
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
