import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { validateConfig } from '../../src/config/validate.js'
import { configOf, problemsOf } from './project.js'

const test = suite('config/validate')

const file = '/project/multiarch.config.ts'

interface Found {
  readonly path: string
  readonly message: string
  readonly suggestion: string | undefined
}

function problemsIn(raw: unknown): Found[] {
  return problemsOf(validateConfig(raw, file)).map((problem) => {
    if (problem.code !== 'config-invalid') throw new Error(problem.code)
    assert.is(problem.file, file)
    return { path: problem.path.join('.'), message: problem.message, suggestion: problem.suggestion }
  })
}

const hello = { hello: {} }

test('fills in the documented defaults', () => {
  const { build, platforms, targets } = configOf({ targets: hello })
  assert.equal(build, { args: [], environment: {}, acceptErrors: [] })
  assert.equal(platforms, {})
  assert.equal(targets, {
    hello: {
      task: 'image_complete',
      manual: false,
      allowAbsentLayers: 'none',
      verify: { allowForeign: [] },
      output: {
        format: 'nested',
        references: [],
        annotations: {},
        mediaTypes: 'oci',
        attestations: 'drop',
        link: 'auto',
      },
    },
  })
})

const misspelt: readonly (readonly [path: string, meant: string, raw: unknown])[] = [
  ['target', 'targets', { target: {}, targets: hello }],
  ['plattforms', 'platforms', { plattforms: {}, targets: hello }],
  ['build.directroy', 'directory', { build: { directroy: 'b' }, targets: hello }],
  ['platforms.a.multi-config', 'multiconfig', { platforms: { a: { 'multi-config': '' } }, targets: hello }],
  ['platforms.a.source.pth', 'path', { platforms: { a: { source: { kind: 'layout', pth: 'x' } } }, targets: hello }],
  ['targets.hello.recipes', 'recipe', { targets: { hello: { recipes: 'x' } } }],
  ['targets.hello.platform', 'platforms', { targets: { hello: { platform: 'x' } } }],
  ['targets.hello.output.Format', 'format', { targets: { hello: { output: { Format: 'flat' } } } }],
]
for (const [path, meant, raw] of misspelt) {
  test(`unknown key ${path}`, () => {
    const found = problemsIn(raw).find((problem) => problem.path === path)
    assert.equal(found, { path, message: 'unknown key', suggestion: meant })
  })
}

test('an unknown key that is like no other tells which there are', () => {
  assert.equal(problemsIn({ targets: { hello: { output: { qqqqqq: 1 } } } }), [
    {
      path: 'targets.hello.output.qqqqqq',
      message:
        'unknown key; known keys: directory, format, reference, references, name, annotations, mediaTypes, attestations, archive, link',
      suggestion: undefined,
    },
  ])
})

const circular: Record<string, unknown> = {}
circular['self'] = circular

