import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isDateTime, isExposedPort, isMediaType, isUri, isVariable } from '../../../src/oci/json/grammars.js'

const test = suite('grammars')

/** Most cases are in `document-mutations.test.ts`. */
test('a long text that almost fits is refused soon', () => {
  const [long, tail] = ['a'.repeat(1_000_000), '\n']
  const texts = [
    `http://${long}${tail}`,
    `a:${'/'.repeat(1_000_000)}${tail}`,
    `a:${'%20'.repeat(300_000)}${tail}`,
    long,
  ]
  for (const text of texts) {
    assert.is(isUri(text), false)
    assert.is(isMediaType(`${text}/${text}`), false)
    assert.is(isDateTime(text), false)
    assert.is(isExposedPort(text), false)
  }
  assert.is(isVariable(`${long}=`), true)
})

test('takes the examples of RFC 3986', () => {
  const examples = [
    'ftp://ftp.is.co.za/rfc/rfc1808.txt',
    'http://www.ietf.org/rfc/rfc2396.txt',
    'ldap://[2001:db8::7]/c=GB?objectClass?one',
    'mailto:John.Doe@example.com',
    'news:comp.infosystems.www.servers.unix',
    'tel:+1-816-555-1212',
    'telnet://192.0.2.16:80/',
    'urn:oasis:names:specification:docbook:dtd:xml:4.1.2',
    'http://[v1.a:b]/',
    'file:///etc/passwd',
  ]
  for (const example of examples) assert.ok(isUri(example), example)
})

test.run()
