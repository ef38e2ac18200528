/**
 * Finding files inside an uncompressed tar without unpacking it: only headers are read, so the cost grows with the
 * number of members and not with their size. Knows ustar, PAX `path` and `size`, and GNU long names.
 */
import fs from 'node:fs'

export interface TarMember {
  /** Without a leading `./` or a trailing `/`. */
  readonly name: string
  readonly type: 'file' | 'directory' | 'link' | 'other'
  /** Byte offset of the content in the archive. */
  readonly offset: number
  /** Bytes of content. */
  readonly size: number
}

export const blockSize = 512
/** Extended headers and long names are read into memory: more than this is no name. */
const maximumExtension = 1024 * 1024

/**
 * All members in archive order; a later member of one name replaces an earlier one when the archive is unpacked.
 * @param file an open file descriptor.
 * @returns the reason when the file is no readable tar.
 */
export function readTarMembers(file: number, fileSize: number): readonly TarMember[] | { readonly error: string } {
  const members: TarMember[] = []
  const header = Buffer.alloc(blockSize)
  let position = 0
  let pax: ReadonlyMap<string, string> = new Map()
  let longName: string | undefined

  while (position + blockSize <= fileSize) {
    if (fs.readSync(file, header, 0, blockSize, position) < blockSize)
      return { error: `cut off in the header at byte ${position}` }
    if (header.every((byte) => byte === 0)) return members
    if (!checksumMatches(header)) return { error: `no tar header at byte ${position}` }

    const paxSize = pax.get('size')
    const size = paxSize === undefined ? readNumber(header, 124, 12) : Number(paxSize)
    const offset = position + blockSize
    if (!Number.isSafeInteger(size) || size < 0 || offset + size > fileSize) {
      return { error: `the member at byte ${position} claims ${size} bytes, more than the archive holds` }
    }
    const typeFlag = String.fromCharCode(header[156]!)
    position = offset + Math.ceil(size / blockSize) * blockSize

    if (typeFlag === 'x' || typeFlag === 'L' || typeFlag === 'g' || typeFlag === 'K') {
      if (size > maximumExtension) return { error: `an extended header of ${size} bytes` }
      const content = Buffer.alloc(size)
      fs.readSync(file, content, 0, size, offset)
      if (typeFlag === 'x') {
        const records = parsePax(content)
        if (records === undefined) return { error: `a malformed extended header at byte ${offset}` }
        pax = records
      }
      if (typeFlag === 'L') longName = text(content)
      continue
    }

    // GNU's own format says `ustar` with a space behind, and keeps times in the place of the prefix.
    const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? text(header.subarray(345, 500)) : ''
    const plain = text(header.subarray(0, 100))
    const name = pax.get('path') ?? longName ?? (prefix === '' ? plain : `${prefix}/${plain}`)
    members.push({ name: plainName(name), type: memberType(typeFlag), offset, size })
    pax = new Map()
    longName = undefined
  }
  return members.length > 0 ? members : { error: 'no tar header at byte 0' }
}

function plainName(name: string): string {
  let end = name.length
  while (name[end - 1] === '/') end--
  return name.slice(0, end).replace(/^(\.\/+)+/, '')
}

function memberType(flag: string): TarMember['type'] {
  switch (flag) {
    case '0':
    case '\0':
    case '7':
      return 'file'
    case '5':
      return 'directory'
    case '1':
    case '2':
      return 'link'
    default:
      return 'other'
  }
}

function checksumMatches(header: Buffer): boolean {
  let sum = 0
  for (let index = 0; index < blockSize; index++) sum += index >= 148 && index < 156 ? 0x20 : header[index]!
  return sum === readNumber(header, 148, 8)
}

/** Octal, or GNU's base-256 when the first bit is set. */
function readNumber(header: Buffer, start: number, length: number): number {
  const field = header.subarray(start, start + length)
  if ((field[0]! & 0x80) === 0) return Number.parseInt(text(field).trim() || '0', 8)
  let value = field[0]! & 0x7f
  for (const byte of field.subarray(1)) value = value * 256 + byte
  return value
}

function text(bytes: Buffer): string {
  const end = bytes.indexOf(0)
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end)
}

/** PAX records: `<length> <key>=<value>\n`, the length counting the whole record in bytes (POSIX pax, "pax Header Block"). */
function parsePax(content: Buffer): Map<string, string> | undefined {
  const records = new Map<string, string>()
  let start = 0
  while (start < content.length) {
    const [, digits] = /^([1-9]\d*) /.exec(content.toString('latin1', start, start + 10)) ?? []
    const end = start + Number(digits)
    if (digits === undefined || end > content.length || content[end - 1] !== 0x0a) return undefined
    const record = content.toString('utf8', start + digits.length + 1, end - 1)
    const equals = record.indexOf('=')
    if (equals > 0) records.set(record.slice(0, equals), record.slice(equals + 1))
    start = end
  }
  return records
}
