/** Checking an image that is written, from its `index.json` down to the last byte that can be reached. */
import { breathe } from '../util/breathe.js'
import { ok, type LayoutProblem, type Result, type TreePath } from '../util/problem.js'
import { comparePlatforms } from './compare-platforms.js'
import { parseDigest, type Digest } from './digest.js'
import {
  annotationKeys,
  isAttestation,
  isConfigType,
  isIndexType,
  isManifestType,
  type Descriptor,
  type IndexDocument,
  type ManifestDocument,
} from './documents.js'
import { indexSchema, manifestSchema } from './schemas.js'
import { openLayout, type Layout } from './layout.js'
import { samePlatform, type Platform } from './platform.js'
import { isAbsentAsAllowed, locateBlob, readDocument, type LocatedFile } from './read.js'
import { describeImage, judgeImages, type FoundImage } from './found-image.js'
import { checkImageConfig } from './image.js'
import { compressionOf, type Compression } from './layer/layer-type.js'
import { judgeLayer, judgeTogether } from './layer/judge-layer.js'
import { Readings, type LayerReading } from './readings.js'
import { strayProblems } from './strays.js'
import type { VerifyOptions, VerifyReport } from './verify-report.js'
import { indexSteps, manifestSteps, maximumIndexDepth, type Step } from './walk.js'

/**
 * Checks structure, every size and every digest; that image configs say what descriptors say; that layers and diff
 * IDs are equally many; that no platform is there twice, and that those wanted are there.
 * @returns a report that lists all problems; a failure only when there is no layout to check.
 */
export async function verifyLayout(
  location: string,
  options: VerifyOptions = {},
): Promise<Result<VerifyReport, LayoutProblem>> {
  const opened = openLayout(location, options)
  if (!opened.ok) return opened
  const check = new Check(opened.value, options)
  await check.run()
  return ok(await check.report())
}

interface LayerToRead {
  readonly compression: Compression
  readonly diffId: Digest
}

/** Problems, or of something that is still being read, what will be found. */
type Found = LayoutProblem | Promise<LayoutProblem | readonly LayoutProblem[] | undefined>

/** One walk over one layout. */
class Check {
  readonly #layout: Layout
  readonly #options: VerifyOptions
  /** In the order of the tree. */
  readonly #problems: Found[] = []
  /** By digest: each blob is read once, however many descriptors point to it. */
  readonly #seen = new Map<Digest, number>()
  /** Indexes and manifests that were met, so that documents which list one another many times are read once. */
  readonly #indexes = new Set<string>()
  readonly #manifests = new Map<string, FoundImage | undefined>()
  /** Each image in each list that names it. */
  readonly #listed = new Set<string>()
  readonly #images: FoundImage[] = []
  readonly #ownerOnly = new Set<Digest>()
  readonly #absent = new Map<string, number>()
  readonly #unread = new Map<string, string>()
  readonly #readings: Readings
  /** All that documents name. */
  readonly #referenced = new Set<string>()
  /** All documents could be read. */
  #whole = true
  #index: string | undefined

  constructor(layout: Layout, options: VerifyOptions) {
    this.#layout = layout
    this.#options = options
    this.#readings = new Readings(layout.path, options)
  }

