import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { canonicalJson, compareCodeUnits } from '../../src/util/json.js'

const test = suite('json')

test('sorts keys at every level, and leaves lists in their order', () => {
  assert.is(canonicalJson({ b: [{ d: 1, c: 2 }, 'x'], a: null }), '{"a":null,"b":[{"c":2,"d":1},"x"]}')
})

test('leaves out keys without a value', () => {
  assert.is(canonicalJson({ a: undefined, b: 1 }), '{"b":1}')
})

test('orders by code unit, not by locale', () => {
  assert.equal(['b', 'a', 'B', 'ä', '10', '9'].toSorted(compareCodeUnits), ['10', '9', 'B', 'a', 'b', 'ä'])
  assert.is(compareCodeUnits('a', 'a'), 0)
})

test('writes equal values alike and gives them back', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const reversed = Object.fromEntries(Object.entries(value).toReversed())
      const text = canonicalJson(value)
      assert.is(canonicalJson(reversed), text)
      assert.equal(JSON.parse(text), JSON.parse(JSON.stringify(value)))
    }),
  )
})

test.run()
