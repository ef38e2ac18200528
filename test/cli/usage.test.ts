import { readFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { makeProject, mabProgram } from './fixture.js'

const test = suite('usage')
const commands = ['run', 'plan', 'verify', 'inspect', 'merge', 'list', 'clean', 'doctor', 'init']

test('the main help lists every command, on stdout when asked for and on stderr with exit 2 when not', () => {
  const { mab } = makeProject()
  const asked = mab('--help')
  assert.is(asked.code, 0)
  const [, listed = ''] = /^Commands:\n((?: {2}.*\n)+)/m.exec(asked.stdout) ?? []
  assert.equal(
    [...listed.matchAll(/^ {2}(\w+) .*? {2}\S/gm)].map(([, name]) => name),
    commands,
  )
  const bare = mab()
  assert.is(bare.code, 2)
  assert.is(bare.stdout, '')
  assert.is(bare.stderr, asked.stdout)
})

for (const command of commands) {
  test(`mab ${command} --help has a description, a meaning for each option, and examples that are right`, () => {
    const { mab } = makeProject()
    const help = mab(command, '--help')
    assert.is(help.code, 0)
    assert.is(mab('help', command).stdout, help.stdout)
    const [, description = '', options = '', examples = ''] =
      /^Usage: mab \w+.*\n\n((?:\S.*\n)+)\nOptions:\n((?: .*\n)+)\nExamples:\n((?: {2}mab .*\n)+)/.exec(help.stdout) ??
      []
    assert.ok(description.length > 0, help.stdout)
    for (const line of options.trimEnd().split('\n')) {
      assert.match(line, /^ {2}(?:-\w, | {4})--[\w-]+(?: [\w:[\]=]+)? {2,}\S/)
    }
    const names = [...options.matchAll(/^ {2}(?:-(\w), | {4})--([\w-]+)/gm)]
    const known = new Set(
      names.flatMap(([, short, name]) => [...(short === undefined ? [] : [`-${short}`]), `--${name}`]),
    )
    assert.ok(known.has('--color') && known.has('-h'))
    for (const [, line = ''] of examples.matchAll(/^ {2}(mab .*?)(?: {2}|$)/gm)) {
      const [program, ...words] = line.split(' | ')[0]!.split(' ')
      assert.equal([program, words[0]], ['mab', command])
      for (const word of words) if (word.startsWith('-')) assert.ok(known.has(word), `${line}: ${word}`)
    }
  })
}

test('the help of an option says what it does for the command at hand', () => {
  const { mab } = makeProject()
  const meaning = (command: string, option: string): string =>
    new RegExp(`^ .*--${option}(?: [A-Z]+)? +(.*)$`, 'm').exec(mab(command, '--help').stdout)?.[1] ?? ''
  assert.match(meaning('run', 'platform'), 'written next to the whole one')
  for (const command of ['plan', 'doctor']) assert.not.match(meaning(command, 'platform'), 'written')
  assert.match(meaning('run', 'force'), 'do everything again')
  assert.match(meaning('plan', 'force'), /^show a run/)
  assert.is(meaning('init', 'force'), 'replace the config that is there')
  assert.match(meaning('clean', 'dry-run'), /^print what would be removed/)
  assert.not.match(meaning('clean', 'dry-run'), 'why')
  assert.match(meaning('clean', 'stale'), /^remove/)
  assert.match(meaning('merge', 'metadata-file'), "the image's digests")
})

test('the version is that of the package', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  assert.is(makeProject().mab('--version').stdout, `${version}\n`)
  assert.is(makeProject().mab('run', '--version').stdout, `${version}\n`)
})

test('wrong usage is exit 2, with what was meant', () => {
  const { mab } = makeProject()
  const cases: [string[], RegExp][] = [
    [['rum'], /unknown command "rum"[^]*did you mean "mab run"/],
    [['--dry-run'], /the command comes first/],
    [['run', '--dryrun'], /unknown option '--dryrun'[^]*did you mean --dry-run\?/],
    [['run', '--jobs', '0'], /--jobs is a number from 1; found "0"/],
    [
      ['run', '--progress', 'plian'],
      /--progress is auto, tty, plain, json, quiet; found "plian"[^]*did you mean plain\?/,
    ],
    [['plan', '--format', 'xml'], /--format is text, json, dot, mermaid/],
    [['list', 'hello'], /takes no operands/],
    [['run', '-p', ','], /--platform names nothing/],
    [['run', 'helo'], /unknown target "helo"[^]*did you mean "hello"\?/],
    [['run', 'hello', '-p', 'riscv64'], /target hello has no platform linux\/riscv64/],
    [['run', '-p', 'riscv64'], /no target has the platform linux\/riscv64/],
    [['run', '-c', 'nothing.ts'], /cannot read the config nothing\.ts/],
  ]
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = mab(...args)
    assert.is(code, 2, args.join(' '))
    assert.match(stderr, message)
    assert.is(stdout, '')
    assert.not.match(stderr, /^ {4}at /m)
  }
})

test('a directory without a config is told what to write', () => {
  const { status, stderr } = spawnSync(process.execPath, [mabProgram, 'run'], { cwd: '/', encoding: 'utf8' })
  assert.is(status, 2)
  assert.match(stderr, /no config in \/ or above[^]*multiarch\.config\.ts/)
})

test('SOURCE_DATE_EPOCH must be a number', () => {
  const { code, stderr } = makeProject(undefined, { SOURCE_DATE_EPOCH: 'yesterday' }).mab('run')
  assert.is(code, 2)
  assert.match(stderr, /SOURCE_DATE_EPOCH is a number of seconds since 1970; found "yesterday"/)
})

test.run()
