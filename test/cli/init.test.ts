import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { temporaryDirectory } from '../rig/temp.js'
import { bitbakes, threeMulticonfigs, type ThreeProject } from '../rig/three-multiconfigs.js'
import { missingTool, testWith } from '../rig/tools.js'
import { mabIn, mabProgram, type Finished } from './fixture.js'

const test = suite('mab init')

/** PATH without any BitBake, and no build directory of the shell's. */
const bare = { PATH: `${path.dirname(process.execPath)}:/usr/sbin:/usr/bin:/sbin:/bin`, BUILDDIR: '' }

interface Started extends ThreeProject {
  init(env: Readonly<Record<string, string>>, ...args: readonly string[]): Finished
  config(): string
}

function project(): Started {
  const three = threeMulticonfigs()
  const file = path.join(three.directory, 'multiarch.config.ts')
  // As the package is found when it is installed.
  mkdirSync(path.join(three.directory, 'node_modules'))
  symlinkSync(process.cwd(), path.join(three.directory, 'node_modules/multiarch-build'))
  return {
    ...three,
    init: (env, ...args) => mabIn(three.directory, { ...bare, ...env }, ['init', ...args]),
    config: () => readFileSync(file, 'utf8'),
  }
}

function listed({ directory }: ThreeProject): { name: string; platforms: string[] }[] {
  const { code, stdout, stderr } = mabIn(directory, {}, ['list', '--format', 'json'])
  assert.is(code, 0, stderr)
  return (JSON.parse(stdout) as { name: string; platforms: string[] }[]).map(({ name, platforms }) => ({
    name,
    platforms,
  }))
}

const multiarchClass = `OCI_MULTIARCH_RECIPE ?= ""
OCI_MULTIARCH_MC[aarch64] ?= "arm-glibc"
OCI_MULTIARCH_MC[x86_64] ?= "nowhere"
`
const multiarchRecipe = `inherit oci-multiarch
OCI_MULTIARCH_RECIPE = "other-container"
OCI_MULTIARCH_PLATFORMS = "x86_64 aarch64"
OCI_MULTIARCH_MC[x86_64] = "x86"
`

/** As meta-virtualization has had it since August 2026: every recipe is skipped that is not a variant. */
const strictClass = `${multiarchClass}
python () {
    if not d.getVar("MCNAME"):
        raise bb.parse.SkipRecipe("requires MCNAME")
}
`
const mcextendClass = `python mcextend_handler () {
    if d.getVar("BBEXTENDCURR") == "mcextend" and d.getVar("BBEXTENDVARIANT"):
        d.setVar("MCNAME", d.getVar("BBEXTENDVARIANT"))
        d.setVar("PN", d.getVar("PN", False) + "-" + d.getVar("BBEXTENDVARIANT"))
}
addhandler mcextend_handler
mcextend_handler[eventmask] = "bb.event.RecipePreFinalise"
`
/** As container-image-multiarch.bb of meta-virtualization. */
const variantsRecipe = `CONTAINER_IMAGES ?= "\\
    hello-container \\
    other-container \\
"
inherit oci-multiarch
BBCLASSEXTEND = "\${@' '.join(['mcextend:'+x for x in d.getVar('CONTAINER_IMAGES').split()])}"
OCI_MULTIARCH_RECIPE = "\${MCNAME}"
OCI_MULTIARCH_PLATFORMS = "aarch64 x86_64"
OCI_MULTIARCH_MC[x86_64] = "x86"
`

function withVariants(one: Started): Started {
  one.write('meta-hello/classes/oci-multiarch.bbclass', strictClass)
  one.write('meta-hello/classes/mcextend.bbclass', mcextendClass)
  one.write('meta-hello/recipes/container-image-multiarch.bb', variantsRecipe)
  return one
}