  async run(): Promise<void> {
    await this.#checkIndex(this.#layout.index, ['index.json'], 0)
    const images = this.#images
    for (const problem of judgeImages(images, this.#layout.path)) this.#problems.push(problem)
    const { platforms } = this.#options
    if (platforms !== undefined) this.#problems.push(...comparePlatforms(images, platforms, this.#layout.path))
  }

  /** When all that was begun has been read. */
  async report(): Promise<VerifyReport> {
    const problems: LayoutProblem[] = []
    for (const reading of this.#problems) {
      for (const problem of [(await reading) ?? []].flat()) problems.push(problem)
    }
    this.#options.signal?.throwIfAborted()
    if (this.#images.length === 0 && problems.length === 0) {
      const [at, expected] = [['index.json', 'manifests'], 'at least one image']
      problems.push({ code: 'manifests-empty', layout: this.#layout.path, at, expected, found: 'no entry is an image' })
    }
    if (this.#options.strict === true) {
      problems.push(...strayProblems(this.#layout, this.#whole ? this.#referenced : undefined))
    }
    for (const digest of await this.#readings.damaged()) this.#seen.delete(digest)
    const blobs = [...this.#seen].map(([digest, size]) => ({ digest, size }))
    const names = (this.#layout.index.manifests ?? []).map((entry) => entry.annotations?.[annotationKeys.reference])
    return {
      layout: this.#layout.path,
      kind: this.#layout.kind,
      ...(this.#index === undefined ? {} : { index: this.#index }),
      references: names.filter((name) => name !== undefined),
      deep: this.#options.deep === true,
      strict: this.#options.strict === true,
      images: await Promise.all(this.#images.map(describeImage)),
      blobs,
      bytes: blobs.reduce((sum, { size }) => sum + size, 0),
      absent: [...this.#absent].map(([digest, size]) => ({ digest, size })),
      ownerOnly: this.#ownerOnly.size,
      unread: [...this.#unread].map(([digest, mediaType]) => ({ digest, mediaType })),
      problems,
    }
  }

  async #checkIndex(index: IndexDocument, at: TreePath, depth: number): Promise<void> {
    const steps = indexSteps(index)
    if (steps.length === 0) {
      this.#add('manifests-empty', [...at, 'manifests'], 'at least one image', 'none')
    }
    for (const step of steps) {
      // To a reader, entries of `index.json` with different names are lists of their own.
      const name = depth === 0 ? step.descriptor.annotations?.[annotationKeys.reference] : undefined
      await this.#checkEntry(step, [...at, step.label], depth, JSON.stringify([at, name]))
    }
  }

  async #checkEntry({ descriptor }: Step, at: TreePath, depth: number, list: string): Promise<void> {
    this.#options.signal?.throwIfAborted()
    this.#referenced.add(descriptor.digest)
    if (isIndexType(descriptor.mediaType)) {
      if (this.#indexes.has(descriptor.digest)) return this.#checkAgain(descriptor, at)
      this.#indexes.add(descriptor.digest)
      if (depth >= maximumIndexDepth) {
        this.#whole = false
        this.#add('index-too-deep', at, `at most ${maximumIndexDepth} levels of indexes`, 'one more')
        return
      }
      const inner = readDocument(this.#layout, descriptor, at, indexSchema)
      if (!inner.ok) return this.#addUnread(inner.problems)
      this.#seen.set(inner.value.digest, descriptor.size)
      this.#index ??= descriptor.digest
      return this.#checkIndex(inner.value.value, at, depth + 1)
    }
    if (isManifestType(descriptor.mediaType)) return this.#checkManifestEntry(descriptor, at, list)
    await this.#checkBlob(descriptor, at)
  }

  async #checkManifestEntry(descriptor: Descriptor, at: TreePath, list: string): Promise<void> {
    const entry = `${descriptor.digest} ${list}`
    if (this.#manifests.has(descriptor.digest)) {
      this.#checkAgain(descriptor, at)
      const image = this.#manifests.get(descriptor.digest)
      if (image === undefined) return
      const platform = descriptor.platform ?? image.platform
      // Listed elsewhere as the same, or under another name, it is the one image.
      if (this.#listed.has(entry) || !samePlatform(platform, image.platform)) {
        this.#images.push({ ...image, descriptor, platform, at, list })
      }
    } else {
      const before = this.#images.length
      await this.#checkManifest(descriptor, at, list)
      this.#manifests.set(descriptor.digest, this.#images[before])
    }
    this.#listed.add(entry)
  }

  /** Of a document that was read before, the size alone is left to check. */
  #checkAgain(descriptor: Descriptor, at: TreePath): void {
    const located = locateBlob(this.#layout, descriptor, at)
    if (!located.ok) this.#problems.push(...located.problems)
  }

  async #checkManifest(descriptor: Descriptor, at: TreePath, list: string): Promise<void> {
    const manifest = readDocument(this.#layout, descriptor, at, manifestSchema)
    if (!manifest.ok) return this.#addUnread(manifest.problems)
    // For its mode.
    this.#locate(descriptor, at, true)
    this.#seen.set(manifest.value.digest, descriptor.size)
    const steps = manifestSteps(manifest.value.value)
    const isImage = !isAttestation(descriptor) && isConfigType(manifest.value.value.config.mediaType)
    const image = isImage ? this.#checkImage(descriptor, manifest.value.value, at) : undefined
    const readings: Promise<LayerReading>[] = []
    for (const [position, step] of steps.entries()) {
      const place = [...at, step.label]
      this.#referenced.add(step.descriptor.digest)
      if (position > 0 && isAbsentAsAllowed(this.#layout, step.descriptor, this.#options.allowAbsentLayers)) {
        this.#absent.set(step.descriptor.digest, step.descriptor.size)
        continue
      }
      const layer = position === 0 ? undefined : this.#layerToRead(step.descriptor, image?.diffIds[position - 1])
      // The config of an image was read, and any problem with it reported, by `#checkImage`.
      if (layer === undefined) await this.#checkBlob(step.descriptor, place, isImage && position === 0)
      else readings.push(...this.#checkLayer(step.descriptor, place, { ...layer, platform: image!.platform }))
    }
    if (image === undefined) return
    const contents = Promise.all(readings).then((layers) => layers.flatMap(({ facts }) => facts ?? []))
    const { platform } = image
    this.#problems.push(contents.then((layers) => judgeTogether(layers, platform, this.#layout.path, at)))
    const size = steps.reduce((sum, part) => sum + part.descriptor.size, descriptor.size)
    const layers = manifest.value.value.layers.length
    this.#images.push({
      descriptor,
      platform,
      at,
      list,
      size,
      layers,
      ...(this.#options.deep === true && { contents }),
    })
  }

  /** @returns its platform, and the diff IDs when all is right with its config. */
  #checkImage(
    descriptor: Descriptor,
    manifest: ManifestDocument,
    at: TreePath,
  ): { readonly platform: Platform; readonly diffIds: readonly string[] } | undefined {
    const wanted = descriptor.platform
    const checked = checkImageConfig(this.#layout, manifest, at, wanted)
    if (!checked.ok) this.#problems.push(...checked.problems)
    const platform = checked.ok ? checked.value.platform : wanted
    return platform && { platform, diffIds: checked.ok ? (checked.value.config.rootfs.diff_ids ?? []) : [] }
  }

  /** Finds the file that is to be read. A blob that cannot be found is reported, unless it was before. */
  #locate(descriptor: Descriptor, at: TreePath, known = false): LocatedFile | undefined {
    this.#options.signal?.throwIfAborted()
    const located = locateBlob(this.#layout, descriptor, at)
    if (!located.ok) {
      if (!known) this.#problems.push(...located.problems)
      return undefined
    }
    if ('embedded' in located.value) {
      this.#seen.set(located.value.digest, descriptor.size)
      if (this.#options.deep === true && !known) this.#unread.set(descriptor.digest, descriptor.mediaType)
      return undefined
    }
    if (located.value.location.ownerOnly === true) this.#ownerOnly.add(located.value.digest)
    return located.value
  }

  #layerToRead({ digest, mediaType }: Descriptor, diffId: string | undefined): LayerToRead | undefined {
    if (this.#options.deep !== true || diffId === undefined) return undefined
    const compression = compressionOf(mediaType)
    const parsed = parseDigest(diffId)
    if (compression !== undefined && parsed !== undefined) return { compression, diffId: parsed }
    this.#unread.set(digest, mediaType)
    return undefined
  }

  /** @returns the reading, unless there is nothing to read. */
  #checkLayer(
    descriptor: Descriptor,
    at: TreePath,
    { compression, diffId, platform }: LayerToRead & { readonly platform: Platform },
  ): Promise<LayerReading>[] {
    const located = this.#locate(descriptor, at)
    if (located === undefined) return []
    this.#seen.set(located.digest, descriptor.size)
    const reading = this.#readings.layer(located, compression, diffId)
    this.#problems.push(
      reading.then(({ problem, facts }) => {
        if (problem !== undefined) return { ...problem, at }
        return facts && judgeLayer(facts, diffId, platform, this.#layout.path, at)
      }),
    )
    return [reading]
  }

  async #checkBlob(descriptor: Descriptor, at: TreePath, known = false): Promise<void> {
    const located = this.#locate(descriptor, at, known)
    if (located === undefined) return
    // Of documents, which were read, and of layers, there is an entry already; only the latter can be read in vain.
    const isDocument = this.#seen.has(located.digest) && !this.#readings.has(located.digest)
    this.#seen.set(located.digest, descriptor.size)
    if (known || isDocument) return
    this.#problems.push(this.#readings.blob(located).then((problem) => problem && { ...problem, at }))
    await breathe()
  }

  /** Of a document that says no one knows what. */
  #addUnread(problems: readonly LayoutProblem[]): void {
    this.#whole = false
    this.#problems.push(...problems)
  }

  #add(code: LayoutProblem['code'], at: TreePath, expected: string, found: string): void {
    this.#problems.push({ code, layout: this.#layout.path, at, expected, found })
  }
}
