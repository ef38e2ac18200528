/** What BitBake is started with: words that a shell would take apart, in every place where there is one. */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { prepareBuild, type PreparedBuild } from '../../../src/bitbake/process/prepare.js'
import type { Build } from '../../../src/targets/target.js'
import type { BitbakeProblem } from '../../../src/problem/bitbake-problem.js'
import { quote } from '../../../src/util/shell.js'
import { temporaryDirectory } from '../../rig/temp.js'
import { isAlive, until } from '../calls.js'

const test = suite('prepare')

const awkward = [
  `a b`,
  `it's`,
  `"quoted"`,
  '$HOME `id` $(id)',
  'two\nlines',
  '',
  '*',
  String.raw`back\slash`,
  '-n',
  '!x',
]

function place(more: Partial<Build> = {}): Build {
  const root = temporaryDirectory()
  mkdirSync(path.join(root, 'build'))
  return { directory: path.join(root, 'build'), command: ['bitbake'], args: [], environment: {}, ...more }
}

async function prepared(build: Build, environment = process.env): Promise<PreparedBuild> {
  const result = await prepareBuild(build, environment, new AbortController().signal)
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return result.value
}

async function refused(build: Build): Promise<BitbakeProblem> {
  const result = await prepareBuild(build, process.env, new AbortController().signal)
  if (result.ok) throw new Error('it was prepared')
  return result.problems[0]!
}

interface Seen {
  readonly args: readonly string[]
  readonly passed: string
  readonly value: string
}

/** A program that writes its arguments and two variables to a file. */
function recorder(): { program: string; seen(): Seen } {
  const directory = path.join(temporaryDirectory(), `it's a "dir" with $HOME`)
  mkdirSync(directory)
  const [program, file] = [path.join(directory, 'bitbake'), path.join(directory, 'seen')]
  const what =
    '{ args: process.argv.slice(2), passed: process.env.BB_ENV_PASSTHROUGH_ADDITIONS, value: process.env.VALUE }'
  const script = `require('node:fs').writeFileSync(${JSON.stringify(file)}, JSON.stringify(${what}))`
  writeFileSync(program, `#!${process.execPath}\n${script}\n`)
  chmodSync(program, 0o755)
  return { program, seen: () => JSON.parse(readFileSync(file, 'utf8')) as Seen }
}

function start({ cwd, variables, bitbake }: PreparedBuild, args: readonly string[]): void {
  const [program, ...rest] = bitbake(args)
  const { status, stderr } = spawnSync(program!, rest, { cwd, env: { ...variables }, encoding: 'utf8' })
  assert.is(status, 0, stderr)
}

test('a quoted word is one word again to a shell', () => {
  const { stdout } = spawnSync('/bin/sh', ['-c', `printf '%s\\0' ${awkward.map(quote).join(' ')}`], {
    encoding: 'utf8',
  })
  assert.equal(stdout.split('\0').slice(0, -1), awkward)
})

test('without a shell every argument arrives as it is', async () => {
  const { program, seen } = recorder()
  const environment = { VALUE: awkward.join('|') }
  start(await prepared(place({ command: ['env', program], args: ['x y'], environment })), awkward)
  assert.equal(seen(), { args: ['x y', ...awkward], passed: 'VALUE', value: awkward.join('|') })
})

/** As kas does: a clean environment, and the command to the user's shell. */
const pretendedKas = `#!/bin/sh
[ "$1" = shell ] && [ "$3" = -c ] || exit 9
printf '%s\\n' "$2" "$KAS_BUILD_DIR" "$PWD" >"$KAS_BUILD_DIR/kas-saw"
exec env -i PATH="$PATH" BB_ENV_PASSTHROUGH_ADDITIONS="DL_DIR" "$SHELL" -c "$4"
`

test('through kas as well', async () => {
  const { program, seen } = recorder()
  const cwd = temporaryDirectory()
  writeFileSync(path.join(cwd, 'kas'), pretendedKas)
  chmodSync(path.join(cwd, 'kas'), 0o755)
  const kas = { config: 'a.yml:b.yml', cwd }
  const build = place({
    command: [path.join(cwd, 'kas')],
    args: ['x y'],
    environment: { VALUE: awkward.join('|') },
    kas,
  })
  const environment = {
    PATH: `${path.dirname(program)}:${process.env['PATH']}`,
    SHELL: '/usr/bin/fish',
    CI_JOB_TOKEN: 'x',
  }
  const ready = await prepared(build, environment)
  start(ready, awkward)
  assert.equal(seen(), { args: ['x y', ...awkward], passed: 'DL_DIR VALUE', value: awkward.join('|') })
  assert.is(readFileSync(path.join(build.directory, 'kas-saw'), 'utf8'), `a.yml:b.yml\n${build.directory}\n${cwd}\n`)
  assert.is(ready.variables['CI_JOB_TOKEN'], 'x', 'kas fetches with it, and keeps it to itself')
})

function withScript(text: string, args: readonly string[] = []): Build {
  const cwd = path.join(temporaryDirectory(), `a "b" $c 'd'\ne`)
  mkdirSync(cwd)
  const script = path.join(cwd, `oe init's $env`)
  writeFileSync(script, text)
  return place({ init: { script, args, cwd } })
}