test('without BitBake each mcextend variant of oci-multiarch is a target', () => {
  const one = withVariants(project())
  one.write(
    'meta-hello/recipes/literal.bb',
    variantsRecipe.replace(/^BBCLASSEXTEND.*/m, 'BBCLASSEXTEND = "mcextend:a"'),
  )
  const { code, stderr } = one.init({}, '--yes')
  assert.is(code, 0, stderr)
  const platforms = ['linux/arm64', 'linux/amd64']
  assert.equal(listed(one), [
    { name: 'container-image-multiarch-hello-container', platforms },
    { name: 'container-image-multiarch-other-container', platforms },
    { name: 'literal-a', platforms },
  ])
  assert.match(one.config(), "recipe: 'hello-container',")
  one.write('build/conf/local.conf', (old) => `${old}CONTAINER_IMAGES = "mine"\nCONTAINER_IMAGES:append = " more"\n`)
  assert.is(one.init({}, '--yes', '--force').code, 0)
  assert.match(one.config(), "'container-image-multiarch-mine': {")
  assert.match(one.config(), "'container-image-multiarch-more': {")
  assert.not.match(one.config(), 'container-image-multiarch-hello-container')
})

/** Each config that comes of taking what is proposed in a comment. */
function proposals(text: string): string[] {
  const proposed = /^( *)\/\/ (sources|output|kas): (.*)$/gm
  const all = text.replaceAll(proposed, (line, space, key, rest) => (key === 'kas' ? line : `${space}${key}: ${rest}`))
  const others = [...text.matchAll(proposed)].filter(([, , key]) => key === 'kas')
  const byKas = others.map(([, , , rest]) =>
    all.replace(/^ *(?:init|kas): .*$/m, '').replace('build: {', `build: { kas: ${rest!.split(' //')[0]}`),
  )
  return [all, ...byKas]
}

test('everything that is proposed in a comment is taken by mab as it is', () => {
  const one = project()
  const beside = temporaryDirectory()
  one.write('build/conf/bblayers.conf', (old) => `${old}BBLAYERS += "${beside}/meta [a] (b) /opt/acme/meta-far"\n`)
  one.write('build/conf/bblayers.conf', (old) => old.replace('meta [a] (b)', 'meta-[a](b)'))
  one.write('conf/layer.conf', '')
  one.write('oe-init-build-env', '')
  for (const name of ['one', 'two']) one.write(`${name}.yml`, 'header:\n  version: 12\n')
  const check = (): void => {
    const text = one.config()
    for (const [position, config] of proposals(text).entries()) {
      writeFileSync(path.join(one.directory, 'multiarch.config.ts'), config)
      const { code, stderr } = mabIn(one.directory, {}, ['plan'])
      assert.is(code, 0, `${position}: ${stderr}\n${config}`)
    }
  }
  const first = one.init({}, '--yes')
  assert.is(first.code, 0, first.stderr)
  for (const pattern of [
    '**',
    '/opt/acme/meta-far/**',
    String.raw`../${path.basename(beside)}/meta-\\[a\\]\\(b\\)/**`,
    '!build/!(conf){,/**}',
    '!deploy/**',
  ]) {
    assert.match(one.config(), `'${pattern}'`)
  }
  assert.is(proposals(one.config()).length, 3)
  check()
  rmSync(path.join(one.directory, 'build'), { recursive: true })
  one.write('one.yml', (old) => `${old}target:\n  - mc:x86:hello-container\n`)
  assert.is(one.init({}, '--yes', '--force').code, 0)
  assert.is(proposals(one.config()).length, 2)
  check()
})

test('what cannot be understood is left out with the reason, and the rest is written', () => {
  const one = project()
  one.write('meta-hello/recipes/open-multiarch.bb', multiarchRecipe.replace('other-container', '${WHICH}'))
  one.write(
    'meta-hello/recipes/unset-multiarch.bb',
    'inherit oci-multiarch\nOCI_MULTIARCH_RECIPE = "hello-container"\n',
  )
  one.write('meta-hello/recipes/odd-multiarch.bb', multiarchRecipe.replaceAll('x86_64', '(x86'))
  one.write('meta-hello/recipes/odd,name.bb', 'inherit image-oci\n')
  one.write('build/conf/local.conf', 'BBMULTICONFIG = "arm-glibc 2nd x86"\n')
  const { code, stdout, stderr } = one.init({}, '--yes')
  assert.is(code, 0, stderr)
  assert.match(
    stderr,
    'left out: open-multiarch: OCI_MULTIARCH_RECIPE is "${WHICH}", which only BitBake can expand\n' +
      'left out: unset-multiarch: OCI_MULTIARCH_PLATFORMS is not set\n',
  )
  assert.match(stderr, /^left out: .*odd,name: expected a name of letters/m)
  assert.match(stderr, /^left out: 2nd: multiconfig: expected a name as BBMULTICONFIG has them/m)
  assert.match(stdout, 'hello-container')
  assert.is(mabIn(one.directory, {}, ['list']).code, 0)
  const named = one.init({}, '--yes', '--force', 'no,name')
  assert.is(named.code, 2, named.stderr)
  assert.match(named.stderr, 'targets["no,name"]')
})

