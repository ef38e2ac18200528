/** Layers of every kind that container engines may refuse, by the names in the table of docs/verify.md. */
import { tarOfEntries, type TarEntryDescription } from './tar-builder.js'

const file = (name: string, content = 'text'): TarEntryDescription => ({ name, content })
const directory = (name: string): TarEntryDescription => ({ name, type: '5' })
const hardLink = (name: string, target: string): TarEntryDescription => ({ name, type: '1', target })
const link = (name: string, target: string): TarEntryDescription => ({ name, type: '2', target })
const named = (path: string): TarEntryDescription => ({ name: 'x', pax: { path } })

/** The layer below each of them. */
export const lowerLayer = tarOfEntries([directory('base/'), file('base/file'), file('base/other')])

/** A sparse file of 4096 bytes, of which the first 512 are stored. */
const gnuSparse: TarEntryDescription = {
  name: 'sparse',
  type: 'S',
  content: 'x'.repeat(512),
  edit: (header) => {
    header.write('ustar  \0', 257)
    header.fill(0, 345, 512)
    header.write('00000000000\x0000000001000\0', 386)
    header.write('00000010000\0', 483)
  },
}
const paxSparse: TarEntryDescription = {
  name: 'sparse',
  content: 'x'.repeat(512),
  pax: {
    'GNU.sparse.major': '0',
    'GNU.sparse.minor': '1',
    'GNU.sparse.name': 'sparse',
    'GNU.sparse.size': '4096',
    'GNU.sparse.numblocks': '1',
    'GNU.sparse.map': '0,512',
  },
}
const plain: readonly TarEntryDescription[] = [
  directory('./'),
  directory('a/'),
  file('a/file'),
  link('a/link', 'file'),
  hardLink('a/hard', 'a/file'),
  { name: 'a/fifo', type: '6' },
  file('base/.wh.file', ''),
]

export const layerKinds: Readonly<Record<string, readonly TarEntryDescription[] | Uint8Array>> = {
  'directories, files, links, FIFOs, whiteouts': plain,
  'bytes after the end of the tar': Buffer.concat([tarOfEntries(plain), Buffer.from('more')]),
  'an empty name, of a directory': [directory(''), file('a')],
  'a directory with a size': [{ name: 'a/', type: '5', size: 4096 }, file('a/b')],
  'a whiteout with content': [file('base/.wh.file')],
  'an entry through a symbolic link': [directory('a/'), link('b', 'a'), file('b/c')],
  'a name of 1000 parts': [named(`${'x/'.repeat(1000)}a`)],
  'an unknown type flag': [{ ...file('a'), type: 'Z' }],
  'a contiguous file (type flag 7)': [{ ...file('a'), type: '7' }],
  'a sparse file of GNU tar (type flag S)': [gnuSparse],
  'a sparse file in PAX records': [paxSparse],
  'a global PAX header (type flag g)': [{ name: 'g', type: 'g', content: '18 comment=commit\n' }, file('a')],
  'a path twice': [file('a'), file('b'), file('a')],
  'a path as `a` and `./a`': [file('a'), file('./a')],
  'a path as `a` and `/a`': [file('a'), file('/a')],
  'a directory twice': [directory('a/'), directory('a')],
  'a whiteout twice': [file('base/.wh.file', ''), file('base/.wh.file', '')],
  'an empty name, of a file': [file('')],
  'a hard link to itself': [file('a'), hardLink('a', 'a')],
  'a hard link to a missing file': [hardLink('a', 'nothing')],
  'a hard link to a later entry': [hardLink('a', 'b'), file('b')],
  'a hard link to a directory': [directory('b/'), hardLink('a', 'b')],
  'a hard link to an empty name': [hardLink('a', '')],
  'a hard link to a file of a lower layer': [hardLink('a', 'base/file')],
  'a hard link to what the same layer removes': [file('base/.wh.file', ''), hardLink('a', 'base/file')],
  'an entry below a file': [file('a'), file('a/b')],
  'an entry below a link to a file': [file('b'), link('a', 'b'), file('a/c')],
  'an entry below links that lead round': [link('a', 'b'), link('b', 'a'), file('a/c')],
  'an entry below a link to nothing': [link('a', 'nothing'), file('a/c')],
  'an entry below a file of a lower layer': [file('base/file/a')],
  'a symbolic link to an empty name': [link('a', '')],
  'a symbolic link to 4096 bytes': [{ name: 'a', type: '2', pax: { linkpath: 'x'.repeat(4096) } }],
  'a part of a name of 256 bytes': [named('x'.repeat(256))],
  'a name of 5025 bytes': [named(`${'x'.repeat(200)}/`.repeat(25))],
  'a name with a NUL': [named('a\0b')],
  'a number that is none': [{ ...file('a'), edit: (header) => void header.write('zzzzzzz', 100) }],
  'a single block of zeros before a header': Buffer.concat([Buffer.alloc(512), tarOfEntries([file('a')])]),
  'a whiteout after its name in one layer': [file('base/file'), file('base/.wh.file', '')],
  'a whiteout without a name (`.wh.`)': [file('base/.wh.', '')],
  'a whiteout of the directory above (`.wh...`)': [file('base/.wh...', '')],
  'a name with `..`': [file('a/../../b')],
}

export function layerOfKind(what: string): Uint8Array {
  const kind = layerKinds[what]!
  return kind instanceof Uint8Array ? kind : tarOfEntries(kind)
}
