/** While what BitBake said holds. */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Answer } from '../../../src/bitbake/query/answer.js'
import { Answers } from '../../../src/execute/state/answers.js'
import type { Build } from '../../../src/targets/target.js'
import { temporaryDirectory } from '../../rig/temp.js'

const test = suite('answers')

test('the order in which kas writes the multiconfigs changes nothing, their names do', async () => {
  const root = temporaryDirectory()
  const directory = path.join(root, 'build')
  const local = path.join(directory, 'conf/local.conf')
  mkdirSync(path.dirname(local), { recursive: true })
  const recipe = path.join(root, 'hello.bb')
  writeFileSync(recipe, '')
  const write = (...names: readonly string[]): void =>
    writeFileSync(local, `MACHINE ??= "x"\nBBMULTICONFIG ?= "${names.join(' ')}"\n`)
  const byHand: Build = { directory, command: ['bitbake'], args: [], environment: {} }
  const byKas: Build = { ...byHand, command: ['kas'], kas: { config: 'kas.yml', cwd: root } }
  const outdated = async (build: Build, ...names: readonly string[]): Promise<string | undefined> => {
    write('one', 'two', 'three')
    const answers = new Answers(path.join(root, '.mab'), {}, later())
    await answers.learn(build, new Map([['mc:one:hello', { BBINCLUDED: local, FILE: recipe }]]), ['mc:one:hello'])
    write(...names)
    return answers.recall(build).outdated
  }
  assert.is(await outdated(byKas, 'three', 'one', 'two'), undefined)
  assert.is(await outdated(byKas, 'three', 'one'), `${local} changed`)
  assert.is(await outdated(byHand, 'three', 'one', 'two'), `${local} changed`)
})

/** As if all files were written long before the run. */
const later = (): number => Date.now() + 60_000

interface Layer {
  readonly root: string
  readonly build: Build
  readonly answer: Answer
  write(name: string, content?: string): void
}

/** @param bbfiles of BBFILES; relative to the root */
function layer(...bbfiles: readonly string[]): Layer {
  const root = temporaryDirectory()
  const file = (name: string): string => path.join(root, name)
  const write = (name: string, content = ''): void => {
    mkdirSync(path.dirname(file(name)), { recursive: true })
    writeFileSync(file(name), content)
  }
  for (const name of ['build/conf/local.conf', 'layer/recipes-a/hello/hello.bb', 'layer/recipes-a/hello/notes.txt'])
    write(name)
  const answer = {
    BBFILES: ` ${bbfiles.map(file).join('  ')}`,
    BBINCLUDED: ['build/conf/local.conf', 'layer/conf/extra.conf', 'layer/recipes-a/hello/hello.bb']
      .map(file)
      .join(' '),
    FILE: file('layer/recipes-a/hello/hello.bb'),
  }
  const build = { directory: file('build'), command: ['bitbake'], args: [], environment: {} }
  return { root, build, answer, write }
}

const hello = 'mc:a:hello'
const usual = ['layer/recipes-*/*/*.bb', 'layer/recipes-*/*/*.bbappend']

/** @returns what changed, relative to the layer's root; `true` while the answer holds */
async function holdsAfter({ root, build, answer }: Layer, change: () => void): Promise<string | true> {
  const state = path.join(root, '.mab')
  await new Answers(state, {}, later()).learn(build, new Map([[hello, answer]]), [hello])
  assert.is(new Answers(state, {}).recall(build).outdated, undefined)
  change()
  const { outdated } = new Answers(state, {}).recall(build)
  return outdated?.replace(`${root}/`, '') ?? true
}

