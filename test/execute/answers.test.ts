/** While what BitBake said holds. */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Answers } from '../../src/execute/answers.js'
import type { Build } from '../../src/targets/target.js'
import { temporaryDirectory } from '../rig/temp.js'

const test = suite('answers')

test('the order in which kas writes the multiconfigs changes nothing, their names do', () => {
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
  const outdated = (build: Build, ...names: readonly string[]): string | undefined => {
    const answers = new Answers(path.join(root, '.mab'), {})
    write('one', 'two', 'three')
    answers.learn(build, new Map([['mc:one:hello', { BBINCLUDED: local, FILE: recipe }]]))
    write(...names)
    return answers.recall(build).outdated
  }
  assert.is(outdated(byKas, 'three', 'one', 'two'), undefined)
  assert.is(outdated(byKas, 'three', 'one'), `${local} changed`)
  assert.is(outdated(byHand, 'three', 'one', 'two'), `${local} changed`)
})

test.run()
