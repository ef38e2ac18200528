/** A config that does not come to a value: each error names a place in the user's own file. */
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { load, problemsOf, project, valueOf, watch, type Files } from './project.js'

const test = suite('config/errors')

const main = 'multiarch.config.ts'

interface Expected {
  readonly file?: string
  /** `line:column`, or nothing where there is no place. */
  readonly at: string | undefined
  readonly message: RegExp
  readonly frame?: RegExp
}

const cases: Readonly<Record<string, readonly [Files, ...Expected[]]>> = {
  'a syntax error': [
    { [main]: 'export default {\n  targets: { a {} },\n}' },
    { at: '2:16', message: /^Expected "}" but found "{"$/, frame: /targets: { a {} }/ },
  ],
  'a syntax error in an imported file': [
    { [main]: `import { a } from './lib/a'\nexport default a`, 'lib/a.ts': 'type A = 1\nexport const = 1' },
    { file: 'lib/a.ts', at: '2:14', message: /Expected identifier/ },
  ],
  'every import that is not there': [
    { [main]: `import a from './a.js'\nimport b from '../b'\nexport default [a, b]` },
    { at: '1:15', message: /^Could not resolve "\.\/a\.js"$/, frame: /import a from/ },
    { at: '2:15', message: /^Could not resolve "\.\.\/b"$/ },
  ],
  'an export that is not there': [
    { [main]: `import { a } from './a'\nexport default a`, 'a.ts': 'export const b = 1' },
    { at: '1:10', message: /No matching export in "a\.ts" for import "a"/ },
  ],
  'what the package does not give to configs': [
    { [main]: `import { runPlan } from 'multiarch-build'\nexport default runPlan` },
    { at: '1:10', message: /No matching export .* "runPlan"/ },
  ],
  'a package that is not installed': [
    { [main]: `import a from 'absent-package'\nexport default a` },
    { at: '1:15', message: /^Error: Cannot find module 'absent-package'$/, frame: /Require stack/ },
  ],
  'a package that is not installed, later': [
    { [main]: `type A = 1\nexport default async () => {\n  await import('absent-package')\n}` },
    { at: undefined, message: /Cannot find package 'absent-package'/ },
  ],
  'a throw at load': [
    {
      [main]: `interface A {\n  a: 1\n}\nconst a = (): A => {\n  throw new TypeError('no\\nwhy')\n}\nexport default a()`,
    },
    { at: '5:9', message: /^TypeError: no$/, frame: /^why$/ },
  ],
  'a throw in an imported file': [
    {
      [main]: `import { a } from './lib/a.js'\nexport default a`,
      'lib/a.ts': `type A = 1\nexport const a = (null as any).b`,
    },
    { file: 'lib/a.ts', at: '2:32', message: /^TypeError: Cannot read properties of null/ },
  ],
  'a throw behind import.meta': [
    {
      [main]: `const a = (b: unknown): void => {\n  throw new Error(String(b))\n}\nexport default [import.meta.url, a(1)]`,
    },
    { at: '2:9', message: /^Error: 1$/ },
  ],
  'a throw in the function': [
    {
      [main]: `type A = 1\nexport default ({ env }: { env: object }) => {\n  throw new Error(Object.keys(env).join())\n}`,
    },
    { at: '3:9', message: /^Error: NAME$/ },
  ],
  'a throw in the async function': [
    { [main]: `type A = 1\nexport default async () => {\n  await null\n  throw new Error('late')\n}` },
    { at: '4:9', message: /^Error: late$/ },
  ],
  'a throw below a package': [
    {
      [main]: `import { call } from 'caller'\nexport default call((): never => {\n  throw new Error('x')\n})`,
      'node_modules/caller/package.json': '{ "name": "caller", "type": "module", "exports": "./index.js" }',
      'node_modules/caller/index.js': 'export const call = (f) => f()',
    },
    { at: '3:9', message: /^Error: x$/ },
  ],
  'a throw in a package': [
    {
      [main]: `type A = 1\nimport { fail } from 'failing'\nexport default fail()`,
      'node_modules/failing/package.json': '{ "name": "failing", "type": "module", "exports": "./index.js" }',
      'node_modules/failing/index.js': `export const fail = () => { throw new Error('x') }`,
    },
    { at: '3:16', message: /^Error: x$/ },
  ],
  'a rejected promise': [
    { [main]: `type A = 1\nexport default Promise.reject(new Error('no'))` },
    { at: '2:31', message: /^Error: no$/ },
  ],
  'a rejected promise beside a top-level await': [
    { [main]: `await null\nexport default Promise.reject(new Error('no'))` },
    { at: '2:31', message: /^Error: no$/ },
  ],
  'a throw beside a top-level await': [
    { [main]: `interface A {\n  a: 1\n}\nconst a: unknown = await null\nthrow new Error(String(a))` },
    { at: '5:7', message: /^Error: null$/ },
  ],
  'a throw in a file with a top-level await': [
    { [main]: `import './lib/a'\nexport default 1`, 'lib/a.ts': `type A = 1\nawait null\nthrow new Error('x')` },
    { file: 'lib/a.ts', at: '3:7', message: /^Error: x$/ },
  ],
  'an import that is not there beside a top-level await': [
    { [main]: `await null\nimport a from './a'\nexport default a` },
    { at: '2:15', message: /Could not resolve/ },
  ],
  'a throw of something else': [{ [main]: `throw 'words'` }, { at: undefined, message: /^words$/ }],
  'no default export': [
    { [main]: `export const config = { targets: {} }` },
    { at: undefined, message: /no default export.*export default defineConfig/ },
  ],
  'an empty file': [{ [main]: '' }, { at: undefined, message: /no default export/ }],
  'module.exports': [
    { 'multiarch.config.js': `module.exports = 'x'` },
    { file: 'multiarch.config.js', at: undefined, message: /no default export/ },
  ],
  'broken YAML': [
    { 'multiarch.config.yaml': 'targets:\n  a: {\n  b: ]\n' },
    { file: 'multiarch.config.yaml', at: '3:6', message: /^missed comma between flow/, frame: /3 \|\s+b: ]/ },
  ],
  'a YAML key twice': [
    { 'multiarch.config.yml': 'targets:\n  a: {}\n  a: {}\n' },
    { file: 'multiarch.config.yml', at: '3:3', message: /^duplicated mapping key$/ },
  ],
  'two YAML documents': [
    { 'multiarch.config.yaml': 'a: 1\n---\nb: 1\n' },
    { file: 'multiarch.config.yaml', at: undefined, message: /single document/ },
  ],
  'broken JSON': [
    { 'multiarch.config.json': '{\n  "targets": { "a": {}, }\n}' },
    { file: 'multiarch.config.json', at: '2:23', message: /trailing comma/, frame: /"targets": { "a": {}, }/ },
  ],
  'JSON that ends early': [
    { 'multiarch.config.json': '{\n  "targets": {' },
    { file: 'multiarch.config.json', at: '2:15', message: /end of file/ },
  ],
}

