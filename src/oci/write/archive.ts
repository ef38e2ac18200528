/**
 * Writing an `oci-archive`: a tar of a layout with the same bytes on every machine. Members are sorted by name, owned
 * by nobody in particular (0/0), with one time for all.
 */
import fs from 'node:fs'
import path from 'node:path'
import { compareCodeUnits } from '../../util/json.js'
import { fileIdentity, inDirectory, isAbsent, temporaryName, withPath } from '../../util/fs.js'
import { fail, ok, type LayoutProblem, type Result } from '../../problem/problem.js'
import { readInto } from '../../util/read-file.js'
import { blobPath, parseDigest, type Digest } from '../digest.js'
import { hashRange, readChunks, type ByteRange } from '../hash.js'
import { writeAll } from './store.js'
import { nothingVerified, type VerifiedFiles } from '../verified.js'
import { blockSize } from '../tar/fields.js'

export interface WrittenArchive {
  /** Bytes. */
  readonly size: number
}

/** `tar` and the OCI tools read archives in records of 20 blocks. */
const recordSize = 20 * blockSize
/** The largest number that a header's 11 octal digits hold. */
const maximumOctal = 0o77777777777

export interface ArchiveOptions {
  /** Of every member, in seconds since the epoch (SOURCE_DATE_EPOCH, else 0). */
  readonly mtime: number
  /** Files that are known to be what their digest says; others are hashed while they are copied. */
  readonly verified?: VerifiedFiles
  readonly signal?: AbortSignal
}

/** Writes the layout in `directory`, with the given `blobs` of it, to `file` by a rename. No damaged blob gets in. */
export async function writeArchive(
  directory: string,
  blobs: readonly string[],
  file: string,
  options: ArchiveOptions,
): Promise<Result<WrittenArchive, LayoutProblem>> {
  const temporary = temporaryName(file)
  const descriptor = openNew(temporary, file)
  try {
    fs.fchmodSync(descriptor, 0o644)
    const tar = new TarWriter((bytes) => writeAll(descriptor, bytes, file), file, options.mtime)
    const written = await putLayout(tar, directory, blobs, temporary, options)
    if (written.ok) fs.renameSync(temporary, file)
    return written
  } catch (error) {
    throw withPath(error, file)
  } finally {
    fs.closeSync(descriptor)
    fs.rmSync(temporary, { force: true })
  }
}

/** Whether `file` has, byte by byte, what `writeArchive` would write. Reads up to the first difference. */
export async function isArchiveOf(
  directory: string,
  blobs: readonly string[],
  file: string,
  options: ArchiveOptions,
): Promise<boolean> {
  const descriptor = fs.openSync(file, 'r')
  let there = Buffer.alloc(0)
  try {
    const tar = new TarWriter(
      (bytes) => {
        if (there.length < bytes.length) there = Buffer.allocUnsafe(bytes.length)
        const read = readInto(descriptor, there, 0, bytes.length, null)
        if (read < bytes.length || there.compare(bytes, 0, bytes.length, 0, read) !== 0) throw new Difference()
      },
      file,
      options.mtime,
    )
    const compared = await putLayout(tar, directory, blobs, file, options)
    return compared.ok && fs.fstatSync(descriptor).size === compared.value.size
  } catch (error) {
    // A blob that is gone makes it another image as well.
    if (error instanceof Difference || isAbsent(error)) return false
    throw error
  } finally {
    fs.closeSync(descriptor)
  }
}

class Difference extends Error {}

/** @param archive where the written bytes can be read again */
async function putLayout(
  tar: TarWriter,
  directory: string,
  blobs: readonly string[],
  archive: string,
  options: ArchiveOptions,
): Promise<Result<WrittenArchive, LayoutProblem>> {
  for (const member of membersOf(blobs)) {
    options.signal?.throwIfAborted()
    if (member.kind === 'directory') {
      tar.header(member.name, 0, true)
      continue
    }
    const source = path.join(directory, member.name)
    const range = { file: source, offset: 0, size: fs.statSync(source).size }
    tar.header(member.name, range.size, false)
    const copy = { file: archive, offset: tar.size, size: range.size }
    const write = (chunk: Uint8Array): void => tar.write(chunk)
    const { digest } = member
    if (digest === undefined) await readChunks(range, write, options.signal)
    else {
      const found = await copyBlob(range, digest, write, copy, options)
      if (found !== digest) {
        return fail({ code: 'blob-digest', layout: directory, at: [member.name], expected: digest, found })
      }
    }
    tar.endMember(range.size)
  }
  return ok(tar.end())
}

function openNew(temporary: string, file: string): number {
  try {
    return inDirectory(temporary, () => fs.openSync(temporary, 'wx', 0o644))
  } catch (error) {
    throw withPath(error, file)
  }
}

/**
 * Bytes that are known are not hashed again while their file has the same identity before and after. Else the copy is
 * read: other processes may have made or removed a hard link.
 * @returns the digest of what was copied.
 */
async function copyBlob(
  range: ByteRange,
  digest: Digest,
  write: (chunk: Uint8Array) => void,
  copy: ByteRange,
  { verified = nothingVerified, signal }: ArchiveOptions,
): Promise<Digest> {
  const isKnown = (): boolean =>
    verified.has(range.file, fileIdentity(fs.statSync(range.file, { bigint: true })), digest)
  if (!isKnown()) return (await hashRange(range, digest, write, signal)).digest
  await readChunks(range, write, signal)
  return isKnown() ? digest : (await hashRange(copy, digest, undefined, signal)).digest
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
  readonly #put: (bytes: Uint8Array) => void
  readonly #file: string
  readonly #mtime: number
  #size = 0
  /** Where the content of the present member begins. */
  #began = 0

  /** @param file for messages. */
  constructor(put: (bytes: Uint8Array) => void, file: string, mtime: number) {
    this.#put = put
    this.#file = file
    this.#mtime = mtime
  }

  /** Bytes so far. */
  get size(): number {
    return this.#size
  }

  header(name: string, size: number, directory: boolean): void {
    const records: string[] = []
    if (Buffer.byteLength(name) > 100) records.push(paxRecord('path', name))
    if (size > maximumOctal) records.push(paxRecord('size', String(size)))
    if (this.#mtime > maximumOctal) records.push(paxRecord('mtime', String(this.#mtime)))
    if (records.length > 0) {
      const content = Buffer.from(records.join(''))
      this.write(this.#block(`PaxHeaders/${name}`.slice(0, 100), content.length, 'x', 0o644))
      this.write(content)
      this.#pad()
    }
    const shown = size > maximumOctal ? 0 : size
    this.write(this.#block(name.slice(0, 100), shown, directory ? '5' : '0', directory ? 0o755 : 0o644))
    this.#began = this.#size
  }

  /** After the content that `write` was given. */
  endMember(size: number): void {
    if (this.#size - this.#began !== size) throw new Error(`${this.#file}: a member became shorter while it was read`)
    this.#pad()
  }

  end(): WrittenArchive {
    const size = Math.ceil((this.#size + 2 * blockSize) / recordSize) * recordSize
    this.write(Buffer.alloc(size - this.#size))
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
    if (over > 0) this.write(Buffer.alloc(blockSize - over))
  }

  write(bytes: Uint8Array): void {
    this.#size += bytes.length
    this.#put(bytes)
  }
}

/** `<length> <key>=<value>\n`, where the length counts its own digits too. */
function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`)
  let length = rest
  while (rest + String(length).length !== length) length = rest + String(length).length
  return `${length} ${key}=${value}\n`
}
