import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as z from 'zod'
import { shapeOf } from '../../../src/oci/json/document-shape.js'
import { scanJson, type JsonFault } from '../../../src/oci/json/json-scan.js'

const test = suite('json-scan')
const limits = { depth: 100, values: 1000 }

function scan(text: string): JsonFault | undefined {
  return scanJson(Buffer.from(text), limits)
}

const twice: Record<string, (string | number)[]> = {
  '{"a":1,"a":1}': ['a'],
  '{ "a" : {}, "b": [], "a" : null }': ['a'],
  '{"a":1,"\\u0061":2}': ['a'],
  '{"manifests":[{"digest":"x"},{"digest":"y","size":1,"digest":"z"}]}': ['manifests', 1, 'digest'],
  '[[],[{"a":{"b":[1,2,{"c":1,"d":"}","c":2}]}}]]': [1, 0, 'a', 'b', 2, 'c'],
  '{"ä\\"":1,"ä\\u0022":1}': ['ä"'],
  '{"":1,"":2}': [''],
  '{"__proto__":1,"__proto__":2}': ['__proto__'],
}
for (const [text, path] of Object.entries(twice)) {
  test(`finds the name in ${text}`, () => assert.equal(scan(text), { kind: 'name-twice', path }))
}

const fine = [
  '{}',
  '"a"',
  '[{"a":1},{"a":1}]',
  '{"a":"a","b":"a"}',
  '{"a":{"a":{"a":1}}}',
  '{"a":"\\"a\\":1,\\"a\\":2"}',
  '{"a\\\\":1,"a":2}',
  '{"a":["b","b",{"b":"b"}],"b":"b"}',
  '{"A":1,"a":2}',
]
for (const text of fine) test(`finds nothing in ${text}`, () => assert.is(scan(text), undefined))

const inner = z.looseObject({ size: z.int().nullish(), keys: z.array(z.string()) })
const document = z.looseObject({
  inner: inner.nullish().transform((value) => value ?? undefined),
  list: z.array(inner),
  labels: z.record(z.string(), z.string()),
  Sets: z.record(z.string(), inner),
})
const shape = shapeOf(document)

const ambiguous: Record<string, JsonFault> = {
  '{"Inner":1}': { kind: 'name-case', path: ['Inner'], other: 'inner', isThere: false },
  '{"inner":1,"INNER":2}': { kind: 'name-case', path: ['INNER'], other: 'inner', isThere: true },
  '{"li\u017ft":[]}': { kind: 'name-case', path: ['li\u017ft'], other: 'list', isThere: false },
  '{"list":[{},{"\\u212aeys":[]}]}': {
    kind: 'name-case',
    path: ['list', 1, '\u212aeys'],
    other: 'keys',
    isThere: false,
  },
  '{"Sets":{"a":{},"b":{"Size":1}}}': { kind: 'name-case', path: ['Sets', 'b', 'Size'], other: 'size', isThere: false },
  '{"sets":{}}': { kind: 'name-case', path: ['sets'], other: 'Sets', isThere: false },
  '{"unknown":1,"uNknown":2}': { kind: 'name-case', path: ['uNknown'], other: 'unknown', isThere: true },
  '{"labels":{"a":"","a":""}}': { kind: 'name-twice', path: ['labels', 'a'] },
  '{"list":[{"size":4.0}]}': { kind: 'no-integer', path: ['list', 0, 'size'], text: '4.0' },
}
for (const [text, fault] of Object.entries(ambiguous)) {
  test(`finds what readers differ in: ${text}`, () => assert.equal(scanJson(Buffer.from(text), limits, shape), fault))
}

const harmless = [
  '{"labels":{"a":"","A":"","list":"","List":""}}',
  '{"Sets":{"a":{},"A":{}}}',
  '{"unknown":{"a":1,"A":2,"Inner":3}}',
  '{"inner":[{"a":1,"A":2}],"list":{"a":1,"A":2}}',
  '{"unknown":{"size":4.0},"labels":{"size":4.0}}',
]
for (const text of harmless) {
  test(`finds nothing that readers differ in: ${text}`, () => {
    assert.is(scanJson(Buffer.from(text), limits, shape), undefined)
  })
}

test('nesting and values have their limits', () => {
  assert.is(scan('['.repeat(100) + ']'.repeat(100)), undefined)
  assert.equal(scan('['.repeat(101) + ']'.repeat(101)), { kind: 'too-deep', position: 100 })
  assert.equal(scan('{"a":'.repeat(5_000_000)), { kind: 'too-deep', position: 500 })
  assert.is(scan(`[${'1,'.repeat(1000)}1]`), undefined)
  assert.equal(scan(`[${'1,'.repeat(1001)}1]`), { kind: 'too-many', position: 2002 })
})

test('finds nothing in what JSON.stringify writes', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(0, 2), (value, indent) => {
      assert.is(scan(JSON.stringify(value, null, indent)), undefined)
    }),
  )
})

test('finds a name that is put a second time into any object', () => {
  const object = fc.dictionary(fc.string({ minLength: 1 }), fc.jsonValue({ maxDepth: 3 }), { minKeys: 1, maxKeys: 5 })
  fc.assert(
    fc.property(object, fc.nat(), (value, choice) => {
      const keys = Object.keys(value)
      const key = keys[choice % keys.length]!
      const text = `{"outer":[0,${JSON.stringify(value).slice(0, -1)},${JSON.stringify(key)}:0}]}`
      assert.equal(scan(text), { kind: 'name-twice', path: ['outer', 1, key] })
    }),
  )
})

test('never throws, and ends, whatever the bytes are', () => {
  const bits = fc.constantFrom('{', '}', '[', ']', '"', '\\', ',', ':', '1', 'a', '\\u00', '\xff')
  fc.assert(
    fc.property(fc.array(bits, { maxLength: 60 }), (parts) => void scan(parts.join(''))),
    { numRuns: 5000 },
  )
  fc.assert(fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => void scanJson(bytes, limits)))
})

test.run()
