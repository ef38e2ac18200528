import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { describeValue } from '../../src/config/evaluate.js'
import {
  decodeRecord,
  encodeRecord,
  isKept,
  isSameEnvironment,
  keepValue,
  keepVariables,
  type Start,
  type StartRecord,
} from '../../src/start/record.js'

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

test('secrets are kept as digests, and another value is another environment', () => {
  const kept = keepVariables({ PATH: '/bin', BB_TOKEN: 'secret', TOKEN: 'secret', OTHER: 'secret' }, 'TOKEN')
  assert.equal([Object.keys(kept), kept['PATH']], [['PATH', 'BB_TOKEN', 'TOKEN'], '/bin'])
  assert.not.match(JSON.stringify(kept), 'secret')
  const isSame = (environment: Record<string, string>): boolean =>
    isSameEnvironment(environment, { declared: 'TOKEN', variables: kept })
  const same = { TOKEN: 'secret', PATH: '/bin', BB_TOKEN: 'secret' }
  assert.ok(isSame({ ...same, OTHER: 'x' }))
  assert.not(isSame({ ...same, TOKEN: 'secrets' }))
  assert.not(isSame({ ...same, TOKEN: kept['TOKEN']! }))
  assert.not(isSame({ ...same, BB_MORE: '' }))
  assert.not(isSame({ PATH: '/bin', BB_TOKEN: 'secret' }))
  const path = keepVariables({ PATH: 'sha256:x' }, '')
  assert.ok(isSameEnvironment({ PATH: 'sha256:x' }, { declared: '', variables: path }))
})

test('the value of a config is kept as a digest, unless the code says all of it', () => {
  const code = 'module.exports = { a: "x\\ny", b: [1, true], c: process.env.TOKEN, d: Number(process.env.PIN) }'
  const text = (value: object): string => describeValue(value)!
  const literal = text({ a: 'x\ny', b: [1, true] })
  assert.is(keepValue(literal, code), literal)
  for (const secret of [{ c: 'secret' }, { d: 4711 }, { secret: 1 }, { a: ['x', { c: 'sec"ret' }] }]) {
    const kept = keepValue(text(secret), code)
    assert.match(kept, /^sha256:/)
    assert.ok(isKept(text(secret), kept))
    assert.not(isKept(literal, kept))
  }
})

test('rubbish is no record', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (rubbish) => {
      assert.is(decodeRecord(Buffer.from(rubbish)), undefined)
    }),
  )
})

test.run()
