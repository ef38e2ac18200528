/**
 * Finds files inside an uncompressed tar without unpacking it: only headers are read, so the cost grows with the number
 * of members and not with their size.
 */
import fs from 'node:fs'
import { blockSize, paddingOf } from './fields.js'
import { TarHeaders, type TarEntry } from './headers.js'

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

interface Fault {
  readonly error: string
  readonly next?: string
}

/**
 * All members in archive order; a later member of one name replaces an earlier one when the archive is unpacked.
 * @param file an open file descriptor.
 * @returns the reason if the file is not a readable tar.
 */
export function readTarMembers(file: number, fileSize: number): readonly TarMember[] | Fault {
  const members: TarMember[] = []
  const files = new Map<string, TarMember>()
  const headers = new TarHeaders()
  const block = Buffer.alloc(blockSize)
  let [began, ended] = [false, false]
  let position = 0
  while (!ended && position + blockSize <= fileSize) {
    const start = position
    if (fs.readSync(file, block, 0, blockSize, start) < blockSize) return { error: `cut off at byte ${start}` }
    const step = headers.push(block)
    if (step.kind === 'fault') return { error: `${step.fault} at byte ${start}` }
    began = true
    ended = step.kind === 'end'
    position += blockSize
    if (step.kind !== 'entry' && step.kind !== 'extension') continue

    const size = step.kind === 'entry' ? step.entry.stored : step.size
    const offset = position
    if (offset + size > fileSize) {
      return { error: `the member at byte ${start} claims ${size} bytes, more than the archive holds` }
    }
    position += size + paddingOf(size)
    if (step.kind === 'extension') {
      const content = Buffer.alloc(size)
      fs.readSync(file, content, 0, size, offset)
      const fault = headers.extend(content)
      if (fault !== undefined) return { error: `${fault} at byte ${offset}` }
      continue
    }
    if (step.entry.sparse !== undefined) {
      const next = 'make the archive again without --sparse (tar -cf)'
      return { error: `"${plainName(step.entry.name)}" is packed as a sparse file`, next }
    }
    // Nothing is unpacked of it.
    if (step.entry.type === 'global-header') continue
    const member = memberOf(step.entry, offset, files)
    members.push(member)
    if (member.type === 'file') files.set(member.name, member)
  }
  return began ? members : { error: 'no tar header at byte 0' }
}

/** @param files that came before: a hard link is a second name of one of them. */
function memberOf(entry: TarEntry, offset: number, files: ReadonlyMap<string, TarMember>): TarMember {
  const [name, to, size] = [plainName(entry.name), plainName(entry.target), entry.stored]
  switch (entry.type) {
    case 'file':
    case 'directory':
      return { name, type: entry.type, offset, size }
    case 'hard-link':
    case 'symbolic-link': {
      const hard = entry.type === 'hard-link'
      const linked = hard ? files.get(to) : undefined
      return linked === undefined ? { name, type: 'link', offset, size, link: { to, hard } } : { ...linked, name }
    }
    default:
      return { name, type: 'other', offset, size }
  }
}

function plainName(name: string): string {
  let end = name.length
  while (name[end - 1] === '/') end--
  return name.slice(0, end).replace(/^(\.\/+)+/, '')
}
