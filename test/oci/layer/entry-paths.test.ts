import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { EntryPaths } from '../../../src/oci/layer/entry-paths.js'
import type { LayerLimit } from '../../../src/oci/layer/layer-limits.js'
import type { EntryType, TarEntry } from '../../../src/oci/tar/headers.js'

const test = suite('entry-paths')

/** `name`, `name -> symbolic link`, `name => hard link`: what is said of the last one. */
function last(...entries: readonly string[]): string | undefined {
  const paths = new EntryPaths()
  let fault: string | undefined
  for (const entry of entries) {
    fault = paths.add(entryOf(entry))?.found
  }
  return fault
}

function entryOf(entry: string): TarEntry {
  const [, name = '', arrow, target = ''] = /^(.*?)(?: (->|=>) (.*))?$/s.exec(entry) ?? []
  const plain: EntryType = name.endsWith('/') ? 'directory' : 'file'
  const type = arrow === '->' ? 'symbolic-link' : arrow === '=>' ? 'hard-link' : plain
  return { name, flag: '0', type, target, stored: 0 }
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
  'a hard link to a symbolic link to a directory': ['d/', 'l -> d', 'l/file', 'h => l'],
  'a directory after what lies in it': ['d/file', 'd/'],
  'a file where only its own entries make a directory': ['d/file', 'd'],
  'a file that the layer also removes, after the whiteout': ['etc/.wh.a', 'etc/a'],
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
  'a hard link through a link that climbs': [
    ['up -> ../..', 'a => up/etc/shadow'],
    /^a hard link to a name that leads out/,
  ],
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
  'a name that no system takes': [['x/'.repeat(2500)], /^a name of more than 4095 bytes$/],
  'a part of a name that no file system takes': [['ä'.repeat(128)], /^a name with a part of more than 255 bytes$/],
  'a file below links that go round': [
    ['a -> b', 'b -> a', 'a/file'],
    /^an entry below symbolic links that lead round$/,
  ],
  'a file below a file': [['a', 'a/b'], /^an entry below something that is not a directory$/],
  'a file deep below a file': [['a', 'a/b/c/d'], /^an entry below something that is not a directory$/],
  'a file below a hard link': [['f', 'a => f', 'a/b'], /^an entry below something that is not a directory$/],
  'a path twice, however it is written': [['d/a', './d//a'], /^an entry with the path of an earlier one$/],
  'a path as file and directory': [['a', 'a/'], /^an entry with the path of an earlier one$/],
  'an opaque whiteout twice': [['.wh..wh..opq', '/.wh..wh..opq'], /^an entry with the path of an earlier one$/],
  'a hard link to itself': [['d/a', 'd/a => d/a'], /^a hard link to itself$/],
  'a hard link to itself, by way of a link': [['d/', 'l -> d', 'd/a => l/a'], /^a hard link to itself$/],
  'a hard link to a directory without an entry': [['d/f', 'a => d'], /^a hard link to a directory$/],
  'a whiteout after what lies below its name': [['d/f', '.wh.d'], /^a whiteout after an entry/],
  'a file behind links that lead too deep': [
    [`${'d/'.repeat(1500)}m -> ${'d/'.repeat(1500)}e`, `l -> ${'d/'.repeat(1500)}m`, 'l/file'],
    /^an entry that links lead to a name of more than 4095 bytes$/,
  ],
}
for (const [what, [entries, fault]] of Object.entries(outside)) {
  test(`refuses ${what}`, () => assert.match(last(...entries) ?? 'nothing', fault))
}

const tooMany: Record<string, [limit: LayerLimit, entries: number, entry: (index: number) => string]> = {
  paths: ['places', 750_001, (index) => `d/${index}`],
  'symbolic links': ['symbolic-links', 10_000, (index) => `${index} -> ${'x'.repeat(4000)}`],
  'deep paths': ['depth', 3000, (index) => `${index}-directory/`.repeat(200)],
  'hard links to lower layers': ['lower-places', 40_000, (index) => `h${index} => usr/share/${index}`],
}
for (const [what, [limit, entries, entry]] of Object.entries(tooMany)) {
  test(`says that there are too many ${what}`, () => {
    const paths = new EntryPaths()
    for (let index = 0; index < 10; index++) paths.add(entryOf(entry(index)))
    assert.not(paths.limits().includes(limit))
    for (let index = 10; index < entries; index++) paths.add(entryOf(entry(index)))
    assert.ok(paths.limits().includes(limit))
  })
}

test('ends soon, however links lead on', () => {
  const many = Array.from({ length: 60 }, (_, index) => `l${index} -> ${`l${index + 1}/`.repeat(50)}x`)
  assert.ok(typeof last(...many, 'l0/file') !== 'number')
})

test.run()
