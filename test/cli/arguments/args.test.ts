import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseArguments, type Syntax } from '../../../src/cli/arguments/args.js'
import { optionSpecs, type OptionName, type OptionSpec } from '../../../src/cli/arguments/options.js'
import { problemsOf, valueOf } from '../../config/project.js'

const test = suite('cli/args')

const syntax: Syntax = {
  name: 'run',
  options: ['config', 'platform', 'dry-run', 'jobs', 'no-build', 'format', 'archive', 'progress', 'quiet'],
  operands: 'any',
  format: { choices: ['text', 'json'], help: '' },
}

const good: readonly (readonly [argv: string, operands: readonly string[], options: object])[] = [
  ['', [], {}],
  ['a b', ['a', 'b'], {}],
  ['-n a -q b', ['a', 'b'], { 'dry-run': true, quiet: true }],
  ['-nq', [], { 'dry-run': true, quiet: true }],
  ['--dry-run --no-build', [], { 'dry-run': true, 'no-build': true }],
  ['-c x.ts', [], { config: 'x.ts' }],
  ['-cx.ts', [], { config: 'x.ts' }],
  ['--config=x.ts', [], { config: 'x.ts' }],
  ['-c a.ts --config a.ts -n -n', [], { config: 'a.ts', 'dry-run': true }],
  ['-p arm64', [], { platform: ['arm64'] }],
  ['-p a,b --platform c a', ['a'], { platform: ['a', 'b', 'c'] }],
  ['-p a,,b,', [], { platform: ['a', 'b'] }],
  ['-j4', [], { jobs: '4' }],
  ['--jobs 16', [], { jobs: '16' }],
  ['--format json --progress plain', [], { format: 'json', progress: 'plain' }],
  ['--color never', [], { color: 'never' }],
  ['-h', [], { help: true }],
  ['-V', [], { version: true }],
  ['--archive ./-', [], { archive: './-' }],
  ['-- -n --what', ['-n', '--what'], {}],
]
for (const [argv, operands, options] of good) {
  test(`takes "${argv}"`, () => {
    assert.equal(valueOf(parseArguments(argv.split(' ').filter(Boolean), syntax)), { operands, options })
  })
}

const bad: readonly (readonly [argv: string, message: RegExp, suggestion?: string])[] = [
  ['--dryrun', /^unknown option '--dryrun'$/, '--dry-run'],
  ['--plattform=x', /^unknown option '--plattform'$/, '--platform'],
  ['--whatever', /^unknown option '--whatever'$/],
  ['-x', /^unknown option '-x'$/],
  ['--force', /^unknown option '--force'$/],
  ['--__proto__', /^unknown option '--__proto__'$/],
  ['-c a.ts --config b.ts', /^--config is given twice: "a\.ts" and "b\.ts"$/],
  ['-j 2 -j 3', /^--jobs is given twice: "2" and "3"$/],
  ['-c', /^option '-c, --config <value>' argument missing$/],
  ['-p -n', /^option '-p' argument is ambiguous/],
  ['--no-build=yes', /^option '--no-build' does not take an argument$/],
  ['--platform=', /^--platform names nothing$/],
  ['-p ,', /^--platform names nothing$/],
  ['--archive -', /^--archive - does not write to stdout: name a file/],
  ['-j 0', /^--jobs is a number from 1; found "0"$/],
  ['-j two', /^--jobs is a number from 1; found "two"$/],
  ['-j 1.5', /found "1\.5"$/],
  ['--format jsn', /^--format is text, json; found "jsn"$/, 'json'],
  ['--format dot', /^--format is text, json; found "dot"$/],
  ['--progress plane', /^--progress is auto, tty, plain, json, quiet; found "plane"$/, 'plain'],
  ['--color maybe', /^--color is auto, always, never; found "maybe"$/],
]
for (const [argv, message, suggestion] of bad) {
  test(`refuses "${argv}"`, () => {
    const problems = problemsOf(parseArguments(argv.split(' '), syntax))
    assert.is(problems.length, 1)
    assert.match(problems[0]?.message ?? '', message)
    assert.equal([problems[0]?.code, problems[0]?.command, problems[0]?.suggestion], ['usage', 'run', suggestion])
  })
}

test('a command without operands refuses them all by name', () => {
  const [problem] = problemsOf(parseArguments(['a', '-q', 'b'], { ...syntax, operands: 'none' }))
  assert.is(problem?.message, 'mab run takes no operands; found "a b"')
})

test('a command takes its own options only, and those that all take', () => {
  const bare: Syntax = { name: 'list', options: [], operands: 'none' }
  assert.is(problemsOf(parseArguments(['-n'], bare))[0]?.message, "unknown option '-n'")
  assert.equal(valueOf(parseArguments(['--color=always', '--help'], bare)).options, { color: 'always', help: true })
})

test('no two options share a letter', () => {
  const letters = (Object.keys(optionSpecs) as OptionName[]).flatMap((name) => {
    const { short }: OptionSpec = optionSpecs[name]
    return short === undefined ? [] : [short]
  })
  assert.is(new Set(letters).size, letters.length)
  assert.equal(
    letters.filter((letter) => letter.length !== 1),
    [],
  )
})

test.run()
