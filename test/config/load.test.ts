import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { temporaryDirectory } from '../rig/temp.js'
import { missingTool, testWith } from '../rig/tools.js'
import { load, problemsOf, project, valueOf, watch } from './project.js'

const test = suite('config/load')

const contents = {
  'multiarch.config.ts': `const recipe: string = 'x'\nexport default { targets: { hello: { recipe } } }`,
  'multiarch.config.mts': `const recipe: string = 'x'\nexport default { targets: { hello: { recipe } } }`,
  'multiarch.config.js': `export default { targets: { hello: { recipe: 'x' } } }`,
  'multiarch.config.mjs': `export default { targets: { hello: { recipe: 'x' } } }`,
  'multiarch.config.json': `\uFEFF{ "$schema": "x.json", "targets": { "hello": { "recipe": "x" } } }`,
  'multiarch.config.yaml': `# comment\ntargets:\n  hello: { recipe: x }\n`,
  'multiarch.config.yml': `targets:\n  hello:\n    recipe: x\n`,
}

for (const [name, content] of Object.entries(contents)) {
  test(`loads ${name}`, async () => {
    const directory = project({ [name]: content })
    const watched = watch(directory)
    const loaded = valueOf(await load(directory))
    assert.is(loaded.file, path.join(directory, name))
    assert.is(loaded.directory, directory)
    assert.is(loaded.config.targets['hello']?.recipe, 'x')
    watched.check()
  })
}

test('of several in one directory none is taken, unless it is named', async () => {
  const directory = project(contents)
  const found = await load(directory)
  assert.equal(found.ok ? [] : found.problems, [{ code: 'config-ambiguous', directory, found: Object.keys(contents) }])
  const named = await load(directory, { file: 'multiarch.config.mts' })
  assert.is(path.basename(valueOf(named).file), 'multiarch.config.mts')
})

const here = contents['multiarch.config.json']

test('searches upwards, and takes the nearest', async () => {
  const directory = project({
    'multiarch.config.json': here,
    'a/b/keep': '',
    'near/multiarch.config.yaml': 'targets: { near: {} }',
    'near/multiarch.config.ts/keep': 'a directory is no config',
    'near/c/keep': '',
  })
  assert.is(valueOf(await load(path.join(directory, 'a/b'))).directory, directory)
  const near = valueOf(await load(path.join(directory, 'near/c')))
  assert.is(near.directory, path.join(directory, 'near'))
  assert.equal(Object.keys(near.config.targets), ['near'])
})

for (const [kind, files] of Object.entries({
  repository: { 'inner/.git/HEAD': '' },
  'worktree or submodule': { 'inner/.git': 'gitdir: ../x' },
})) {
  test(`does not search beyond a ${kind}`, async () => {
    const directory = project({ ...files, 'multiarch.config.json': here, 'inner/deep/keep': '' })
    const cwd = path.join(directory, 'inner/deep')
    const [problem, ...others] = problemsOf(await load(cwd))
    assert.equal(others, [])
    assert.is(problem?.code, 'config-not-found')
    assert.is(problem?.code === 'config-not-found' && problem.directory, cwd)
    assert.is(problem?.code === 'config-not-found' && problem.names.includes('multiarch.config.yml'), true)

    writeFileSync(path.join(directory, 'inner/multiarch.config.json'), here)
    assert.is(valueOf(await load(cwd)).directory, path.join(directory, 'inner'))
  })
}

test('an empty config is found, and is an error', async () => {
  const directory = project({ 'multiarch.config.json': here, 'a/multiarch.config.ts': '\n' })
  const [problem] = problemsOf(await load(path.join(directory, 'a')))
  assert.is(problem?.code === 'config-broken' && problem.file, path.join(directory, 'a/multiarch.config.ts'))
})

test('--config names a file, whatever else lies there', async () => {
  const directory = project({ ...contents, 'ci/other.yaml': 'targets: { other: {} }', 'sub/keep': '' })
  const loaded = valueOf(await load(path.join(directory, 'sub'), { file: '../ci/other.yaml' }))
  assert.is(loaded.directory, path.join(directory, 'ci'))
  assert.equal(Object.keys(loaded.config.targets), ['other'])
  assert.is(valueOf(await load('/', { file: path.join(directory, 'ci/other.yaml') })).file, loaded.file)
})

