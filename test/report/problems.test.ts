import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { formatProblems } from '../../src/report/problems.js'
import { makeStyle } from '../../src/report/style.js'

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

test.run()
