/**
 * Writing an `oci-archive`: a tar of a layout with the same bytes on every machine. Members are sorted by name, owned
 * by nobody in particular (0/0), with one time for all.
 */
import fs, { type Stats } from 'node:fs'
import path from 'node:path'
import { compareCodeUnits } from '../util/json.js'
import { inDirectory, temporaryName, withPath } from '../util/fs.js'
import { fail, ok, type LayoutProblem, type Result } from '../util/problem.js'
import { blobPath, parseDigest, type Digest } from './digest.js'
import { hashRange } from './hash.js'
import { writeAll } from './store.js'
import { blockSize } from './tar-header.js'

export interface WrittenArchive {
  /** Bytes. */
  readonly size: number
}

/** `tar` and the OCI tools read archives in records of 20 blocks. */
const recordSize = 20 * blockSize
/** The largest number that a header's 11 octal digits hold. */
const maximumOctal = 0o77777777777

/**
 * Writes the layout in `directory`, with the given `blobs` of it, to `file` by a rename. Each blob's bytes are hashed
 * on the way and compared.
 * @param mtime of every member, in seconds since the epoch (SOURCE_DATE_EPOCH, else 0).
 */
export async function writeArchive(
  directory: string,
  blobs: readonly string[],
  file: string,
  mtime: number,
  signal?: AbortSignal,
): Promise<Result<WrittenArchive, LayoutProblem>> {
  const temporary = temporaryName(file)
  const descriptor = inDirectory(temporary, () => fs.openSync(temporary, 'wx', 0o644))
  try {
    fs.fchmodSync(descriptor, 0o644)
    const tar = new TarWriter(descriptor, file, mtime)
    for (const member of membersOf(blobs)) {
      signal?.throwIfAborted()
      if (member.kind === 'directory') {
        tar.header(member.name, 0, true)
        continue
      }
      const source = path.join(directory, member.name)
      const stat = fs.statSync(source)
      tar.header(member.name, stat.size, false)
      const found = await tar.content(source, stat, member.digest, signal)
      if (member.digest !== undefined && found !== member.digest) {
        const at = [member.name]
        return fail({ code: 'blob-digest', layout: directory, at, expected: member.digest, found })
      }
    }
    const written = tar.end()
    fs.renameSync(temporary, file)
    return ok(written)
  } catch (error) {
    throw withPath(error, file)
  } finally {
    fs.closeSync(descriptor)
    fs.rmSync(temporary, { force: true })
  }
}

type Member =
  | { readonly kind: 'directory'; readonly name: string }
  | { readonly kind: 'file'; readonly name: string; readonly digest?: Digest }

function membersOf(blobs: readonly string[]): Member[] {
  const members = new Map<string, Member>()
  const add = (member: Member): void => void members.set(member.name, member)
  add({ kind: 'file', name: 'index.json' })
  add({ kind: 'file', name: 'oci-layout' })
  add({ kind: 'directory', name: 'blobs/' })
  for (const text of blobs) {
    const digest = parseDigest(text)
    if (digest === undefined) throw new Error(`not a digest: ${text}`)
    const name = blobPath(digest)
    add({ kind: 'directory', name: `${path.posix.dirname(name)}/` })
    add({ kind: 'file', name, digest })
  }
  return [...members.values()].toSorted((a, b) => compareCodeUnits(a.name, b.name))
}

class TarWriter {
  readonly #descriptor: number
  readonly #file: string
  readonly #mtime: number
  #size = 0

  /** @param file for messages. */
  constructor(descriptor: number, file: string, mtime: number) {
    this.#descriptor = descriptor
    this.#file = file
    this.#mtime = mtime
  }

  header(name: string, size: number, directory: boolean): void {
    const records: string[] = []
    if (Buffer.byteLength(name) > 100) records.push(paxRecord('path', name))
    if (size > maximumOctal) records.push(paxRecord('size', String(size)))
    if (this.#mtime > maximumOctal) records.push(paxRecord('mtime', String(this.#mtime)))
    if (records.length > 0) {
      const content = Buffer.from(records.join(''))
      this.#write(this.#block(`PaxHeaders/${name}`.slice(0, 100), content.length, 'x', 0o644))
      this.#write(content)
      this.#pad()
    }
    const shown = size > maximumOctal ? 0 : size
    this.#write(this.#block(name.slice(0, 100), shown, directory ? '5' : '0', directory ? 0o755 : 0o644))
  }

  async content(file: string, stat: Stats, digest: Digest | undefined, signal?: AbortSignal): Promise<Digest> {
    const range = { file, offset: 0, size: stat.size }
    const before = this.#size
    const found = await hashRange(range, digest ?? ('sha256:' as Digest), (chunk) => this.#write(chunk), signal)
    if (this.#size - before !== stat.size) throw new Error(`${file} became shorter while it was read`)
    this.#pad()
    return found.digest
  }

  end(): WrittenArchive {
    const size = Math.ceil((this.#size + 2 * blockSize) / recordSize) * recordSize
    this.#write(Buffer.alloc(size - this.#size))
    return { size }
  }

  /** A ustar header (POSIX, "ustar Interchange Format"). */
  #block(name: string, size: number, type: string, mode: number): Buffer {
    const block = Buffer.alloc(blockSize)
    const octal = (value: number, offset: number, length: number): void => {
      block.write(value.toString(8).padStart(length - 1, '0'), offset, 'latin1')
    }
    block.write(name, 0, 'utf8')
    octal(mode, 100, 8)
    octal(0, 108, 8)
    octal(0, 116, 8)
    octal(size, 124, 12)
    octal(Math.min(this.#mtime, maximumOctal), 136, 12)
    block.fill(' ', 148, 156)
    block.write(type, 156, 'latin1')
    block.write('ustar\x0000', 257, 'latin1')
    octal(0, 329, 8)
    octal(0, 337, 8)
    const sum = block.reduce((total, byte) => total + byte, 0)
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
    return block
  }

  #pad(): void {
    const over = this.#size % blockSize
    if (over > 0) this.#write(Buffer.alloc(blockSize - over))
  }

  #write(bytes: Uint8Array): void {
    this.#size += bytes.length
    writeAll(this.#descriptor, bytes, this.#file)
  }
}

/** `<length> <key>=<value>\n`, where the length counts its own digits too. */
function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`)
  let length = rest
  while (rest + String(length).length !== length) length = rest + String(length).length
  return `${length} ${key}=${value}\n`
}