test('a script is sourced with its arguments, quietly', async () => {
  const build = withScript(
    'echo a banner; printf "%s\\0" "$@" >seen; SECRET_TOKEN=x; export MADE="two\nlines" SECRET_TOKEN\n' +
      'export BB_ENV_PASSTHROUGH_ADDITIONS="MADE MACHINE"; cd /\n',
    awkward,
  )
  const { cwd } = build.init!
  const first = await prepared(build)
  assert.is(readFileSync(path.join(cwd, 'seen'), 'utf8'), awkward.map((word) => `${word}\0`).join(''))
  assert.is(first.variables['MADE'], 'two\nlines')
  assert.is(first.variables['BB_ENV_PASSTHROUGH_ADDITIONS'], 'MADE MACHINE')
  assert.equal(first.withheld, ['SECRET_TOKEN'])
  assert.is(first.cwd, build.directory)
})

test('a script that fails, or sets up another directory, is a problem', async () => {
  const failing = await refused(withScript('echo no bitbake here >&2; return 3\n'))
  assert.equal(failing.code === 'init-failed' && failing.found, 'exit code 3\nno bitbake here')
  const other = await refused(withScript('export BUILDDIR=/elsewhere\n'))
  assert.match(other.code === 'init-failed' ? other.found : '', /^it sets up \/elsewhere, and the config's/)
  const missing = await refused(place({ init: { script: '/no/such/script', args: [], cwd: '/' } }))
  assert.match(missing.code === 'init-failed' ? missing.found : '', /found: no such file/)
  const directory = await refused(place({ init: { script: temporaryDirectory(), args: [], cwd: '/' } }))
  assert.match(directory.code === 'init-failed' ? directory.found : '', /found: a directory/)
  assert.not(existsSync('/elsewhere'))
})

test('a script that ends the shell is a problem: nobody could see what it made', async () => {
  for (const ending of ['exit 0', 'exec true']) {
    const problem = await refused(withScript(`export BUILDDIR="$1"; echo almost done\n${ending}\n`))
    const found = problem.code === 'init-failed' ? problem.found : ''
    assert.is(found, 'it ends the shell: a script that is sourced must not call `exit` or `exec`\nalmost done')
  }
})

test('a script may change all that a shell knows', async () => {
  const changes = [
    'unset PATH',
    'set -eu',
    'set -a; before=; status=; script=; bitbake=; env=',
    'IFS=0123456789',
    'set -f; cd /; set -- x y z',
    'read -r answer; read -r another; true',
    'i=0; while [ $i -lt 20000 ]; do echo "line $i of a long story"; i=$((i + 1)); done',
    'exec >/dev/null',
    'env() { echo a function; }',
  ]
  for (const change of changes) {
    const ready = await prepared(withScript(`${change}\nexport MADE="two\nlines"\n`))
    assert.is(ready.variables['MADE'], 'two\nlines', change)
  }
})

test('what a script leaves running in the background is not waited for', async () => {
  const build = withScript('sleep 300 &\nexport LEFT=$!\n')
  const ready = await prepared(build)
  const left = Number(ready.variables['LEFT'])
  assert.ok(process.kill(left, 0), 'it runs')
  process.kill(left)
})

test('a script that hangs ends with the run, and so does what it has started', async () => {
  const build = withScript('echo $$ >pid; sleep 300 & echo $! >>pid; echo waiting >&2; wait\n')
  const pids = path.join(build.init!.cwd, 'pid')
  const stop = new AbortController()
  const result = prepareBuild(build, process.env, stop.signal)
  await until('it hangs', () => existsSync(pids) && readFileSync(pids, 'utf8').split('\n').length > 2)
  stop.abort()
  const { ok } = await result
  assert.not(ok)
  for (const pid of readFileSync(pids, 'utf8').trim().split('\n')) {
    await until('it is gone', () => !isAlive(Number(pid)))
  }
})

test('a script whose last command is false, though it set up what is needed', async () => {
  const { program } = recorder()
  const bin = path.dirname(program)
  const build = withScript(`PATH="$BIN:$PATH" BUILDDIR="$1"; export PATH BUILDDIR; [ -n "" ] && echo never\n`)
  const args = [build.directory]
  const ready = await prepared({ ...build, environment: { BIN: bin }, init: { ...build.init!, args } })
  assert.is(ready.variables['BUILDDIR'], build.directory)
  const without = withScript(`export BUILDDIR="$1"; echo half a set-up >&2; [ -n "" ] && echo never\n`)
  const lacking = { ...without, command: ['no-such-bitbake'], init: { ...without.init!, args: [without.directory] } }
  const problem = await refused(lacking)
  assert.equal(problem.code === 'init-failed' && problem.found, 'exit code 1\nhalf a set-up')
  const initialised = { ...process.env, BUILDDIR: build.directory, PATH: `${bin}:${process.env['PATH']}` }
  const result = await prepareBuild(
    { ...build, init: { ...build.init!, script: '/no/such/script' } },
    initialised,
    new AbortController().signal,
  )
  assert.not(result.ok, 'what was set up before does not count')
})

test("a BitBake that is named by its path finds its own programs before another's", async () => {
  const { program } = recorder()
  const bin = path.dirname(program)
  const alone = await prepared(place({ command: [program] }), { PATH: '/usr/bin' })
  assert.is(alone.variables['PATH'], '/usr/bin', 'a script of that name')
  writeFileSync(path.join(bin, 'bitbake-worker'), '')
  const linked = path.join(temporaryDirectory(), 'bitbake')
  symlinkSync(program, linked)
  for (const command of [program, linked]) {
    const { variables } = await prepared(place({ command: [command] }), { PATH: '/usr/bin' })
    assert.is(variables['PATH'], `${bin}:/usr/bin`)
  }
})

test.run()
