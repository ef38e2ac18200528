/**
 * Finding files inside an uncompressed tar without unpacking it: only headers are read, so the cost grows with the
 * number of members and not with their size. Knows ustar, PAX `path` and `size`, and GNU long names.
 */
import fs from 'node:fs'
import {
  blockSize,
  checksumMatches,
  headerName,
  headerSize,
  isZeroBlock,
  maximumExtension,
  parsePax,
  textOf,
  typeFlagOf,
} from './tar-header.js'

export interface TarMember {
  /** Without a leading `./` or a trailing `/`. */
  readonly name: string
  readonly type: 'file' | 'directory' | 'link' | 'other'
  /** Byte offset of the content in the archive. */
  readonly offset: number
  /** Bytes of content. */
  readonly size: number
  /** Of a link: what it names, from the top of the archive (`hard`) or from the directory that it lies in. */
  readonly link?: { readonly to: string; readonly hard: boolean }
}

/**
 * All members in archive order; a later member of one name replaces an earlier one when the archive is unpacked.
 * @param file an open file descriptor.
 * @returns the reason when the file is no readable tar.
 */
export function readTarMembers(
  file: number,
  fileSize: number,
): readonly TarMember[] | { readonly error: string; readonly next?: string } {
  const members: TarMember[] = []
  const header = Buffer.alloc(blockSize)
  let position = 0
  let pax: ReadonlyMap<string, string> = new Map()
  let longName: string | undefined
  let longLink: string | undefined
  const files = new Map<string, TarMember>()

  while (position + blockSize <= fileSize) {
    if (fs.readSync(file, header, 0, blockSize, position) < blockSize)
      return { error: `cut off in the header at byte ${position}` }
    if (isZeroBlock(header)) return members
    if (!checksumMatches(header)) return { error: `no tar header at byte ${position}` }

    const size = headerSize(header, pax)
    const offset = position + blockSize
    if (!Number.isSafeInteger(size) || size < 0 || offset + size > fileSize) {
      return { error: `the member at byte ${position} claims ${size} bytes, more than the archive holds` }
    }
    const typeFlag = typeFlagOf(header)
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
      if (typeFlag === 'L') longName = textOf(content)
      if (typeFlag === 'K') longLink = textOf(content)
      continue
    }

    const name = plainName(pax.get('path') ?? longName ?? headerName(header))
    if (typeFlag === 'S' || [...pax.keys()].some((key) => key.startsWith('GNU.sparse.'))) {
      const packed = pax.get('GNU.sparse.name') ?? name
      return {
        error: `"${packed}" is packed as a sparse file`,
        next: 'make the archive again without --sparse (tar -cf)',
      }
    }
    // A second name of a file that came before (POSIX, "typeflag" 1) has no content of its own.
    const type = memberType(typeFlag)
    const to = type === 'link' ? plainName(pax.get('linkpath') ?? longLink ?? linkName(header)) : ''
    const hard = typeFlag === '1'
    const linked = hard ? files.get(to) : undefined
    const own: TarMember = { name, type, offset, size, ...(type === 'link' ? { link: { to, hard } } : {}) }
    const member = linked === undefined ? own : { ...linked, name }
    members.push(member)
    if (member.type === 'file') files.set(name, member)
    pax = new Map()
    longName = longLink = undefined
  }
  return members.length > 0 ? members : { error: 'no tar header at byte 0' }
}

function linkName(header: Buffer): string {
  return textOf(header.subarray(157, 257))
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
