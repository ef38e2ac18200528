/**
 * Reading one layer through, once: its digest, its diff ID, what its tar holds, and for which machines. What that means
 * for an image is judged by `judge-layer.ts`, so that a layer of many images is read for all of them.
 *
 * Input and output are plain data, so this may run in another thread. Memory is bounded by pieces, names and links;
 * time by what a layer may unpack to (`unpackedLimit`).
 */
import fs from 'node:fs'
import { formatBytes } from '../../util/format.js'
import { fileIdentity } from '../../util/fs.js'
import { blockSize, showName } from '../tar/fields.js'
import { createHasher, finishHasher, type Digest } from '../digest.js'
import { chunksOf, chunkSize, type ByteRange, type HashedRange } from '../hash.js'
import { ElfReader } from '../elf/elf-reader.js'
import type { EntryFault } from './entry-faults.js'
import { EntryPaths, type OuterPlace } from './entry-paths.js'
import type { LayerLimit } from './layer-limits.js'
import type { LayerNames } from './layer-names.js'
import { describeBytes, sniffCompression, type Compression } from './layer-type.js'
import { Programs, type MachineFiles } from '../elf/machine.js'
import type { TarEntry } from '../tar/headers.js'
import type { ContentReader } from '../tar/content-reader.js'
import { TarStream } from '../tar/stream.js'
import { unpack } from './unpack.js'

export interface LayerToRead {
  readonly range: ByteRange
  /** What the stored bytes should be; here it chooses the algorithm. */
  readonly digest: Digest
  readonly compression: Compression
  /** As `digest`, of the unpacked bytes. */
  readonly diffId: Digest
}

export interface LayerFacts extends HashedRange {
  /** Of the unpacked bytes; absent when not all was unpacked. */
  readonly diffId?: Digest
  /** Bytes that were unpacked. */
  readonly unpacked: number
  /** What is wrong with the layer as such: at most ten of each code. */
  readonly faults: readonly LayerFault[]
  /** Faults beyond these, by code. */
  readonly moreFaults: Readonly<Partial<Record<LayerFault['code'], number>>>
  /** Of its programs and libraries. */
  readonly machines: readonly MachineFiles[]
  /** More names of these files, by the name in `machines`. */
  readonly hardLinks: ReadonlyMap<string, readonly string[]>
  /** What it says about places. Absent if memory does not allow it. */
  readonly names?: LayerNames
  readonly outerPlaces: readonly OuterPlace[]
  /** Exceeded ones. */
  readonly limits: readonly LayerLimit[]
}

export interface LayerFault {
  readonly code: 'layer-compression' | 'layer-malformed' | 'layer-too-large' | EntryFault['code']
  /** The entry of the tar. */
  readonly entry?: string
  readonly expected: string
  readonly found: string
}

/** Faults of one code that are reported of one layer: enough to see what is wrong with it. */
const maximumFaults = 10
const shownName = 200

/**
 * Bytes that a compressed layer may unpack to: 1 GiB, and 200 for each byte that is stored. Layers of real images are
 * 2 to 10 times as large as they are stored, a few preallocated files of zeros aside, while gzip packs zeros by 1000 and
 * zstd by more: so a layer takes seconds more than its size on disk would, and no more.
 */
export function unpackedLimit(stored: number): number {
  return 1024 ** 3 + 200 * stored
}