test('an append or a recipe that BitBake would find is a change, in directories that were there and in new ones', async () => {
  const appends: Readonly<Record<string, string>> = {
    'layer/recipes-a/hello/hello.bbappend': 'layer/recipes-a/hello changed',
    'layer/recipes-a/hello/hello_2.0.bb': 'layer/recipes-a/hello changed',
    'layer/recipes-a/other/hello.bbappend': 'layer/recipes-a changed',
    'layer/recipes-b/other/hello.bbappend': 'layer changed',
    'layer/conf/extra.conf': 'layer/conf/extra.conf changed',
  }
  for (const [file, changed] of Object.entries(appends)) {
    const made = layer(...usual)
    made.write('layer/conf/layer.conf')
    assert.is(await holdsAfter(made, () => made.write(file)), changed)
  }
})

test('other files of a layer are no change', async () => {
  for (const file of ['layer/README', 'layer/recipes-a/hello/notes2.txt', 'layer/.hidden/hello.bbappend']) {
    const made = layer(...usual)
    assert.is(await holdsAfter(made, () => made.write(file)), true, file)
  }
})

test('a directory in BBFILES is searched as a whole, and a file by its name', async () => {
  const whole = layer('layer')
  const deep = 'layer/recipes-a/hello/files/deep.bbappend'
  assert.is(await holdsAfter(whole, () => whole.write(deep)), 'layer/recipes-a/hello changed')
  const single = layer('more/hello.bbappend')
  assert.is(await holdsAfter(single, () => single.write('more/hello.bbappend')), 'more/hello.bbappend changed')
})

test('braces and parentheses in the path of a layer are names', async () => {
  for (const name of ['{a,b}', '(x)', '+(y)', '!z']) {
    const made = layer(`${name}/*/*.bbappend`)
    made.write(`${name}/hello/README`)
    assert.is(await holdsAfter(made, () => made.write(`${name}/hello/hello.bbappend`)), `${name}/hello changed`)
  }
})

test('what changes after the run began may not be what BitBake saw', async () => {
  const { root, build, answer, write } = layer(...usual)
  const state = path.join(root, '.mab')
  const answers = new Answers(state, {}, Date.now() - 60_000)
  write('layer/recipes-a/hello/hello.bb', '# edited meanwhile')
  await answers.learn(build, new Map([[hello, answer]]), [hello])
  assert.match(answers.recall(build).outdated!, ' changed')
})

test('while BitBake builds, an answer of an earlier run is not on disk, and of what it rebuilt it never comes back', async () => {
  const { root, build, answer } = layer(...usual)
  const state = path.join(root, '.mab')
  const onDisk = (): string[] => [...new Answers(state, {}).recall(build).answers.keys()]
  const [other, asked] = ['mc:b:hello', 'mc:c:hello']
  const all = new Map([hello, other, asked].map((name) => [name, answer]))
  await new Answers(state, {}, later()).learn(build, all, all.keys())
  const answers = new Answers(state, {}, later())
  await answers.learn(build, all, [asked])
  answers.suspend(build)
  assert.equal(onDisk(), [asked])
  const rebuilt = ['a', 'c'].map((multiconfig) => ({ multiconfig, recipe: 'hello', task: 'image_complete' }))
  answers.resume(build, rebuilt)
  assert.equal(onDisk(), [other, asked])
  assert.equal([...answers.learnt(build).keys()], [other, asked])
})

test('rubbish in the place of the answers is no answer', async () => {
  const { root, build, answer } = layer(...usual)
  const state = path.join(root, '.mab')
  await new Answers(state, {}, later()).learn(build, new Map([[hello, answer]]), [hello])
  const [name] = readdirSync(path.join(state, 'answers')) as [string]
  const file = path.join(state, 'answers', name)
  const whole = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
  for (const rubbish of [
    { files: { '/a': 'x' } },
    { files: { '/a': [1, 2] } },
    { answers: { [hello]: 7 } },
    { answers: [] },
  ]) {
    writeFileSync(file, JSON.stringify({ ...whole, ...rubbish }))
    assert.is(new Answers(state, {}).recall(build).outdated, 'not asked before')
  }
})

test.run()
