import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  algorithmOf,
  blobPath,
  createHasher,
  finishHasher,
  parseDigest,
  sha256,
  shortDigest,
} from '../../src/oci/digest.js'

const test = suite('digest')
const [hex64, hex128] = ['0123456789abcdef'.repeat(4), 'a'.repeat(128)]

test('takes sha256 and sha512 with exactly their digits', () => {
  assert.is(parseDigest(`sha256:${hex64}`), `sha256:${hex64}`)
  assert.is(parseDigest(`sha512:${hex128}`), `sha512:${hex128}`)
})

const refused: Record<string, string> = {
  'one digit short': `sha256:${hex64.slice(1)}`,
  'one digit more': `sha256:${hex64}0`,
  'upper case': `sha256:${hex64.toUpperCase()}`,
  'a name of the wrong length for its algorithm': `sha512:${hex64}`,
  'an algorithm that is not registered': `md5:${'a'.repeat(32)}`,
  'a name that every object has': `constructor:${hex64}`,
  'no algorithm': hex64,
  'an empty name': 'sha256:',
  nothing: '',
  'a way out of the layout': `sha256:../../../../etc/passwd${hex64.slice(22)}`,
  'a way out in the algorithm': `../sha256:${hex64}`,
  'a newline at the end': `sha256:${hex64}\n`,
  'a NUL': `sha256:${hex64.slice(1)}\0`,
  'two colons': `sha256:sha256:${hex64}`,
}
for (const [what, text] of Object.entries(refused)) {
  test(`refuses ${what}`, () => assert.is(parseDigest(text), undefined))
}

test('names the place of a blob', () => {
  assert.is(blobPath(parseDigest(`sha256:${hex64}`)!), `blobs/sha256/${hex64}`)
  assert.is(blobPath(parseDigest(`sha512:${hex128}`)!), `blobs/sha512/${hex128}`)
})

test('hashes with the algorithm of the digest', () => {
  const expected = parseDigest(`sha512:${createHash('sha512').update('x').digest('hex')}`)!
  assert.is(finishHasher(expected, createHasher(expected).update('x')), expected)
  assert.is(algorithmOf(expected), 'sha512')
  assert.is(sha256('x'), `sha256:${createHash('sha256').update('x').digest('hex')}`)
})

test('shortens for messages, whatever the text is', () => {
  assert.is(shortDigest(`sha256:${hex64}`), 'sha256:0123456789ab')
  assert.is(shortDigest('no digest'), 'no digest')
})

test.run()
