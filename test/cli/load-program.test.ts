/** The code that V8 made of the program, kept for the next command: it may save time, and never change anything. */
import { chmodSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { loadProgram } from '../../src/cli/load-program.js'
import { temporaryDirectory } from '../rig/temp.js'

const test = suite('load-program')

/** A program that says a word, in a function that is compiled when it is called. */
const saying = (word: string): string => `exports.main = () => ${JSON.stringify(word)}\nexports.url = MAB_IMPORT\n`

function programThatSays(word: string): { file: string; compiled: string } {
  const file = path.join(temporaryDirectory(), 'main.cjs')
  writeFileSync(file, saying(word))
  return { file, compiled: path.join(path.dirname(file), 'compiled') }
}

function run(file: string, command?: string): unknown {
  const { program, keep } = loadProgram(file, command)
  const said: unknown = program.main([])
  keep()
  return said
}

function onlyFile(directory: string): string {
  const names = readdirSync(directory)
  assert.is(names.length, 1)
  return path.join(directory, names[0]!)
}

test('what a command compiled is kept once, and each command has its own', () => {
  const { file, compiled } = programThatSays('yes')
  assert.is(run(file, 'run'), 'yes')
  const kept = onlyFile(compiled)
  const { ino, mode } = statSync(kept)
  assert.is(mode & 0o777, 0o644)
  assert.is(run(file, 'run'), 'yes')
  assert.is(statSync(kept).ino, ino)
  run(file, 'plan')
  assert.is(readdirSync(compiled).length, 2)
})

test('no word of the command line leads out of the directory', () => {
  const { file, compiled } = programThatSays('yes')
  for (const word of ['../../up', '/tmp/x', '-V', '', undefined]) run(file, word)
  assert.match(onlyFile(compiled), /\/compiled\/none-/)
})

test('a program that was replaced by another of the same length is the other', () => {
  const { file } = programThatSays('yes')
  run(file, 'run')
  writeFileSync(file, saying('not'))
  assert.is(run(file, 'run'), 'not')
  assert.is(run(file, 'run'), 'not')
})

test('damage of what was kept is seen, and made good', () => {
  const { file, compiled } = programThatSays('yes')
  run(file, 'run')
  const kept = onlyFile(compiled)
  const good = readFileSync(kept)
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 }), (position, mask) => {
      const bytes = Buffer.from(good)
      bytes[position]! ^= mask
      writeFileSync(kept, mask === 0 ? bytes.subarray(0, position) : bytes)
      assert.is(run(file, 'run'), 'yes')
      const { ino } = statSync(kept)
      assert.is(run(file, 'run'), 'yes')
      assert.is(statSync(kept).ino, ino)
    }),
    { numRuns: 200 },
  )
})

test('what others may write is not taken', () => {
  const { file, compiled } = programThatSays('yes')
  run(file, 'run')
  const kept = onlyFile(compiled)
  chmodSync(kept, 0o666)
  const { ino } = statSync(kept)
  assert.is(run(file, 'run'), 'yes')
  assert.not.equal([statSync(kept).mode & 0o777, statSync(kept).ino], [0o666, ino])
})

test('where nothing can be kept, the program runs all the same', () => {
  const { file, compiled } = programThatSays('yes')
  writeFileSync(compiled, 'a file')
  assert.is(run(file, 'run'), 'yes')
  rmSync(compiled)
  run(file, 'run')
  const kept = onlyFile(compiled)
  rmSync(kept)
  mkdirSync(kept)
  assert.is(run(file, 'run'), 'yes')
})

test('a program with kept code can import', async () => {
  const { file } = programThatSays('yes')
  run(file, 'run')
  writeFileSync(path.join(path.dirname(file), 'other.mjs'), 'export const word = 1')
  const { program } = loadProgram(file, 'run')
  const { url } = program as unknown as { url(name: string): Promise<{ word: number }> }
  assert.is((await url(path.join(path.dirname(file), 'other.mjs'))).word, 1)
})

test.run()
