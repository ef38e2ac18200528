import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseDuration } from '../../../src/cli/arguments/duration.js'

const test = suite('cli/duration')

test('seconds by default, or with units', () => {
  for (const [text, milliseconds] of [
    ['0', 0],
    ['90', 90_000],
    ['90s', 90_000],
    ['30m', 1_800_000],
    ['1h30m', 5_400_000],
    ['24d', 2_073_600_000],
  ] as const) {
    assert.is(parseDuration(text), milliseconds, text)
  }
})

test('what is no duration, or longer than a timer can count', () => {
  for (const text of ['', '-1', '1.5h', '1 h', '90 s', 's', '1w', '1H', 'soon', '25d', '9999999999']) {
    assert.is(parseDuration(text), undefined, text)
  }
})

test.run()
