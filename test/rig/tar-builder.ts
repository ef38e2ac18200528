/** Tars from a description of each entry, also such as no tar program writes. Nothing of `src/` is used. */
import { lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'
import path from 'node:path'

export interface TarEntryDescription {
  readonly name: string
  readonly content?: string | Uint8Array
  /** The type flag: '0' file (default), '1' hard link, '2' symbolic link, '3' device, '5' directory, … */
  readonly type?: string
  /** What a link names. */
  readonly target?: string
  /** Records of a PAX header before it. */
  readonly pax?: Readonly<Record<string, string>>
  /** GNU's long name and long link name in entries before it. */
  readonly gnu?: { readonly name?: string; readonly target?: string }
  /** In place of the length of `content`. */
  readonly size?: number | string
  /** Changes the header; the checksum follows. */
  readonly edit?: (header: Buffer) => void
}

/** Ends with two blocks of zeros. */
export function tarOfEntries(entries: readonly TarEntryDescription[]): Buffer {
  return Buffer.concat([...entries.flatMap(blocksOf), Buffer.alloc(1024)])
}

function blocksOf({
  name,
  content = '',
  type = '0',
  target = '',
  pax,
  gnu,
  size,
  edit,
}: TarEntryDescription): Buffer[] {
  const bytes = Buffer.from(content)
  const before: Buffer[] = []
  if (gnu?.name !== undefined) before.push(...blocksOf({ name: '././@LongLink', type: 'L', content: `${gnu.name}\0` }))
  if (gnu?.target !== undefined) {
    before.push(...blocksOf({ name: '././@LongLink', type: 'K', content: `${gnu.target}\0` }))
  }
  if (pax !== undefined) before.push(...blocksOf({ name: 'PaxHeaders/x', type: 'x', content: paxRecords(pax) }))
  const header = Buffer.alloc(512)
  const digits = typeof size === 'string' ? size : (size ?? bytes.length).toString(8).padStart(11, '0')
  const fields: [number, string, number][] = [
    [0, name, 100],
    [100, '0000644', 8],
    [108, '0000000', 8],
    [116, '0000000', 8],
    [124, digits, 12],
    [136, '00000000000', 12],
    [156, type, 1],
    [157, target, 100],
    [257, 'ustar\x0000', 8],
  ]
  for (const [offset, text, length] of fields) header.write(text, offset, length)
  edit?.(header)
  header.fill(' ', 148, 156)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  const body = Buffer.alloc(Math.ceil(bytes.length / 512) * 512)
  body.set(bytes)
  return [...before, header, body]
}

/** What `tar -cf FILE -C directory .` makes of it: links stay links. */
export function tarOfDirectory(directory: string): Buffer {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).toSorted()
  return tarOfEntries(
    names.map((name) => {
      const file = path.join(directory, name)
      const stat = lstatSync(file)
      if (stat.isDirectory()) return { name: `./${name}/`, type: '5' }
      if (stat.isSymbolicLink()) return { name: `./${name}`, type: '2', target: readlinkSync(file) }
      return { name: `./${name}`, content: readFileSync(file) }
    }),
  )
}

/** Each record counts its own length. */
export function paxRecords(records: Readonly<Record<string, string>>): string {
  return Object.entries(records)
    .map(([key, value]) => {
      const rest = ` ${key}=${value}\n`
      let length = Buffer.byteLength(rest) + 1
      while (Buffer.byteLength(`${length}${rest}`) !== length) length++
      return `${length}${rest}`
    })
    .join('')
}

/** A zstd frame of stored blocks (RFC 8878), since Node 20 has no zstd. */
export function zstdStored(bytes: Uint8Array): Buffer {
  const blockSize = 128 * 1024
  const parts = [Buffer.from('28b52ffd', 'hex'), Buffer.from([0x00, 0x58])]
  for (let at = 0; at < bytes.length || at === 0; at += blockSize) {
    const block = bytes.subarray(at, at + blockSize)
    const last = at + blockSize >= bytes.length ? 1 : 0
    const header = Buffer.alloc(3)
    header.writeUIntLE((block.length << 3) | last, 0, 3)
    parts.push(header, Buffer.from(block))
  }
  return Buffer.concat(parts)
}