test("bitbake-setup's script of the build directory is taken before another one that lies about", () => {
  const one = project()
  one.write('layers/oe-init-build-env', 'export BUILDDIR=$1\n')
  assert.is(one.init({}, '--yes').code, 0)
  assert.match(one.config(), "init: 'layers/oe-init-build-env'")
  one.write(
    'build/init-build-env',
    `cd ${one.directory}/layers\nset ${one.directory}/build\n. ./oe-init-build-env\nset --\n`,
  )
  const { code, stderr } = one.init({}, '--yes', '--force')
  assert.is(code, 0, stderr)
  assert.match(one.config(), "init: 'build/init-build-env'")
})

test('without BitBake it reads what is there, and the config that it writes holds', () => {
  const one = project()
  one.write('meta-hello/classes/oci-multiarch.bbclass', multiarchClass)
  one.write('meta-hello/recipes/other-multiarch.bb', multiarchRecipe)
  one.write('meta-hello/recipes/fs.bb', 'IMAGE_FSTYPES += "tar oci"\n')
  one.write('meta-hello/conf/multiconfig/arm-musl.conf', 'MACHINE = "board-x"\n')
  const { code, stdout, stderr } = one.init({}, '--yes')
  assert.is(code, 0, stderr)
  assert.is(stdout, 'multiarch.config.ts: fs, hello-container, other-multiarch\n')
  assert.match(stderr, 'reading files instead')
  assert.match(one.config(), '// MACHINE board-x; BitBake knows what board-x is')
  assert.match(
    one.config(),
    /\/\/ Replaces the recipe of this name \(oci-multiarch\)\.\n +'other-multiarch': \{\n +recipe: 'other-container',/,
  )
  assert.match(one.config(), "// sources: ['meta-hello/**', 'build/conf/**'],")
  assert.equal(listed(one), [
    { name: 'fs', platforms: ['linux/arm64', 'arm-musl', 'linux/amd64'] },
    { name: 'hello-container', platforms: ['linux/arm64', 'arm-musl', 'linux/amd64'] },
    { name: 'other-multiarch', platforms: ['linux/amd64', 'linux/arm64'] },
  ])
})

test('of kas files, the one that includes the others, and the multiconfigs of all', () => {
  const one = project()
  rmSync(path.join(one.directory, 'build'), { recursive: true })
  const header = (...more: string[]): string => ['header:', '  version: 12', ...more, ''].join('\n')
  one.write('base.yml', `${header()}local_conf_header:\n  mc: |\n    BBMULTICONFIG = "arm-glibc \\\n      arm-musl"\n`)
  one.write('kas/more.yml', `${header()}target:\n  - mc:x86:hello-container\n  - hello-container\n`)
  one.write(
    'product.yml',
    header(
      '  includes:',
      '    - base.yml  # of all',
      '    - repo: other',
      '      file: product.yml',
      '    - kas/more.yml',
    ),
  )
  const { code, stderr } = one.init({}, '--yes')
  assert.is(code, 0, stderr)
  assert.match(one.config(), "kas: 'product.yml',")
  assert.match(one.config(), "// kas: 'base.yml', // instead of the other: kas sets BitBake up")
  assert.equal(listed(one), [{ name: 'hello-container', platforms: ['linux/arm64', 'linux/amd64'] }])
  assert.match(one.config(), '// Makes an OCI image. Without arm-musl: an image holds each platform once.')
  assert.match(one.config(), "multiconfig: 'arm-musl'")
})

test('nothing is overwritten without --force', () => {
  const one = project()
  writeFileSync(path.join(one.directory, 'multiarch.config.ts'), 'mine')
  const { code, stderr } = one.init({}, '--yes')
  assert.is(code, 2)
  assert.match(stderr, 'multiarch.config.ts is there already')
  assert.is(one.config(), 'mine')
  assert.is(one.init({}, '--yes', '--force').code, 0)
  assert.match(one.config(), 'hello-container')
})

test('kas, a set-up script, and nothing at all', () => {
  const one = project()
  one.write('poky/oe-init-build-env', '')
  assert.is(one.init({}, '--yes').code, 0)
  assert.match(one.config(), "init: 'poky/oe-init-build-env'")
  rmSync(path.join(one.directory, 'poky'), { recursive: true })
  rmSync(path.join(one.directory, 'build'), { recursive: true })
  one.write('kas.yml', 'header:\n  version: 12\n')
  const named = one.init({}, '--yes', '--force')
  assert.is(named.code, 2)
  assert.match(named.stderr, 'no multiconfig was found: set BBMULTICONFIG in kas.yml')
  rmSync(path.join(one.directory, 'kas.yml'))
  const nothing = one.init({}, '--yes', '--force')
  assert.is(nothing.code, 2)
  assert.match(nothing.stderr, 'there is no build directory')
})

test('without a terminal it wants --yes', () => {
  const one = project()
  const { code, stderr } = one.init({})
  assert.is(code, 2)
  assert.match(stderr, '--yes writes the config without asking')
  assert.not(existsSync(path.join(one.directory, 'multiarch.config.ts')))
})

testWith(test, missingTool('script'), 'in a terminal it shows the config and asks', () => {
  const one = project()
  const answer = (text: string): string => {
    const command = `${process.execPath} ${mabProgram} init`
    const options = { cwd: one.directory, env: { ...process.env, ...bare }, input: text, encoding: 'utf8' } as const
    return spawnSync('script', ['-qec', command, '/dev/null'], options).stdout
  }
  assert.match(answer('n\n'), 'nothing was written')
  assert.not(existsSync(path.join(one.directory, 'multiarch.config.ts')))
  assert.match(answer('\n'), 'write this to multiarch.config.ts?')
  assert.match(one.config(), 'hello-container')
})

for (const { name, program, missing } of bitbakes) {
  testWith(test, missing, `${name} is asked, and builds what was written`, () => {
    const one = project()
    one.write('meta-hello/classes/oci-multiarch.bbclass', multiarchClass)
    one.write('meta-hello/recipes/other-multiarch.bb', multiarchRecipe.replace('other-container', 'hello-container'))
    one.write('meta-hello/conf/multiconfig/more.inc', 'MACHINE = "qemuarm64"\n')
    one.write('meta-hello/conf/multiconfig/arm-glibc.conf', (old) =>
      old.replace(/MACHINE.*\n/, 'require conf/multiconfig/more.inc\n'),
    )
    const bin = path.isAbsolute(program) ? path.dirname(program) : temporaryDirectory()
    const env = { PATH: path.isAbsolute(program) ? `${bin}:${bare.PATH}` : process.env['PATH']! }
    const { code, stderr } = one.init(env, '--yes')
    assert.is(code, 0, stderr)
    assert.match(one.config(), 'from what BitBake says')
    assert.match(one.config(), "// sources: ['meta-hello/**', 'build/conf/**'],")
    assert.equal(listed(one), [{ name: 'other-multiarch', platforms: ['linux/amd64', 'linux/arm64'] }])
    const ran = mabIn(one.directory, env, ['run'])
    assert.is(ran.code, 0, ran.stderr)
  })
}

for (const { name, program, missing } of bitbakes) {
  const wrapper = path.isAbsolute(program) ? undefined : 'what is on PATH may be a wrapper'
  testWith(
    test,
    missing ?? wrapper,
    `${name} knows the mcextend variants, and what it skips or does not know is reported`,
    () => {
      const one = withVariants(project())
      const recipe = multiarchRecipe.replace('other-container', 'hello-container')
      one.write('meta-hello/recipes/base-multiarch.bb', recipe)
      one.write('meta-hello/recipes/masked-multiarch.bb', recipe)
      one.write('build/conf/local.conf', (old) => `${old}BBMASK = "masked-"\nCONTAINER_IMAGES = "hello-container"\n`)
      const searchPath = `${path.dirname(program)}:${bare.PATH}`
      const { code, stderr } = one.init({ PATH: searchPath }, '--yes')
      assert.is(code, 0, stderr)
      assert.match(one.config(), 'from what BitBake says')
      const platforms = ['linux/arm64', 'linux/amd64']
      assert.equal(listed(one), [{ name: 'container-image-multiarch-hello-container', platforms }])
      assert.match(
        stderr,
        'left out: base-multiarch: BitBake skips it (requires MCNAME), ' +
          'and container-image-multiarch-hello-container combines the same images\n',
      )
      assert.match(stderr, 'left out: masked-multiarch: BitBake does not know the recipe (BBMASK')
      rmSync(path.join(one.directory, 'meta-hello/recipes/container-image-multiarch.bb'))
      const skipped = one.init({ PATH: searchPath }, '--yes', '--force')
      assert.is(skipped.code, 0, skipped.stderr)
      assert.equal(
        listed(one),
        [{ name: 'base-multiarch', platforms: platforms.toReversed() }],
        'a skipped recipe says which images belong together',
      )
    },
  )

  testWith(test, missing ?? wrapper, `${name} says how far it has parsed, and what it cannot parse`, () => {
    const one = project()
    const env = { PATH: `${path.dirname(program)}:${bare.PATH}` }
    const whole = one.init(env, '--yes')
    assert.match(whole.stderr, /^parsing recipes: (\d+) of \1$/m)
    one.write('meta-hello/recipes/broken.bb', 'inherit image-oci\nthis is no assignment\n')
    const { code, stderr } = one.init(env, '--yes', '--force')
    assert.is(code, 0, stderr)
    assert.match(stderr, /reading files instead\n {2}ParseError at \S+\/broken\.bb:2: unparsed line: [^\n]*\nnext: /)
  })
}

const kasMissing = spawnSync('kas', ['--version']).status === 0 ? undefined : 'kas is not installed'

/** kas brings a BitBake of its own, with its library beside it; a wrapper cannot stand for that. */
function wholeBitbake(): { readonly directory: string; readonly missing: string | undefined } {
  const { program, missing } = bitbakes[0]!
  if (missing !== undefined) return { directory: '', missing }
  const found = spawnSync('/bin/sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).stdout.trim()
  const directory = path.dirname(realpathSync(found))
  const isWhole = existsSync(path.join(directory, '../lib/bb/tinfoil.py'))
  return { directory, missing: isWhole ? undefined : `${program} is a wrapper, without BitBake's library beside it` }
}

function kasProject(layer: string): ReturnType<typeof project> {
  const one = project()
  rmSync(path.join(one.directory, 'build'), { recursive: true })
  const targets = ['arm-glibc', 'x86'].map((name) => `  - mc:${name}:hello-container\n`).join('')
  const header = 'header:\n  version: 11\nmachine: qemux86-64\n'
  one.write('kas.yml', `${header}target:\n${targets}repos:\n  this:\n    layers:\n      ${layer}:\n`)
  return one
}

testWith(
  test,
  bitbakes[0]!.missing ?? kasMissing,
  'kas that cannot be asked is told, and leaves nothing behind',
  () => {
    const one = kasProject('no-such-layer')
    one.write('poky/oe-init-build-env', 'exit 1\n')
    const failed = one.init({ PATH: process.env['PATH']!, KAS_WORK_DIR: one.directory }, '--yes')
    assert.is(failed.code, 0)
    assert.match(failed.stderr, /reading files instead\n {2}.*\S/)
    assert.equal(listed(one), [{ name: 'hello-container', platforms: ['linux/arm64', 'linux/amd64'] }])
    assert.not(existsSync(path.join(one.directory, 'build')), 'nothing is left behind')
  },
)

const whole = wholeBitbake()
testWith(test, whole.missing ?? kasMissing, 'kas is asked where it has made no build directory yet', () => {
  const one = kasProject('meta-hello')
  const env = { PATH: process.env['PATH']!, KAS_WORK_DIR: one.directory }
  const setUp = `mkdir -p "$1/conf"; cd "$1"; export BUILDDIR="$PWD" PATH="${whole.directory}:$PATH"\n`
  one.write('oe-init-build-env', setUp)
  const named = one.init(env, 'helo-container', '--yes')
  assert.is(named.code, 0, named.stderr)
  assert.match(named.stderr, 'BitBake knows no recipe "helo-container": did you mean "hello-container"?')
  assert.match(one.config(), 'Named on the command line. BitBake knows no recipe of this name.')
  assert.match(one.config(), /from what BitBake says[^]*kas: 'kas\.yml',[^]*platform: 'linux\/arm64'/)
  assert.is(one.init(env, '--yes', '--force').code, 0)
  assert.match(one.config(), "// kas: 'kas.yml', // instead of `init`: kas sets BitBake up")
})

test.run()
