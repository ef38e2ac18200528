/** The start that only compares stats: what it loads, and configs that are more than data. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { temporaryDirectory } from '../rig/temp.js'
import { mabProgram } from './fixture.js'
import { Incremental } from './incremental.js'

const test = suite('start')

/** Every script that Node ran, but its own. */
function loaded(project: Incremental, ...args: string[]): string[] {
  const directory = temporaryDirectory()
  const env = { ...process.env, NODE_V8_COVERAGE: directory }
  spawnSync(process.execPath, [mabProgram, ...args], { cwd: project.directory, env })
  return readdirSync(directory).flatMap((name) => {
    const { result } = JSON.parse(readFileSync(path.join(directory, name), 'utf8')) as { result: { url: string }[] }
    return result.filter(({ url }) => !url.startsWith('node:')).map(({ url }) => path.basename(url))
  })
}

test('nothing but the entry and the config is loaded when all is fresh', () => {
  const project = new Incremental()
  assert.is(project.mab('run').code, 0)
  assert.equal(loaded(project, 'run'), ['mab.cjs', 'multiarch.config.ts'])
  assert.equal(loaded(project, '--version'), ['mab.cjs'])
  assert.ok(loaded(project, 'plan').includes('main.cjs'))
})

test('a config that is edited while BitBake runs is built from at the next run', () => {
  const project = new Incremental()
  const fake = path.resolve('test/rig/fake-bitbake.mjs')
  const flavoured = (flavour: string): string => {
    project.configure((config) => {
      const edit = `cp '${project.path('next.ts')}' '${project.path('multiarch.config.ts')}'; exec "$0" "$@"`
      config.build!.command = ['sh', '-c', edit, process.execPath, fake]
      config.targets['app']!.output!.annotations = { flavour }
    })
    return readFileSync(project.path('multiarch.config.ts'), 'utf8')
  }
  writeFileSync(project.path('next.ts'), flavoured('second'))
  flavoured('first')
  assert.is(project.mab('run').code, 0)
  const again = project.mab('run', '--explain')
  assert.ok(again.whole)
  assert.match(again.stderr, 'output.annotations.flavour changed: "first" -> "second"')
  assert.not.ok(Object.keys(project.reasons()).length)
  for (const args of [[], ['--explain']]) project.mab('run', ...args)
  assert.not.ok(Object.keys(project.reasons()).length)
  assert.not.ok(project.mab('run').whole)
})

test("the exit code of a start is mab's, whatever the config does", () => {
  const project = new Incremental()
  project.configure(undefined, (value) => `process.exitCode = 5\nexport default ${value}\n`)
  assert.equal([project.mab('run').code, project.mab('run').code], [0, 0])
  assert.not.ok(project.mab('run').whole)
})

/** A config whose value is the given expression of `config`, behind the given lines. */
function configured(before: string, after: (value: string) => string): Incremental {
  const project = new Incremental()
  project.configure(
    (config) => void (config.targets['app']!.output!.annotations = { flavour: 'FLAVOUR' }),
    (value) => `${before}\nexport default ${after(value.replace('"FLAVOUR"', 'flavour'))}\n`,
  )
  return project
}

/** Runs until only the start is needed, and says whether the change needed more. */
function needsMore(project: Incremental, change: () => void): boolean {
  project.mab('run')
  assert.not.ok(project.mab('run').whole)
  change()
  const before = JSON.stringify(project.reasons())
  const ran = project.mab('run')
  assert.is(ran.code, 0, ran.stderr)
  assert.ok(before === '{}' || ran.whole)
  return before !== '{}'
}

test('a layer outside of the project counts at the start too, named by ".." or absolute', () => {
  const layer = temporaryDirectory()
  for (const absolute of [true, false]) {
    const project = new Incremental()
    const directory = absolute ? layer : path.relative(project.directory, layer)
    project.configure((config) => {
      const app = config.targets['app']!
      app.sources = [...app.sources!, `${directory}/**`]
    })
    const change = (file: string): void => writeFileSync(path.join(layer, file), String(Math.random()))
    change('x.bb')
    assert.ok(needsMore(project, () => change('x.bb')))
    assert.ok(needsMore(project, () => change(`${absolute ? 'one' : 'two'}.bb`)))
    change('x.bb')
    assert.match(JSON.stringify(project.reasons()), `"sources-changed","files":["${directory}/x.bb"]`)
  }
})

test('a config sees its environment each time', () => {
  const project = configured(
    '',
    (value) => `({ env }: any) => { const flavour = env.FLAVOUR ?? 'none'; return ${value} }`,
  )
  assert.ok(needsMore(project, () => void (project.env['FLAVOUR'] = 'x')))
  assert.not.ok(needsMore(project, () => void (project.env['OTHER'] = 'x')))
})

test('a config reads other files each time, and may be a promise', () => {
  const project = configured(
    `import { readFileSync } from 'node:fs'\nconst flavour = readFileSync(new URL('flavour.txt', import.meta.url), 'utf8')`,
    (value) => `Promise.resolve(${value})`,
  )
  project.write('flavour.txt', 'sweet')
  assert.ok(needsMore(project, () => project.write('flavour.txt', 'sour')))
})

