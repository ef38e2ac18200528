/**
 * Writing an `oci-archive`: a tar of a layout with the same bytes on every machine. Members are sorted by name, owned
 * by nobody in particular (0/0), with one time for all.
 */
import { promises as fs, type Stats } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { compareCodeUnits } from '../util/json.js'
import { temporaryName, withPath } from '../util/fs.js'
import { fail, ok, type LayoutProblem, type Result } from '../util/problem.js'
import { blobPath, parseDigest, type Digest } from './digest.js'
import { hashRange } from './read.js'
import { blockSize } from './tar.js'

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
  await fs.mkdir(path.dirname(file), { recursive: true })
  const temporary = temporaryName(file)
  const handle = await fs.open(temporary, 'wx', 0o644)
  try {
    await handle.chmod(0o644)
    const tar = new TarWriter(handle, mtime)
    for (const member of membersOf(blobs)) {
      signal?.throwIfAborted()
      if (member.kind === 'directory') {
        await tar.header(member.name, 0, true)
        continue
      }
      const source = path.join(directory, member.name)
      const stat = await fs.stat(source)
      await tar.header(member.name, stat.size, false)
      const found = await tar.content(source, stat, member.digest)
      if (member.digest !== undefined && found !== member.digest) {
        const at = [member.name]
        return fail({ code: 'blob-digest', layout: directory, at, expected: member.digest, found })
      }
    }
    const written = await tar.end()
    await handle.sync()
    await fs.rename(temporary, file)
    return ok(written)
  } catch (error) {
    throw withPath(error, file)
  } finally {
    await handle.close()
    await fs.rm(temporary, { force: true })
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
  readonly #file: FileHandle
  readonly #mtime: number
  #size = 0

  constructor(file: FileHandle, mtime: number) {
    this.#file = file
    this.#mtime = mtime
  }

  async header(name: string, size: number, directory: boolean): Promise<void> {
    const records: string[] = []
    if (Buffer.byteLength(name) > 100) records.push(paxRecord('path', name))
    if (size > maximumOctal) records.push(paxRecord('size', String(size)))
    if (this.#mtime > maximumOctal) records.push(paxRecord('mtime', String(this.#mtime)))
    if (records.length > 0) {
      const content = Buffer.from(records.join(''))
      await this.#write(this.#block(`PaxHeaders/${name}`.slice(0, 100), content.length, 'x', 0o644))
      await this.#write(content)
      await this.#pad()
    }
    const shown = size > maximumOctal ? 0 : size
    await this.#write(this.#block(name.slice(0, 100), shown, directory ? '5' : '0', directory ? 0o755 : 0o644))
  }

  async content(file: string, stat: Stats, digest: Digest | undefined): Promise<Digest> {
    const location = { file, offset: 0, size: stat.size, whole: true, identity: '' }
    const before = this.#size
    const found = await hashRange(location, digest ?? ('sha256:' as Digest), (chunk) => this.#write(chunk))
    if (this.#size - before !== stat.size) throw new Error(`${file} became shorter while it was read`)
    await this.#pad()
    return found
  }

  async end(): Promise<WrittenArchive> {
    const size = Math.ceil((this.#size + 2 * blockSize) / recordSize) * recordSize
    await this.#write(Buffer.alloc(size - this.#size))
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

  async #pad(): Promise<void> {
    const over = this.#size % blockSize
    if (over > 0) await this.#write(Buffer.alloc(blockSize - over))
  }

  async #write(bytes: Uint8Array): Promise<void> {
    this.#size += bytes.length
    for (let written = 0; written < bytes.length;) {
      written += (await this.#file.write(bytes, written)).bytesWritten
    }
  }
}

/** `<length> <key>=<value>\n`, where the length counts its own digits too. */
function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`)
  let length = rest
  while (rest + String(length).length !== length) length = rest + String(length).length
  return `${length} ${key}=${value}\n`
}