const wrong: readonly (readonly [raw: unknown, path: string, message: RegExp, suggestion?: string])[] = [
  [undefined, '', /^expected an object, found nothing$/],
  [null, '', /^expected an object, found null$/],
  ['text', '', /^expected an object, found "text"$/],
  [[], '', /^expected an object, found \[\]$/],
  [{}, 'targets', /^expected an object, found nothing$/],
  [{ targets: {} }, 'targets', /^expected at least one target$/],
  [{ targets: [] }, 'targets', /^expected an object, found \[\]$/],
  [{ targets: hello, build: 'b' }, 'build', /^expected an object, found "b"$/],
  [{ targets: hello, build: { command: 'bitbake -R x' } }, 'build.command', /^expected a list, found "bitbake -R x"$/],
  [{ targets: hello, build: { command: [] } }, 'build.command', /^expected at least one entry$/],
  [{ targets: hello, build: { directory: '' } }, 'build.directory', /^expected at least one character$/],
  [
    { targets: hello, build: { acceptErrors: ['  error  '] } },
    'build.acceptErrors.0',
    /^expected at least 10 characters/,
  ],
  [{ targets: hello, build: { acceptErrors: ['two\nlines of text'] } }, 'build.acceptErrors.0', /from one line/],
  [{ targets: hello, build: { acceptErrors: [/uninative tarball/] } }, 'build.acceptErrors.0', /^expected a string/],
  [{ targets: hello, build: { environment: { A: 1 } } }, 'build.environment.A', /^expected a string, found 1$/],
  [{ targets: { hello: null } }, 'targets.hello', /^expected an object, found null$/],
  [{ targets: { hello: { manual: 'yes' } } }, 'targets.hello.manual', /^expected true or false, found "yes"$/],
  [{ targets: { hello: { platforms: [] } } }, 'targets.hello.platforms', /^expected at least one entry$/],
  [{ targets: { hello: { platforms: ['a', 7] } } }, 'targets.hello.platforms.1', /^expected a string, found 7$/],
  [{ targets: { hello: { recipe: () => 1 } } }, 'targets.hello.recipe', /^expected a string, found a function$/],
  [{ targets: { hello: { recipe: 10n } } }, 'targets.hello.recipe', /^expected a string, found bigint$/],
  [{ targets: { hello: { recipe: circular } } }, 'targets.hello.recipe', /^expected a string, found object$/],
  [{ targets: { hello: { recipe: ['x'.repeat(99)] } } }, 'targets.hello.recipe', /found \["x{55}\.\.\.$/],
  [{ targets: { hello: { recipe: '-k' } } }, 'targets.hello.recipe', /name of a BitBake recipe, found "-k"$/],
  [{ targets: { hello: { recipe: 'a b' } } }, 'targets.hello.recipe', /name of a BitBake recipe/],
  [
    { targets: { hello: { recipe: 'virtual/image' } } },
    'targets.hello.recipe',
    /own name \(PN\).*`bitbake -e mc:MULTICONFIG:virtual\/NAME \| grep \^PN=` prints it/,
  ],
  [
    { targets: { hello: { task: 'image complete' } } },
    'targets.hello.task',
    /BitBake task, for example image_complete/,
  ],
  [{ targets: { hello: { task: 'do_' } } }, 'targets.hello.task', /BitBake task, .*found "do_"$/],
  [
    { targets: { hello: { output: { format: 'nest' } } } },
    'targets.hello.output.format',
    /^expected nested or flat, found "nest"$/,
    'nested',
  ],
  [
    { targets: { hello: { output: { link: 'hard-link' } } } },
    'targets.hello.output.link',
    /^expected auto or reflink or hardlink or copy, found "hard-link"$/,
    'hardlink',
  ],
  [
    { targets: { hello: { output: { annotations: { a: true } } } } },
    'targets.hello.output.annotations.a',
    /^expected a string, found true$/,
  ],
  [
    { targets: hello, platforms: { a: { multiconfig: '1st' } } },
    'platforms.a.multiconfig',
    /not starting with a digit\), found "1st"$/,
  ],
  [
    { targets: hello, platforms: { a: { source: { kind: 'dir', path: 'x' } } } },
    'platforms.a.source.kind',
    /^expected layout, found "dir"$/,
  ],
  [{ targets: hello, platforms: { 'a/b': {} } }, 'platforms.a/b', /^expected a name of letters, digits/],
  [{ targets: { 'a b': {} } }, 'targets.a b', /^expected a name of letters, digits/],
  [{ targets: { '-n': {} } }, 'targets.-n', /starts with a letter or digit$/],
  [JSON.parse('{ "targets": { "hello": {}, "__proto__": {} } }'), 'targets.__proto__', /^expected a name/],
  [
    JSON.parse('{ "targets": { "hello": {} }, "platforms": { "__proto__": {} } }'),
    'platforms.__proto__',
    /^expected a name/,
  ],
  [JSON.parse('{ "targets": { "hello": { "__proto__": {} } } }'), 'targets.hello.__proto__', /^unknown key/],
]
for (const [raw, path, message, suggestion] of wrong) {
  test(`${path || 'the config'}: ${message.source}`, () => {
    const problems = problemsIn(raw)
    assert.is(problems.length, 1, JSON.stringify(problems))
    assert.is(problems[0]?.path, path)
    assert.match(problems[0]?.message ?? '', message)
    assert.is(problems[0]?.suggestion, suggestion)
  })
}

test('tells everything that is wrong at once', () => {
  const raw = {
    target: {},
    build: { directory: 7, cmd: [] },
    platforms: { arm: { source: { kind: 'layout' } } },
    targets: { a: { output: { format: 'x', archives: 'y' } }, 'b c': {}, d: { manual: 1 } },
  }
  assert.equal(
    problemsIn(raw)
      .map(({ path }) => path)
      .toSorted(),
    [
      'build.cmd',
      'build.directory',
      'platforms.arm.source.path',
      'target',
      'targets.a.output.archives',
      'targets.a.output.format',
      'targets.b c',
      'targets.d.manual',
    ],
  )
})

for (const name of ['constructor', 'toString', 'hasOwnProperty', 'valueOf', '__proto__']) {
  test(`${name} is a name like any other`, () => {
    const raw = JSON.parse(`{ "platforms": { "p": { "platform": "linux/arm64", "multiconfig": "" } },
      "targets": { "hello": { "platforms": ["${name}"] } } }`) as unknown
    assert.equal(
      problemsIn(raw).map(({ path, message }) => [path, message]),
      [['targets.hello.platforms.0', `unknown platform "${name}"; there are p, aarch64, x86_64`]],
    )
    if (name === '__proto__') return
    const config = configOf({
      platforms: { [name]: { platform: 'linux/riscv64', multiconfig: '' } },
      targets: { [name]: { platforms: [name], output: { name: 'a:b' } } },
    })
    assert.equal([Object.keys(config.platforms), Object.keys(config.targets)], [[name], [name]])
  })
}

test.run()
