import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { count, formatBytes, formatDuration } from '../../src/util/format.js'

const test = suite('format')

test('counts in the singular and the plural', () => {
  assert.equal(
    [0, 1, 2].map((quantity) => count(quantity, 'blob')),
    ['0 blobs', '1 blob', '2 blobs'],
  )
})

test('writes bytes in binary units', () => {
  const expected: Record<number, string> = {
    0: '0 B',
    1023: '1023 B',
    1024: '1.0 KiB',
    1536: '1.5 KiB',
    10_239: '10 KiB',
    10_240: '10 KiB',
    1_048_575: '1.0 MiB',
    5_242_880: '5.0 MiB',
    [3 * 2 ** 30]: '3.0 GiB',
    [2 ** 50]: '1024 TiB',
  }
  for (const [bytes, text] of Object.entries(expected)) assert.is(formatBytes(Number(bytes)), text)
})

test('writes durations in the unit that fits', () => {
  const expected: Record<number, string> = {
    0: '0 ms',
    999: '999 ms',
    1000: '1.0 s',
    59_940: '59.9 s',
    59_999: '1 min 0 s',
    60_000: '1 min 0 s',
    125_400: '2 min 5 s',
  }
  for (const [duration, text] of Object.entries(expected)) assert.is(formatDuration(Number(duration)), text)
})

test.run()
