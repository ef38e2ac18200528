import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { decodeRecord, encodeRecord, type Start, type StartRecord } from '../../src/start/record.js'

const test = suite('start/record')

const start: Start = {
  key: ['1', 'run', 'ä'],
  boot: '1',
  environment: { A: null, B: 'x' },
  code: 'exports.default = "ü"',
  evaluated: '{}',
  configPaths: 1,
  color: 'auto',
  stdout: ['plain\n', 'coloured\n'],
  stderr: ['', ''],
  summary: true,
}
const record: StartRecord = {
  start,
  watched: {
    paths: ['a', 'ö/b', '/abs'],
    stats: Float64Array.from({ length: 18 }, (_, position) => position + 0.5),
    contents: new Map([[1, Buffer.from('content\n\0')]]),
  },
}
const bytes = encodeRecord(record)

test('comes back as it was written', () => {
  assert.equal(decodeRecord(bytes), record)
})

test('what is cut off, or has something behind it, is no record', () => {
  for (let length = 0; length < bytes.length; length++) assert.is(decodeRecord(bytes.subarray(0, length)), undefined)
  assert.is(decodeRecord(Buffer.concat([bytes, Buffer.from('x')])), undefined)
})

test('any damage is told', () => {
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (position, mask) => {
      const damaged = Buffer.from(bytes)
      damaged[position]! ^= mask
      assert.is(decodeRecord(damaged), undefined)
    }),
  )
})

test('rubbish is no record', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (rubbish) => {
      assert.is(decodeRecord(Buffer.from(rubbish)), undefined)
    }),
  )
})

test.run()
