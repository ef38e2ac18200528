import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isReference, isRepository, isTag, splitName } from '../../src/oci/reference.js'

const test = suite('reference')

function table(
  name: string,
  accepts: (text: string) => boolean,
  good: readonly string[],
  bad: readonly string[],
): void {
  for (const text of good) test(`${name}: takes ${JSON.stringify(text)}`, () => assert.ok(accepts(text)))
  for (const text of bad) test(`${name}: refuses ${JSON.stringify(text)}`, () => assert.not(accepts(text)))
}

table(
  'reference',
  isReference,
  ['latest', '1.0', 'v1.2.3+git', 'a--b', 'docker.io/library/app:1.0', 'localhost:5000/x@sha256:ab', '1.0-r0'],
  ['', '-a', 'a-', 'a..b', 'a---b', '/a', 'a/', 'a//b', 'a b', 'a\n', 'ä', 'a_', '../a'],
)
table(
  'tag',
  isTag,
  ['latest', '_x', '1.4.2', 'A-b_c.d', 'a'.repeat(128)],
  ['', '-a', '.a', 'a+b', 'a:b', 'a/b', 'latest\n', 'a'.repeat(129)],
)
table(
  'repository',
  isRepository,
  [
    'app',
    'library/app',
    'a__b',
    'a--b/c.d_e',
    'localhost/app',
    'localhost:5000/acme/app',
    'Registry.Example.COM:443/acme/app',
    '127.0.0.1:5000/x',
  ],
  [
    '',
    'App',
    'example.com/App',
    'a..b',
    'a___b',
    'a/',
    '/a',
    'https://example.com/a',
    'example.com:port/a',
    'example..com/a',
    'example.com./a',
    'a.-b.c/d',
    'a b',
    'app:1.0',
    'app\n',
  ],
)

test('refuses a long hostile name at once', () => {
  assert.not(isReference(`${'a-'.repeat(100_000)}!`))
  assert.not(isRepository(`${'a.'.repeat(100_000)}!`))
  assert.not(isRepository(`${'a-'.repeat(100_000)}!`))
})

test('splits a name at its tag, and not at a port', () => {
  assert.equal(splitName('localhost/app:1.0'), { repository: 'localhost/app', tag: '1.0' })
  assert.equal(splitName('localhost:5000/app'), { repository: 'localhost:5000/app' })
  assert.equal(splitName('localhost:5000/app:x'), { repository: 'localhost:5000/app', tag: 'x' })
  assert.equal(splitName('app'), { repository: 'app' })
  assert.equal(splitName('app:'), { repository: 'app', tag: '' })
})

test.run()