/** @throws errors of the system, and AbortError. */
export async function readLayer(layer: LayerToRead, signal?: AbortSignal): Promise<LayerFacts> {
  const { range, digest, compression, diffId } = layer
  const descriptor = fs.openSync(range.file, 'r')
  try {
    const identity = fileIdentity(fs.fstatSync(descriptor, { bigint: true }))
    const stored = createHasher(digest)
    const content = new LayerContent()
    const unpacked = compression === 'none' && sameAlgorithm(digest, diffId) ? undefined : createHasher(diffId)
    const limit = compression === 'none' ? Number.POSITIVE_INFINITY : unpackedLimit(range.size)
    let size = 0
    const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(chunkSize, range.size)))
    const chunks = chunksOf(descriptor, range, buffer, (chunk) => {
      signal?.throwIfAborted()
      stored.update(chunk)
    })
    const start = Buffer.alloc(Math.min(range.size, blockSize))
    fs.readSync(descriptor, start, 0, start.length, range.offset)
    const mismatch = compression !== 'none' && sniffCompression(start) !== compression
    const take = (piece: Uint8Array): boolean => {
      size += piece.length
      if (size > limit) return false
      unpacked?.update(piece)
      content.push(piece)
      return true
    }
    const fault = mismatch ? undefined : await unpack(chunks, range.size, compression, take)
    // What was not unpacked is part of the blob all the same.
    for (const _ of chunks);
    const found = finishHasher(digest, stored)
    if (mismatch) {
      const expected = `a ${compression} stream, as the media type says`
      content.fault({ code: 'layer-compression', expected, found: describeBytes(start) })
    } else if (size > limit) {
      const expected = `at most ${formatBytes(limit)} unpacked (1 GiB, and 200 bytes for each that is stored)`
      content.fault({ code: 'layer-too-large', expected, found: 'more' })
    } else if (fault === undefined) content.end()
    else content.fault({ code: 'layer-compression', expected: `a whole ${compression} stream`, found: fault })
    const { faults, more, programs, paths, whole } = content
    return {
      digest: found,
      identity,
      ...(whole ? { diffId: unpacked === undefined ? found : finishHasher(diffId, unpacked) } : {}),
      unpacked: size,
      faults,
      moreFaults: more,
      machines: programs.list(),
      hardLinks: programs.hardLinks,
      names: paths.names,
      outerPlaces: paths.outerPlaces,
      limits: programs.isFull ? [...paths.limits(), 'programs'] : paths.limits(),
    }
  } finally {
    fs.closeSync(descriptor)
  }
}

function sameAlgorithm(a: Digest, b: Digest): boolean {
  return a.slice(0, a.indexOf(':')) === b.slice(0, b.indexOf(':'))
}

/** The unpacked bytes of one layer, as a tar. */
class LayerContent {
  readonly faults: LayerFault[] = []
  readonly more: Partial<Record<LayerFault['code'], number>> = {}
  readonly programs = new Programs()
  readonly paths = new EntryPaths()
  /** Nothing says that this is not all. */
  whole = true
  readonly #tar = new TarStream((entry) => this.#visit(entry))
  #start: Uint8Array | undefined

  push(piece: Uint8Array): void {
    this.#start ??= Uint8Array.from(piece.subarray(0, 4))
    this.#tar.push(piece)
  }

  /** To be called when all has been pushed. */
  end(): void {
    const found = this.#tar.end()
    if (found === undefined) return
    // A layer that says to be plain is often a compressed one; a compressed one may be so twice.
    const inside = sniffCompression(this.#start ?? new Uint8Array())
    if (inside === 'none') this.fault({ code: 'layer-malformed', expected: 'a whole tar', found })
    else
      this.fault({
        code: 'layer-compression',
        expected: 'a plain tar, as the media type says',
        found: `a ${inside} stream`,
      })
  }

  fault(fault: LayerFault): void {
    if (fault.code === 'layer-compression' || fault.code === 'layer-too-large') this.whole = false
    const { code } = fault
    if (this.faults.filter((other) => other.code === code).length < maximumFaults) this.faults.push(fault)
    else this.more[code] = (this.more[code] ?? 0) + 1
  }

  #visit(entry: TarEntry): ContentReader | undefined {
    const fault = this.paths.add(entry)
    if (fault !== undefined) this.fault({ ...fault, entry: showName(entry.name).slice(0, shownName) })
    const { place, linked } = this.paths
    if (linked !== undefined) this.programs.link(linked, place)
    const size = entry.sparse?.size ?? entry.stored
    if (entry.type !== 'file' || size < 52 || fault?.code === 'layer-entry-escapes') return undefined
    return new ElfReader(size, (elf, arm) => this.programs.add(elf, arm, place))
  }
}
