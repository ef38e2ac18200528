import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { EntryPaths } from '../../../src/oci/layer/entry-paths.js'
import type { EntryType } from '../../../src/oci/tar/headers.js'

const test = suite('entry-paths')

/** `name`, `name -> symbolic link`, `name => hard link`: what is said of the last one. */
function last(...entries: readonly string[]): string | undefined {
  const paths = new EntryPaths()
  let fault: string | undefined
  for (const entry of entries) {
    const [, name = '', arrow, target = ''] = /^(.*?)(?: (->|=>) (.*))?$/s.exec(entry) ?? []
    const type: EntryType = arrow === '->' ? 'symbolic-link' : arrow === '=>' ? 'hard-link' : 'file'
    fault = paths.add({ name, flag: '0', type, target, stored: 0 })
  }
  return fault
}

const inside: Record<string, readonly string[]> = {
  'plain names, with and without ./': ['./etc/passwd'],
  'the root itself': ['./'],
  'an absolute name, which is below the root': ['/etc/passwd'],
  'the root itself, as an absolute name': ['/'],
  'a hard link to an absolute name': ['/bin/a', '/bin/b => /bin/a'],
  'dots in a name': ['usr/lib/..hidden/x...'],
  'a link to anywhere': ['etc/mtab -> ../../../../proc/self/mounts'],
  'an absolute link': ['etc/mtab -> /proc/self/mounts'],
  'a file through a link inside': ['lib -> usr/lib', 'lib/libc.so'],
  'a file through a link that climbs to the root': ['usr/up -> ..', 'usr/up/file'],
  'a file through an absolute link, which is inside the root': ['var/run -> /run', 'var/run/pid'],
  'a file through links that go round': ['a -> b', 'b -> a', 'a/file'],
  'a file in the place of a link that climbs': ['a -> ../..', 'a', 'a/file'],
  'a hard link': ['bin/a', 'bin/b => bin/a'],
  whiteouts: ['etc/.wh.gone', 'etc/.wh..wh..opq'],
}
for (const [what, entries] of Object.entries(inside)) {
  test(`takes ${what}`, () => assert.is(last(...entries), undefined))
}

const outside: Record<string, [entries: readonly string[], fault: RegExp]> = {
  'an absolute name that climbs': [['/../etc/passwd'], /^a name with "\.\."$/],
  'a name that climbs': [['../etc/passwd'], /^a name with "\.\."$/],
  'a name that climbs in its middle': [['etc/../../passwd'], /^a name with "\.\."$/],
  'a hard link to an absolute name that climbs': [['a => /../etc/shadow'], /^a hard link to a name with "\.\."$/],
  'a hard link that climbs': [['a => ../../etc/shadow'], /^a hard link to a name with "\.\."$/],
  'a hard link through a link that climbs': [['up -> ../..', 'a => up/etc/shadow'], /^a hard link that leads out/],
  'a file through a link that climbs': [['up -> ../..', 'up/etc/cron.d/x'], /^a name that leads out/],
  'a file through a link that climbs deep inside': [['a/b/up -> ../../../x', 'a/b/up/file'], /^a name that leads out/],
  'a file through a link to a link that climbs': [['a -> b/c', 'b/c -> ../..', 'a/file'], /^a name that leads out/],
  'a file through a link that climbs over a link': [['l -> a/b', 'm -> l/../../..', 'm/x'], /^a name that leads out/],
  'a file through an absolute link that climbs': [['a -> /..', 'a/file'], /^a name that leads out/],
  'a file with an absolute name through a link that climbs': [['/up -> ../..', '/up/x'], /^a name that leads out/],
  'a file behind a link that another form of its name made': [['up -> ../..', '/./up//x'], /^a name that leads out/],
  'a whiteout of the directory above by an absolute name': [['/etc/.wh...'], /^a whiteout of no name$/],
  'a file through a hard link to a link that climbs': [['a -> ../..', 'b => a', 'b/x'], /^a name that leads out/],
  'a whiteout of the directory above': [['etc/.wh...'], /^a whiteout of no name$/],
  'a whiteout of nothing': [['etc/.wh.'], /^a whiteout of no name$/],
  'a name with a NUL': [['etc/a\0b'], /^a name with a NUL$/],
  'a name that no system takes': [['x'.repeat(5000)], /^a name of more than 4096 bytes$/],
  'a name of very many parts': [['x/'.repeat(1000)], /^a name of more than 256 parts$/],
}
for (const [what, [entries, fault]] of Object.entries(outside)) {
  test(`refuses ${what}`, () => assert.match(last(...entries) ?? 'nothing', fault))
}

test('ends soon, however links lead on', () => {
  const many = Array.from({ length: 60 }, (_, index) => `l${index} -> ${`l${index + 1}/`.repeat(50)}x`)
  assert.ok(typeof last(...many, 'l0/file') !== 'number')
})

test.run()
