import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { formatProblems } from '../../../src/report/words/problems.js'
import { makeStyle } from '../../../src/report/style.js'

const test = suite('problems as text')

test('what an image says cannot command the terminal', () => {
  const problem = {
    code: 'reference-missing',
    layout: '/project/in',
    at: ['index.json'],
    expected: 'the reference "latest"',
    found: '\x1b]0;owned\x07\x1b[2Jgone\r\x9b1m',
  } as const
  const text = formatProblems([problem], '/project', makeStyle(false))
  assert.not.match(text, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/)
  assert.match(text, 'found: \\x1b]0;owned\\x07\\x1b[2Jgone\\x0d\\x9b1m')
})

test('what an image says begins no line of its own', () => {
  const problem = {
    code: 'layer-entry-escapes',
    layout: '/project/in',
    at: ['index.json', 'layers[0]', '../x\nother: ok'],
    expected: 'a',
    found: 'b\nerror: c',
  } as const
  const text = formatProblems([problem], '/project', makeStyle(false))
  assert.match(text, 'layers[0] -> ../x\\nother: ok\n  expected: a\n  found: b\\nerror: c\n')
})

test('what to do next is said once for problems in a row that it mends', () => {
  const file = { code: 'file-unknown', layout: '/project/in', at: ['x'], expected: 'a', found: 'b' } as const
  const blob = { ...file, code: 'blob-missing' } as const
  const text = formatProblems([file, file, blob, file], '/project', makeStyle(false))
  const lines = text.split('\n').filter((line) => /^(error|  next):/.test(line))
  assert.equal(
    lines.map((line) => line.replace(/^  next:.*/, 'next')),
    [
      'error: unknown file in in',
      'error: unknown file in in',
      'next',
      'error: missing blob in in',
      'next',
      'error: unknown file in in',
      'next',
    ],
  )
})

test.run()
