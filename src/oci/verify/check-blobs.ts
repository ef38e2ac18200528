/** The blobs that a walk over a layout comes to, each read once, however many descriptors point to it. */
import { breathe } from '../../util/breathe.js'
import type { LayoutProblem, TreePath } from '../../problem/problem.js'
import { isUnsupportedDigest, parseDigest, type Digest } from '../digest.js'
import type { Descriptor } from '../documents.js'
import type { AllowedForeign } from '../layer/allowed-foreign.js'
import { judgeImage, type JudgedImage } from '../layer/judge-image.js'
import { judgeLayer, type PlacedLayer } from '../layer/judge-layer.js'
import { layerLimits } from '../layer/layer-limits.js'
import type { LayerFacts } from '../layer/read-layer.js'
import { compressionOf, type Compression } from '../layer/layer-type.js'
import type { Layout } from '../read/layout.js'
import type { Platform } from '../platform.js'
import { locateBlob, type LocatedFile } from '../read/read-blob.js'
import { Readings } from './readings.js'
import type { LimitedLayer, VerifyOptions } from './verify-report.js'

export interface LayerToRead {
  readonly compression: Compression
  readonly diffId: Digest
}

/** Problems, or of something that is still being read, what will be found. */
export type Found = LayoutProblem | Promise<LayoutProblem | readonly LayoutProblem[] | undefined>

/** Layers of one image at their positions. Those that are not read are left out. */
export type LayerReadings = (Promise<PlacedLayer | undefined> | undefined)[]

export class BlobChecks {
  /** Sizes of the blobs that can be reached, by digest. */
  readonly seen = new Map<Digest, number>()
  readonly ownerOnly = new Set<Digest>()
  readonly absent = new Map<string, number>()
  readonly unread = new Map<string, string>()
  /** Layers of which not everything was checked. */
  readonly limited: LimitedLayer[] = []
  readonly readings: Readings
  readonly allowed: AllowedForeign | undefined
  readonly #layout: Layout
  readonly #options: VerifyOptions
  readonly #problems: Found[]

  /** @param problems get what is found, in the order of the calls. */
  constructor(layout: Layout, options: VerifyOptions, allowed: AllowedForeign | undefined, problems: Found[]) {
    this.allowed = allowed
    this.#layout = layout
    this.#options = options
    this.#problems = problems
    this.readings = new Readings(layout.path, options)
  }

  /**
   * Finds the file that is to be read. A blob that cannot be found is reported, unless it was before. One whose digest
   * cannot be computed is listed as not read: image-spec wants such digests to pass (descriptor.md, "Digests").
   */
  locate(descriptor: Descriptor, at: TreePath, known = false): LocatedFile | undefined {
    this.#options.signal?.throwIfAborted()
    if (isUnsupportedDigest(descriptor.digest)) {
      this.unread.set(descriptor.digest, descriptor.mediaType)
      return undefined
    }
    const located = locateBlob(this.#layout, descriptor, at)
    if (!located.ok) {
      if (!known) this.#problems.push(...located.problems)
      return undefined
    }
    if ('embedded' in located.value) {
      this.seen.set(located.value.digest, descriptor.size)
      if (this.#options.deep === true && !known) this.unread.set(descriptor.digest, descriptor.mediaType)
      return undefined
    }
    if (located.value.location.ownerOnly === true) this.ownerOnly.add(located.value.digest)
    return located.value
  }

  layerToRead({ digest, mediaType }: Descriptor, diffId: string | undefined): LayerToRead | undefined {
    if (this.#options.deep !== true || diffId === undefined) return undefined
    const compression = compressionOf(mediaType)
    const parsed = parseDigest(diffId)
    if (compression !== undefined && parsed !== undefined) return { compression, diffId: parsed }
    this.unread.set(digest, mediaType)
    return undefined
  }

  /** @returns the reading, unless there is nothing to read. */
  checkLayer(
    descriptor: Descriptor,
    at: TreePath,
    { compression, diffId }: LayerToRead,
  ): Promise<PlacedLayer | undefined> | undefined {
    const located = this.locate(descriptor, at)
    if (located === undefined) return undefined
    this.seen.set(located.digest, descriptor.size)
    const reading = this.readings.layer(located, compression, diffId)
    this.#problems.push(
      reading.then(({ problem, facts }) => {
        if (problem !== undefined) return { ...problem, at }
        if (facts !== undefined) this.#note(facts)
        return facts && judgeLayer({ facts, at }, diffId, this.#layout.path, this.#options.strict === true)
      }),
    )
    return reading.then(({ facts }) => facts && { at, facts })
  }

  /** Notes each limit that the layer exceeds, once for all images that share it. */
  #note({ digest, limits }: LayerFacts): void {
    if (this.limited.some((other) => other.digest === digest)) return
    this.limited.push(...limits.map((limit) => ({ digest, limit, unchecked: layerLimits[limit] })))
  }

  async judge(layers: LayerReadings, length: number, platform: Platform): Promise<JudgedImage> {
    const read = await Promise.all(Array.from({ length }, async (_, index) => layers[index]))
    return judgeImage(read, platform, this.#layout.path, this.#options.strict === true, this.allowed)
  }

  async check(descriptor: Descriptor, at: TreePath, known = false): Promise<void> {
    const located = this.locate(descriptor, at, known)
    if (located === undefined) return
    // Of documents, which were read, and of layers, there is an entry already; only the latter can be read in vain.
    const isDocument = this.seen.has(located.digest) && !this.readings.has(located.digest)
    this.seen.set(located.digest, descriptor.size)
    if (known || isDocument) return
    this.#problems.push(this.readings.blob(located).then((problem) => problem && { ...problem, at }))
    await breathe()
  }
}
