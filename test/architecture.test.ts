/**
 * Who may import whom, what may touch the process, and how large a file may be. The table is the strictest that holds;
 * a new line in it is a decision. Run from the project's root.
 */
import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { build, transformSync } from 'esbuild'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

interface Rules {
  /** Folders or files of src/, relative to it and without extension, that it may import. */
  readonly uses: readonly string[]
  /** As `uses`, but only with `import type`. */
  readonly types?: readonly string[]
  /** Node's modules, with what lies below them, and packages. */
  readonly modules: readonly string[]
  /** Members of `process`. */
  readonly process?: readonly string[]
}

/** By folder, or by file where a file may do more than its folder. Each may import what lies beside it. */
const table: Readonly<Record<string, Rules>> = {
  util: { uses: [], modules: ['node:crypto', 'node:fs', 'node:os', 'node:path'], process: ['pid'] },
  // Paths relative to the project are quicker to look at.
  'util/watch': { uses: [], modules: ['node:fs', 'node:path'], process: ['chdir', 'cwd'] },
  'util/suggest': { uses: [], modules: ['fastest-levenshtein'] },
  problem: { uses: ['util'], modules: ['node:fs', 'node:path'], process: ['geteuid'] },
  oci: {
    uses: ['problem', 'util'],
    modules: ['node:crypto', 'node:fs', 'node:os', 'node:path', 'node:worker_threads', 'node:zlib', 'zod', 'zstddec'],
  },
  'oci/layer/allowed-foreign': { uses: [], modules: ['micromatch'] },
  // Names and platforms are plain text here, for everybody.
  'oci/platform': { uses: [], modules: [] },
  'oci/reference': { uses: [], modules: [] },
  config: { uses: ['problem', 'util', 'oci/platform', 'oci/reference'], modules: ['node:path', 'zod'] },
  'config/define': { uses: [], modules: [] },
  'config/evaluate': { uses: [], modules: ['node:module', 'node:path'], process: ['off', 'once'] },
  'config/load': { uses: ['problem', 'util'], modules: ['cosmiconfig', 'node:fs', 'node:path'] },
  'config/compile': {
    uses: ['problem', 'util'],
    modules: ['node:fs', 'node:path', 'node:url'],
    process: ['arch', 'platform', 'setSourceMapsEnabled'],
  },
  // esbuild's own program.
  'config/bundle': {
    uses: ['problem', 'util'],
    modules: ['node:child_process', 'node:fs', 'node:module', 'node:path', 'node:url'],
    process: ['arch', 'env', 'platform', 'versions'],
  },
  targets: {
    uses: ['problem', 'util', 'config/defaults', 'config/platforms', 'oci/platform', 'oci/reference'],
    types: ['config/types'],
    modules: ['node:path'],
  },
  plan: {
    uses: ['problem', 'util', 'targets/resolve', 'targets/target'],
    types: ['oci/platform'],
    modules: ['node:path'],
  },
  bitbake: {
    uses: ['problem', 'util'],
    types: ['targets/target'],
    modules: [
      'fast-glob',
      'node:child_process',
      'node:events',
      'node:fs',
      'node:path',
      'node:readline',
      'node:stream',
      'node:timers',
    ],
    process: ['kill', 'platform'],
  },
  // The only folder in which what BitBake says meets what an image says.
  discover: { uses: ['problem', 'util', 'bitbake', 'oci'], types: ['plan/task'], modules: ['node:path'] },
  execute: {
    uses: ['problem', 'util', 'plan', 'oci', 'bitbake', 'discover'],
    types: ['targets/target'],
    modules: ['fast-glob', 'node:crypto', 'node:fs', 'node:path', 'node:timers'],
  },
  // flock(1).
  'execute/lock/kernel-lock': { uses: [], modules: ['node:child_process'] },
  'execute/lock/holder': { uses: ['util'], modules: ['node:crypto', 'node:fs', 'node:os'], process: ['kill', 'pid'] },
  doctor: {
    uses: ['util', 'bitbake', 'discover', 'execute/tasks/bitbake/ask', 'oci/platform'],
    types: ['plan/task', 'problem'],
    modules: ['node:child_process', 'node:fs', 'node:path'],
  },
  init: {
    uses: ['bitbake', 'discover/yocto-platform', 'oci/platform', 'util/fs'],
    types: ['config/types', 'targets/target'],
    modules: ['fast-glob', 'node:fs', 'node:path'],
  },
  'report/doctor-text': { uses: [], types: ['doctor/finding'], modules: [] },
  report: {
    uses: ['problem', 'util', 'oci/platform'],
    types: ['execute', 'plan'],
    modules: ['node:path', 'node:util'],
  },
  'report/inspect-text': { uses: ['util'], types: ['oci/image/inspect-report'], modules: [] },
  'report/use-text': { uses: ['util', 'oci/reference'], types: ['oci/image/inspect-report'], modules: [] },
  'report/listr': { uses: ['util'], types: ['execute', 'plan', 'problem'], modules: ['listr2'] },
  // What an up-to-date run loads, and nothing else.
  start: {
    uses: [
      'config/evaluate',
      'util/boot',
      'util/environment',
      'util/format',
      'util/json',
      'util/project',
      'util/read-file',
      'util/watch',
    ],
    modules: ['node:fs', 'node:path'],
    process: [
      'cwd',
      'env',
      'exitCode',
      'getBuiltinModule',
      'hrtime',
      'off',
      'once',
      'platform',
      'stderr',
      'stdout',
      'version',
    ],
  },
  cli: {
    uses: ['problem', 'util', 'start', 'config', 'targets', 'plan', 'oci', 'execute', 'doctor', 'init', 'report'],
    modules: ['node:fs', 'node:os', 'node:path', 'node:util'],
  },
  'cli/entry': { uses: ['start'], modules: [], process: ['argv', 'exitCode'] },
  'cli/load-program': {
    uses: ['util/fs'],
    modules: ['node:crypto', 'node:fs', 'node:module', 'node:path', 'node:vm'],
    process: ['arch', 'getuid', 'version'],
  },
  // Nothing but what goes into one file.
  'cli/program': { uses: ['index'], modules: [] },
  'cli/main': {
    uses: ['problem', 'util', 'report/words/problems', 'report/style', 'start/guard'],
    types: ['config/evaluate'],
    modules: ['node:readline'],
    process: ['cwd', 'env', 'exitCode', 'on', 'stderr', 'stdin', 'stdout', 'versions'],
  },
  // The package's API.
  index: { uses: ['config', 'targets', 'plan', 'oci', 'execute'], types: ['problem'], modules: [] },
}