for (const [name, [files, ...expected]] of Object.entries(cases)) {
  test(name, async () => {
    const directory = project(files)
    const watched = watch(directory)
    const problems = problemsOf(await load(directory, { env: { NAME: 'x' } }))
    watched.checkNames()
    assert.is(problems.length, expected.length, JSON.stringify(problems))
    expected.forEach(({ file = main, at, message, frame }, position) => {
      const problem = problems[position]
      if (problem?.code !== 'config-broken') return assert.unreachable(JSON.stringify(problem))
      const place = problem.line === undefined ? undefined : `${problem.line}:${problem.column}`
      assert.equal([problem.file, place], [path.join(directory, file), at])
      assert.match(problem.message, message)
      assert.not.match(problem.message, /\n/)
      if (frame !== undefined) assert.match(problem.frame ?? '', frame)
    })
  })
}

test('without a working esbuild, code says so and data needs none', async () => {
  const before = process.env['ESBUILD_BINARY_PATH']
  process.env['ESBUILD_BINARY_PATH'] = '/nonexistent/esbuild'
  try {
    const [code, ...others] = problemsOf(await load(project({ [main]: 'export default {}' })))
    if (code?.code !== 'compiler-unusable') return assert.unreachable(JSON.stringify(code))
    assert.equal([code.program, code.chosen], ['/nonexistent/esbuild', true])
    assert.match(code.found, 'ENOENT')
    assert.equal(others, [])
    valueOf(await load(project({ 'multiarch.config.json': '{ "targets": { "hello": {} } }' })))
    const [json] = problemsOf(await load(project({ 'multiarch.config.json': '{ "targets": }' })))
    assert.match(json?.code === 'config-broken' ? json.message : '', /JSON/)
  } finally {
    if (before === undefined) delete process.env['ESBUILD_BINARY_PATH']
    else process.env['ESBUILD_BINARY_PATH'] = before
  }
})

test.run()
