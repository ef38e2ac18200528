/** Reading the blobs of a layout, each once, in whatever thread has time. */
import type { LayoutProblem } from '../../problem/problem.js'
import { assign } from '../jobs/worker-pool.js'
import { algorithmOf, type Digest } from '../digest.js'
import { hashBlob } from '../jobs/hash-blob.js'
import type { Compression } from '../layer/layer-type.js'
import { memoryOf } from '../layer/layer-names.js'
import type { LayerFacts } from '../layer/read-layer.js'
import { blobUnreadable, type LocatedFile } from '../read/read-blob.js'
import { nothingVerified, type ReadingOptions, type VerifiedFiles } from '../verified.js'

export interface LayerReading {
  /** The blob cannot be read, or is not what its digest says; its place is left out. */
  readonly problem?: LayoutProblem
  readonly facts?: LayerFacts
}

/** Bytes of memory for what layers say about places: of some 3 million places. */
const maximumNames = 32 * 1024 * 1024

export class Readings {
  readonly #layout: string
  readonly #verified: VerifiedFiles
  readonly #signal: AbortSignal | undefined
  readonly #blobs = new Map<Digest, Promise<LayoutProblem | undefined>>()
  readonly #layers = new Map<string, Promise<LayerReading>>()
  #namesSize = 0

  constructor(layout: string, { verified = nothingVerified, signal }: ReadingOptions) {
    this.#layout = layout
    this.#verified = verified
    this.#signal = signal
  }

  /** Compares the blob with its digest. @returns what is wrong, its place left out. */
  blob(blob: LocatedFile): Promise<LayoutProblem | undefined> {
    return once(this.#blobs, blob.digest, async () => {
      const { digest, location } = blob
      if (location.whole && this.#verified.has(location.file, location.identity, digest)) return undefined
      return (await this.#read(blob, () => hashBlob(location, digest, this.#signal))).problem
    })
  }

  /** Reads the layer through. */
  layer(blob: LocatedFile, compression: Compression, diffId: Digest): Promise<LayerReading> {
    const { digest, location } = blob
    const reading = once(this.#layers, `${digest} ${compression} ${algorithmOf(diffId)}`, async () => {
      const { file, offset, size } = location
      const job = { kind: 'layer', range: { file, offset, size }, digest, compression, diffId } as const
      const { problem, facts } = await this.#read(blob, () => assign(job, this.#signal))
      return { ...(problem && { problem }), ...(facts && { facts: this.#limit(facts) }) }
    })
    void once(this.#blobs, digest, async () => (await reading).problem)
    return reading
  }

  /** Forgets the names of layers that come when memory is used up. */
  #limit({ names, ...facts }: LayerFacts): LayerFacts {
    if (names === undefined || this.#namesSize + memoryOf(names) > maximumNames) {
      return { ...facts, limits: [...facts.limits, 'all-places'] }
    }
    this.#namesSize += memoryOf(names)
    return { ...facts, names }
  }

  has(digest: Digest): boolean {
    return this.#blobs.has(digest)
  }

  /** Of the blobs that were read, those that are not what they should be. */
  async damaged(): Promise<ReadonlySet<Digest>> {
    const damaged = new Set<Digest>()
    for (const [digest, reading] of this.#blobs) if ((await reading) !== undefined) damaged.add(digest)
    return damaged
  }

  async #read<T extends { readonly digest: Digest; readonly identity: string }>(
    { digest, location }: LocatedFile,
    read: () => Promise<T>,
  ): Promise<{ readonly facts?: T; readonly problem?: LayoutProblem }> {
    try {
      const facts = await read()
      if (facts.digest === digest) {
        if (location.whole) this.#verified.add(location.file, facts.identity, digest)
        return { facts }
      }
      const found = facts.digest
      return { problem: { code: 'blob-digest', layout: this.#layout, at: [], expected: digest, found } }
    } catch (error) {
      // The report is not made then.
      if (this.#signal?.aborted === true) return {}
      return { problem: blobUnreadable(this.#layout, [], digest, error) }
    }
  }
}

function once<K, V>(known: Map<K, Promise<V>>, key: K, read: () => Promise<V>): Promise<V> {
  const before = known.get(key)
  if (before !== undefined) return before
  const reading = read()
  known.set(key, reading)
  return reading
}