const refused: readonly (readonly [file: string, found: RegExp])[] = [
  ['absent.ts', /no such file/],
  ['directory.ts', /not a file/],
  ['config.toml', /does not end in \.ts, .*\.yml/],
  ['multiarch.config.cts', /does not end in/],
]
for (const [file, found] of refused) {
  test(`--config ${file} is refused`, async () => {
    const directory = project({ 'directory.ts/keep': '', 'config.toml': '', 'multiarch.config.cts': '' })
    const problems = problemsOf(await load(directory, { file }))
    assert.is(problems.length, 1)
    const [problem] = problems
    assert.is(problem?.code === 'config-unreadable' && problem.file, path.join(directory, file))
    assert.match(problem?.code === 'config-unreadable' ? problem.found : '', found)
  })
}

test('nothing but the config is read or run: no ~/.config, no .config, no package.json', async () => {
  const trap = `process.env.MAB_TEST_TRAP = 'sprung'; module.exports = { targets: { trap: {} } }`
  const home = temporaryDirectory()
  for (const name of ['config.cjs', 'config.js', 'multiarch.config.js', 'multiarch.config.cjs']) {
    mkdirSync(path.join(home, 'multiarch'), { recursive: true })
    writeFileSync(path.join(home, 'multiarch', name), trap)
  }
  writeFileSync(path.join(home, 'multiarch/config.json'), '{ "targets": { "trap": {} } }')
  writeFileSync(path.join(home, 'multiarch/config'), '{ broken')
  const files = { '.config/config.js': trap, '.config/config.cjs': trap, 'package.json': '{ broken' }
  const [empty, full] = [project(files), project({ ...files, 'multiarch.config.json': here })]
  const before = { cwd: process.cwd(), home: process.env['XDG_CONFIG_HOME'] }
  process.env['XDG_CONFIG_HOME'] = home
  try {
    process.chdir(empty)
    assert.is(problemsOf(await load(empty))[0]?.code, 'config-not-found')
    process.chdir(full)
    assert.is(valueOf(await load(full)).directory, full)
  } finally {
    process.chdir(before.cwd)
    if (before.home === undefined) delete process.env['XDG_CONFIG_HOME']
    else process.env['XDG_CONFIG_HOME'] = before.home
  }
  assert.is(process.env['MAB_TEST_TRAP'], undefined)
})

test('a directory reached by a link is one project with where it leads, as for a shell in it', async () => {
  const directory = project({
    'deep/real/multiarch.config.ts': `import { name } from '../shared.js'\nexport default { targets: { [name]: {} } }`,
    'deep/shared.ts': `export const name = 'linked'`,
  })
  symlinkSync('deep/real', path.join(directory, 'link'))
  const loaded = valueOf(await load(directory, { file: 'link/multiarch.config.ts' }))
  assert.is(loaded.directory, path.join(directory, 'deep/real'))
  assert.equal(Object.keys(loaded.config.targets), ['linked'])
})

testWith(test, missingTool('mkfifo'), 'a named pipe in the place of a config is not opened', async () => {
  const directory = project({ 'above/x': '' })
  execFileSync('mkfifo', [path.join(directory, 'multiarch.config.json')])
  const [problem] = problemsOf(await load(path.join(directory, 'above')))
  assert.is(problem?.code === 'config-unreadable' && problem.found, 'not a file')
})

test('a config that cannot be read is an error with its cause, and is not passed over', async () => {
  const directory = project({ 'multiarch.config.json': '{"targets":{"above":{}}}', 'inner/x': '', 'other/x': '' })
  const causeOf = async (where: string, file?: string): Promise<unknown> => {
    const [problem] = problemsOf(await load(path.join(directory, where), file === undefined ? {} : { file }))
    return problem?.code === 'config-unreadable' ? [problem.kind, problem.named, problem.found] : problem
  }
  const link = 'a symbolic link to nowhere.ts, which does not exist'
  symlinkSync('nowhere.ts', path.join(directory, 'inner/multiarch.config.ts'))
  assert.equal(await causeOf('inner'), ['dangling-link', false, link])
  assert.equal(await causeOf('inner', 'multiarch.config.ts'), ['dangling-link', true, link])
  mkdirSync(path.join(directory, 'other/multiarch.config.ts'))
  assert.equal(await causeOf('other'), ['unsuitable', false, 'not a file'])
  symlinkSync('/dev/zero', path.join(directory, 'other/multiarch.config.yaml'))
  assert.equal(await causeOf('other'), ['unsuitable', false, 'not a file'])
  assert.equal(await causeOf('other', 'multiarch.config.yaml'), ['unsuitable', true, 'not a file'])
  const large = path.join(directory, 'inner/large.json')
  writeFileSync(large, '')
  truncateSync(large, 2 ** 30)
  assert.equal(await causeOf('inner', 'large.json'), [
    'unsuitable',
    true,
    '1073741824 bytes, more than a config may have',
  ])
})

test.run()