test('what a config imports counts, also what would be imported in its place', () => {
  const project = configured(`import { flavour } from './parts/flavour'`, (value) => value)
  project.write('parts/flavour.js', `export const flavour = 'sweet'`)
  assert.ok(needsMore(project, () => project.write('parts/flavour.js', `export const flavour = 'sour'`)))
  assert.ok(needsMore(project, () => project.write('parts/flavour.ts', `export const flavour = 'bitter'`)))
  project.write('elsewhere/flavour.ts', `export const flavour = 'salty'`)
  assert.ok(
    needsMore(project, () => {
      rmSync(project.path('parts'), { recursive: true })
      symlinkSync('elsewhere', project.path('parts'))
    }),
  )
})

test('tsconfig.json counts', () => {
  const project = configured(
    `class A { flavour = 'x' }\nclass B extends A { declare flavour: string }\nconst flavour = typeof Object.getOwnPropertyDescriptor(new B(), 'flavour')`,
    (value) => value,
  )
  project.mab('run')
  project.write('tsconfig.json', '{ "extends": "./base.json" }')
  project.write('base.json', '{}')
  assert.ok(project.mab('run').whole)
  assert.not.ok(project.mab('run').whole)
  project.write('base.json', '{ "compilerOptions": { "useDefineForClassFields": false } }')
  assert.ok(project.mab('run').whole)
})

test('a config is evaluated once, and its end, its errors and its silence are told as ever', () => {
  const body = `const flavour = 'x'
    console.log('evaluated')
    if (env.DO === 'exit') process.exit(0)
    if (env.DO === 'throw') throw new Error('on purpose')
    if (env.DO === 'wait') return new Promise(() => {})`
  const project = configured('', (value) => `({ env }: any) => {\n${body}\nreturn ${value} }`)
  project.mab('run')
  const quick = project.mab('run')
  assert.equal([quick.whole, quick.stdout.match(/evaluated/g)?.length], [false, 1])
  project.write('layers/new.bb', '')
  const whole = project.mab('run')
  assert.equal([whole.whole, whole.stdout.match(/evaluated/g)?.length], [true, 1])
  for (const [wish, message] of [
    ['exit', /mab was ended from within/],
    ['throw', /multiarch\.config\.ts:\d+:\d+: Error: on purpose/],
    ['wait', /waits for something that never happens/],
  ] as const) {
    project.env['DO'] = wish
    const failed = project.mab('run')
    assert.is(failed.code, 2, wish)
    assert.match(failed.stderr, message)
  }
})

test('each command line and each place has its own record', () => {
  const project = new Incremental()
  project.mab('run')
  for (const args of [
    ['run', '-q'],
    ['run', 'app'],
    ['run', '-p', 'arm64'],
    ['run', '-c', 'multiarch.config.ts'],
    ['run', '--no-build'],
    ['run', '-v', '-j', '1'],
  ]) {
    const slow = project.mab(...args)
    const settled = project.mab(...args)
    const quick = project.mab(...args)
    assert.equal([slow.whole, quick.whole], [true, false], args.join(' '))
    assert.is(quick.stdout, settled.stdout)
  }
  assert.is(project.mab('run', '-q').stderr, '')
  assert.match(project.mab('run', '-v').stderr, /^fresh bitbake build/)
  for (const args of [
    ['run', '--progress', 'json'],
    ['run', '--metadata-file', 'made.json'],
  ]) {
    project.mab(...args)
    assert.ok(project.mab(...args).whole, args.join(' '))
  }
  mkdirSync(project.path('deeper'))
  const deeper = project.path('deeper')
  const inside = (): ReturnType<Incremental['mab']> => {
    const { directory } = project
    project.directory = deeper
    try {
      return project.mab('run')
    } finally {
      project.directory = directory
    }
  }
  assert.ok(inside().whole)
  const quick = inside()
  assert.not.ok(quick.whole)
  assert.match(quick.stdout, /^ +\.\.\/deploy\//m)
})

test('two configs in one directory are an error as soon as there are two', () => {
  const project = new Incremental()
  project.mab('run')
  project.write('multiarch.config.json', '{}')
  const both = project.mab('run')
  assert.is(both.code, 2)
  assert.match(both.stderr, /several configs[^]*multiarch\.config\.ts, multiarch\.config\.json/)
})

test('a damaged record costs time, and no more', () => {
  const project = new Incremental()
  const { stdout } = project.mab('run')
  const fresh = stdout.replace('built', 'fresh')
  const [name] = readdirSync(project.path('.mab/start'))
  const file = project.path('.mab/start', name!)
  const good = readFileSync(file)
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (position, mask) => {
      const bytes = Buffer.from(good)
      bytes[position]! ^= mask
      writeFileSync(file, bytes)
      const ran = project.mab('run')
      assert.equal([ran.code, ran.stdout, ran.bitbake], [0, fresh, []], ran.stderr)
    }),
    { numRuns: 15 },
  )
})

test.run()
