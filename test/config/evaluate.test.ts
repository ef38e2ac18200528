import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isDeepStrictEqual } from 'node:util'
import { describeValue } from '../../src/config/evaluate.js'

const test = suite('start/evaluate')

const data = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(undefined, null, true, 'true', '', 0, -0, 1, '1', NaN, 1n),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', '1'), tie('value'), { noNullPrototype: true }),
  ),
})).value

test('equal data has equal text, and other data another', () => {
  fc.assert(
    fc.property(data, data, (a, b) => {
      assert.is(describeValue(a), describeValue(structuredClone(a)))
      if (describeValue(a) === describeValue(b)) {
        // -0 and 0 are alike to a config.
        const plain = (value: unknown): unknown =>
          JSON.parse(
            JSON.stringify([value], (_key, inner: unknown) =>
              inner === undefined ? 'undefined!' : typeof inner === 'bigint' ? 'bigint!' : inner,
            ),
          )
        assert.ok(isDeepStrictEqual(plain(a), plain(b)))
      }
    }),
    { numRuns: 2000 },
  )
})

test('the order of keys counts: it is that of targets', () => {
  assert.is.not(describeValue({ a: 1, b: 2 }), describeValue({ b: 2, a: 1 }))
  assert.is.not(describeValue({ a: undefined }), describeValue({}))
})

test('what is more than data has no text', () => {
  const circle: unknown[] = []
  circle.push(circle)
  const values = [() => 1, { a: [Symbol('x')] }, new Date(0), new Map(), circle, Object.create({ a: 1 })]
  for (const value of values) assert.is(describeValue(value), undefined)
})

test.run()
