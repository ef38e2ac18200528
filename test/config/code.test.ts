/** What a config that is code may be written in. Each is loaded as it would be anywhere: with nothing installed. */
import { chmodSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { load, project, valueOf, watch, type Files } from './project.js'

const test = suite('config/code')

const main = 'multiarch.config.ts'
const named = (name: string): string => `export default { targets: { [${name}]: {} } }`
const packages = {
  'node_modules/modern/package.json': '{ "name": "modern", "type": "module", "exports": "./index.js" }',
  'node_modules/modern/index.js': `export const name = 'hello'`,
  'node_modules/classic/package.json': '{ "name": "classic" }',
  'node_modules/classic/index.js': `exports.name = 'hello'`,
  'node_modules/waiting/package.json': '{ "name": "waiting", "type": "module", "exports": "./index.js" }',
  'node_modules/waiting/index.js': `export const name = await 'hello'`,
}

/** Each gives one target, named `hello`. */
const cases: Readonly<Record<string, Files>> = {
  'defineConfig with nothing installed': {
    [main]: `import { defineConfig } from 'multiarch-build'\nexport default defineConfig({ targets: { hello: {} } })`,
  },
  'types of the package': {
    [main]: `import { type ConfigContext, defineConfig } from 'multiarch-build'
import type { UserConfig } from 'multiarch-build'
export default defineConfig((_: ConfigContext): UserConfig => ({ targets: { hello: {} } }))`,
  },
  'an import with .ts': { [main]: `import { a } from './a.ts'\n${named('a')}`, 'a.ts': `export const a = 'hello'` },
  'an import without extension': {
    [main]: `import { a } from './a'\n${named('a')}`,
    'a.ts': `export const a = 'hello'`,
  },
  'an import with .js that is .ts': {
    [main]: `import { a } from './lib/a.js'\n${named('a')}`,
    'lib/a.ts': `export { b as a } from '../b.mjs'`,
    'b.mts': `export const b: string = 'hello'`,
  },
  'a type imported without saying so': {
    [main]: `import { Name } from './a'\nconst a: Name = 'hello'\n${named('a')}`,
    'a.ts': `export type Name = string`,
  },
  'a type-only import of a package that is not there': {
    [main]: `import type { Name } from 'absent'\nconst a: Name = 'hello'\n${named('a')}`,
  },
  enums: {
    [main]: `enum A { Hello = 'hel' }\nconst enum B { Hello = 'lo' }\n${named('A.Hello + B.Hello')}`,
  },
  'a JSON import': {
    [main]: `import data from './data.json'\nimport same from './data.json' with { type: 'json' }\n${named('data.name && same.name')}`,
    'data.json': '{ "name": "hello" }',
  },
  'path aliases of tsconfig.json': {
    [main]: `import { a } from '~/a'\n${named('a')}`,
    'lib/a.ts': `export const a = 'hello'`,
    'tsconfig.json': '{ "compilerOptions": { "paths": { "~/*": ["./lib/*"] } } }',
  },
  'node: modules': { [main]: `import { basename } from 'node:path'\n${named(`basename('/x/hello')`)}` },
  'an ES module package': { ...packages, [main]: `import { name } from 'modern'\n${named('name')}` },
  'a CommonJS package': { ...packages, [main]: `import { name } from 'classic'\n${named('name')}` },
  'a package with a top-level await': { ...packages, [main]: `import { name } from 'waiting'\n${named('name')}` },
  'a package imported later': {
    ...packages,
    [main]: `export default async () => {\n  const { name } = await import('waiting')\n  return { targets: { [name]: {} } }\n}`,
  },
  'a file imported later': {
    [main]: `export default async () => ({ targets: { [(await import('./a.js')).a]: {} } })`,
    'a.ts': `export const a: string = 'hello'`,
  },
  'a function of the environment': { [main]: `export default ({ env }) => ({ targets: { [env.NAME]: {} } })` },
  'an async function': {
    [main]: `export default async ({ env }: { env: Record<string, string> }) => ({ targets: { [env.NAME!]: {} } })`,
  },
  'a promise': { [main]: `export default Promise.resolve({ targets: { hello: {} } })` },
  'no package.json but an .mts': { 'multiarch.config.mts': `const a: string = 'hello'\n${named('a')}` },
  '"type": "commonjs"': {
    'package.json': '{ "type": "commonjs" }',
    [main]: `const a: string = 'hello'\n${named('a')}`,
  },
  '"type": "module"': { 'package.json': '{ "type": "module" }', [main]: `const a: string = 'hello'\n${named('a')}` },
  'a key that is undefined': {
    [main]: `export default ({ env }) => ({
  platforms: { aarch64: { machine: env.MACHINE, multiconfig: env.MULTICONFIG, platform: undefined } },
  targets: { hello: { recipe: undefined, output: { format: undefined } } },
})`,
  },
}

for (const [name, files] of Object.entries(cases)) {
  test(name, async () => {
    const directory = project(files)
    const watched = watch(directory)
    const { config } = valueOf(await load(directory, { env: { NAME: 'hello' } }))
    assert.equal(Object.keys(config.targets), ['hello'])
    // Only what is an ES module in the end needs a file for a while.
    if (name === 'a package with a top-level await') watched.checkNames()
    else watched.check()
  })
}

const awaiting: Readonly<Record<string, Files>> = {
  'top-level await': { [main]: `const a: string = await Promise.resolve('hello')\n${named('a')}` },
  'top-level await in an imported file': {
    [main]: `import { a } from './lib/a'\n${named('a')}`,
    'lib/a.ts': `export const a: string = await Promise.resolve('hello')`,
  },
  'top-level await and a package': { ...packages, [main]: `import { name } from 'modern'\nawait 0\n${named('name')}` },
  'top-level await below the package': {
    ...packages,
    'sub/multiarch.config.ts': `import { name } from 'classic'\nawait 0\n${named('name')}`,
  },
}

for (const [name, files] of Object.entries(awaiting)) {
  test(`${name}: nothing is left behind`, async () => {
    const directory = project(files)
    const watched = watch(directory)
    const cwd = name.includes('below') ? path.join(directory, 'sub') : directory
    assert.equal(Object.keys(valueOf(await load(cwd)).config.targets), ['hello'])
    watched.checkNames()
  })
}

test('a state directory that is there stays', async () => {
  const directory = project({ [main]: `await 0\n${named(`'hello'`)}`, '.mab/stamps/x': '' })
  const watched = watch(directory)
  valueOf(await load(directory))
  watched.checkNames()
})

test('a read-only directory will do', async () => {
  const directory = project({ [main]: `import { a } from './a'\n${named('a')}`, 'a.ts': `export const a = 'hello'` })
  const watched = watch(directory)
  chmodSync(directory, 0o555)
  try {
    valueOf(await load(directory))
    watched.check()
  } finally {
    chmodSync(directory, 0o755)
  }
})

for (const [how, start] of [
  ['', ''],
  [' beside a top-level await', 'await 0\n'],
] as const) {
  test(`import.meta is each file's own${how}`, async () => {
    const meta = '[import.meta.url, import.meta.dirname, import.meta.filename]'
    const directory = project({
      'a b/multiarch.config.ts': `${start}import { meta } from './lib/meta.js'
export default { targets: { hello: {} }, build: { command: ['x'], args: ${meta}.concat(meta) } }`,
      'a b/lib/meta.ts': `type Unused = string\nexport const meta: string[] = ${meta}`,
    })
    const { config } = valueOf(await load(path.join(directory, 'a b')))
    const files = ['a b/multiarch.config.ts', 'a b/lib/meta.ts'].map((name) => path.join(directory, name))
    assert.equal(
      config.build.args,
      files.flatMap((file) => [pathToFileURL(file).href, path.dirname(file), file]),
    )
  })
}

test('is loaded anew each time', async () => {
  const directory = project({ [main]: `export default ({ env }) => ({ targets: { [env.NAME]: {} } })` })
  for (const NAME of ['one', 'two']) {
    assert.equal(Object.keys(valueOf(await load(directory, { env: { NAME } })).config.targets), [NAME])
  }
})

test.run()