const test = suite('architecture')

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.replace(/\.ts$/, '').split(path.sep).join('/'))
  .toSorted()
const sources = new Map(files.map((file) => [file, readFileSync(`src/${file}.ts`, 'utf8')]))

/** The imports that are left when types are gone: folders' files without extension, and modules. */
const { metafile } = await build({
  entryPoints: files.map((file) => `src/${file}.ts`),
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  outdir: 'nowhere',
  write: false,
  metafile: true,
  logLevel: 'silent',
})

interface Imports {
  readonly values: readonly string[]
  readonly types: readonly string[]
}

function importsOf(file: string): Imports {
  const values = (metafile.inputs[`src/${file}.ts`]?.imports ?? []).map(({ path: to }) => nameOf(to, ''))
  const text = sources.get(file) ?? ''
  const all = [...text.matchAll(/^(?:import|export)\s[^;'"]*?from '([^']+)'/gm)].map(([, to = '']) => nameOf(to, file))
  return { values, types: all.filter((to) => !values.includes(to)) }
}

function nameOf(to: string, from: string): string {
  if (to.startsWith('src/')) return to.slice('src/'.length).replace(/\.ts$/, '')
  if (to.startsWith('.')) return path.posix.join(path.posix.dirname(from), to).replace(/\.js$/, '')
  return to.startsWith('node:') ? to : packageOf(to)
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

function rulesOf(file: string): Rules {
  const rules = table[file] ?? table[file.split('/')[0]!]
  if (rules === undefined) throw new Error(`src/${file}.ts is in no line of the table`)
  return rules
}

function allows(list: readonly string[], to: string): boolean {
  return list.some((entry) => to === entry || to.startsWith(`${entry}/`))
}

function notAllowed(file: string): string[] {
  const { uses, types = [], modules } = rulesOf(file)
  // The parts of src/ that lie beside it; at the top that is nothing.
  const beside = file.includes('/') ? [file.split('/')[0]!] : []
  const { values, types: onlyTypes } = importsOf(file)
  const may = (to: string, extra: readonly string[]): boolean =>
    allows(files.includes(to) ? [...beside, ...uses, ...extra] : modules, to)
  return [
    ...values.filter((to) => !may(to, [])).map((to) => `${file} imports ${to}`),
    ...onlyTypes.filter((to) => !may(to, types)).map((to) => `${file} imports types of ${to}`),
  ]
}

/** Without comments and types. */
const code = new Map(
  [...sources].map(([file, text]) => {
    const options = { loader: 'ts', minifyWhitespace: true, legalComments: 'none' } as const
    return [file, transformSync(text, options).code]
  }),
)

function touches(file: string): string[] {
  const text = code.get(file) ?? ''
  const members = [...text.matchAll(/(?<![\w.$#])process(?:\??\.(\w+)|(?=[[;,)]))/g)].map(
    ([, name]) => name ?? 'itself',
  )
  const allowed = rulesOf(file).process ?? []
  // What is planned hangs on arguments alone.
  const clock = /^(?:config\/rules\/|plan\/|targets\/)/.test(file)
    ? /\bDate\b|\bperformance\b|\bMath\.random\b/
    : /(?!)/
  return [
    ...members.filter((member) => !allowed.includes(member)).map((member) => `${file} touches process.${member}`),
    ...(/(?<![\w.$])console\b/.test(text) ? [`${file} has a console`] : []),
    ...(clock.test(text) ? [`${file} has a clock or a die`] : []),
  ]
}

for (const name of Object.keys(table)) {
  const mine = files.filter((file) => rulesOf(file) === table[name])

  test(`${name} imports what it may`, () => {
    assert.equal(mine.flatMap(notAllowed), [])
  })

  test(`${name} touches of the process what it may, and no console`, () => {
    assert.equal(mine.flatMap(touches), [])
  })
}

test('nothing ends the process, and nothing is exported by default', () => {
  for (const [file, text] of code) {
    assert.not.match(text, /\bprocess\.(?:exit|abort|reallyExit)\b/, file)
    assert.not.match(text, /(?:^|[;}\n])export default\b|\bas default\b/, file)
  }
})

test('no files import each other in a circle, types included', () => {
  const imports = new Map(
    files.map((file) => {
      const { values, types } = importsOf(file)
      return [file, [...values, ...types].filter((to) => files.includes(to))]
    }),
  )
  // Files that import nothing of what is left are taken out until no more can be: what stays is a circle, or needs one.
  const left = new Set(files)
  for (let before = 0; before !== left.size;) {
    before = left.size
    for (const file of left) if (!imports.get(file)!.some((to) => left.has(to))) left.delete(file)
  }
  assert.equal([...left], [])
})

test('each line of the table is needed', () => {
  for (const [name, { uses, types = [], modules, process: members = [] }] of Object.entries(table)) {
    const mine = files.filter((file) => rulesOf(file) === table[name])
    assert.ok(mine.length > 0, `nothing is named ${name}`)
    const imports = mine.map(importsOf)
    const text = mine.map((file) => code.get(file)).join('\n')
    const values = imports.flatMap((each) => each.values)
    const all = [...values, ...imports.flatMap((each) => each.types)]
    const idle = [
      ...uses.filter((entry) => !values.some((to) => allows([entry], to))),
      ...[...types, ...modules].filter((entry) => !all.some((to) => allows([entry], to))),
      ...members.filter((member) => !new RegExp(`process\\??\\.${member}\\b`).test(text)),
    ]
    assert.equal(idle, [], name)
  }
})

test('folders are small', () => {
  const counts = new Map<string, number>()
  for (const file of files) {
    const folder = path.posix.dirname(file)
    counts.set(folder, (counts.get(folder) ?? 0) + 1)
  }
  assert.equal(
    [...counts].filter(([, count]) => count > 16),
    [],
  )
})

test('files are short', () => {
  const lines = [...sources].map(([file, text]): [string, number] => [file, text.split('\n').length - 1])
  // One set of types that is generated.
  const exceptions = ['config/types']
  assert.equal(
    lines.filter(([file, count]) => count > 300 && !exceptions.includes(file)),
    [],
  )
  const median = lines.map(([, count]) => count).toSorted((a, b) => a - b)[Math.floor(lines.length / 2)]!
  assert.ok(median <= 90, `median ${median}`)
})

test.run()
