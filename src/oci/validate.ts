/** Checking an image that is written, from its `index.json` down to the last byte that can be reached. */
import { breathe } from '../util/breathe.js'
import { ok, type LayoutProblem, type Result, type TreePath } from '../util/problem.js'
import type { Digest } from './digest.js'
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
import { openLayout, type Layout, type OpenOptions } from './layout.js'
import { formatPlatform, matchKey, samePlatform, type Platform } from './platform.js'
import { hashBlob } from './hash-blob.js'
import { blobUnreadable, locateBlob, readDocument, type LocatedBlob } from './read.js'
import { checkImageConfig, checkTogether } from './image.js'
import { nothingVerified, type VerifiedFiles } from './verified.js'
import { indexSteps, manifestSteps, maximumIndexDepth, type Step } from './walk.js'

export interface VerifyOptions extends OpenOptions {
  /** The image must hold exactly these platforms. Without it, those that its descriptors say are taken as wanted. */
  readonly platforms?: readonly Platform[]
  /** Files known to be good are not read again. */
  readonly verified?: VerifiedFiles
  readonly signal?: AbortSignal
}

export interface VerifiedImage {
  readonly platform: string
  readonly digest: string
  /** Bytes of the manifest, config and layers. */
  readonly size: number
  readonly layers: number
}

export interface VerifyReport {
  readonly layout: string
  readonly kind: Layout['kind']
  /** The image index that lists the platforms, when there is one. */
  readonly index?: string
  readonly references: readonly string[]
  readonly images: readonly VerifiedImage[]
  /** Distinct blobs that can be reached, and their bytes. */
  readonly blobs: readonly { readonly digest: string; readonly size: number }[]
  readonly bytes: number
  /** Number of blobs that other users cannot read. */
  readonly ownerOnly: number
  readonly problems: readonly LayoutProblem[]
}

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

interface FoundImage {
  readonly descriptor: Descriptor
  readonly platform: Platform
  readonly at: TreePath
  readonly size: number
  readonly layers: number
}

/** One walk over one layout. */
class Check {
  readonly #layout: Layout
  readonly #options: VerifyOptions
  /** In the order of the tree; of a blob that is still being read, what will be found. */
  readonly #problems: (LayoutProblem | Promise<LayoutProblem | undefined>)[] = []
  /** By digest: each blob is read once, however many descriptors point to it. */
  readonly #seen = new Map<Digest, number>()
  /** Of blobs that are or were read: what is wrong with them. */
  readonly #read = new Map<Digest, Promise<LayoutProblem | undefined>>()
  /** Indexes and manifests that were met, so that documents which list one another many times are read once. */
  readonly #indexes = new Set<string>()
  readonly #manifests = new Map<string, FoundImage | undefined>()
  /** Each image in each list that names it. */
  readonly #listed = new Set<string>()
  readonly #images: FoundImage[] = []
  readonly #ownerOnly = new Set<Digest>()
  #index: string | undefined

  constructor(layout: Layout, options: VerifyOptions) {
    this.#layout = layout
    this.#options = options
  }

  async run(): Promise<void> {
    await this.#checkIndex(this.#layout.index, ['index.json'], 0)
    const images = this.#images
    const together = checkTogether(pairs(images), this.#layout.path, (index) => images[index]!.at)
    for (const problem of together) this.#problems.push(problem)
    if (this.#options.platforms !== undefined) this.#comparePlatforms(this.#options.platforms)
  }

  /** When all that was begun has been read. */
  async report(): Promise<VerifyReport> {
    const problems: LayoutProblem[] = []
    for (const reading of this.#problems) {
      const problem = await reading
      if (problem !== undefined) problems.push(problem)
    }
    this.#options.signal?.throwIfAborted()
    if (this.#images.length === 0 && problems.length === 0) {
      const [at, expected] = [['index.json', 'manifests'], 'at least one image']
      problems.push({ code: 'manifests-empty', layout: this.#layout.path, at, expected, found: 'no entry is an image' })
    }
    for (const [digest, reading] of this.#read) if ((await reading) !== undefined) this.#seen.delete(digest)
    const blobs = [...this.#seen].map(([digest, size]) => ({ digest, size }))
    const names = (this.#layout.index.manifests ?? []).map((entry) => entry.annotations?.[annotationKeys.reference])
    return {
      layout: this.#layout.path,
      kind: this.#layout.kind,
      ...(this.#index === undefined ? {} : { index: this.#index }),
      references: names.filter((name) => name !== undefined),
      images: this.#images.map(({ descriptor, platform, size, layers }) => ({
        platform: formatPlatform(platform),
        digest: descriptor.digest,
        size,
        layers,
      })),
      blobs,
      bytes: blobs.reduce((sum, { size }) => sum + size, 0),
      ownerOnly: this.#ownerOnly.size,
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
    if (isIndexType(descriptor.mediaType)) {
      if (this.#indexes.has(descriptor.digest)) return this.#checkAgain(descriptor, at)
      this.#indexes.add(descriptor.digest)
      if (depth >= maximumIndexDepth) {
        this.#add('index-too-deep', at, `at most ${maximumIndexDepth} levels of indexes`, 'one more')
        return
      }
      const inner = readDocument(this.#layout, descriptor, at, indexSchema)
      if (!inner.ok) return void this.#problems.push(...inner.problems)
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
        this.#images.push({ ...image, platform, at })
      }
    } else {
      const before = this.#images.length
      await this.#checkManifest(descriptor, at)
      this.#manifests.set(descriptor.digest, this.#images[before])
    }
    this.#listed.add(entry)
  }

  /** Of a document that was read before, the size alone is left to check. */
  #checkAgain(descriptor: Descriptor, at: TreePath): void {
    const located = locateBlob(this.#layout, descriptor, at)
    if (!located.ok) this.#problems.push(...located.problems)
  }

  async #checkManifest(descriptor: Descriptor, at: TreePath): Promise<void> {
    const manifest = readDocument(this.#layout, descriptor, at, manifestSchema)
    if (!manifest.ok) return void this.#problems.push(...manifest.problems)
    this.#seen.set(manifest.value.digest, descriptor.size)
    const steps = manifestSteps(manifest.value.value)
    const image = !isAttestation(descriptor) && isConfigType(manifest.value.value.config.mediaType)
    if (image) this.#checkImage(descriptor, manifest.value.value, at)
    for (const [position, step] of steps.entries()) {
      // The config of an image was read, and any problem with it reported, by `#checkImage`.
      const known = image && position === 0
      await this.#checkBlob(step.descriptor, [...at, step.label], known)
    }
  }

  #checkImage(descriptor: Descriptor, manifest: ManifestDocument, at: TreePath): void {
    const stated = descriptor.platform
    const wanted = stated && { os: stated.os, architecture: stated.architecture, variant: stated.variant }
    const checked = checkImageConfig(this.#layout, manifest, at, wanted)
    if (!checked.ok) this.#problems.push(...checked.problems)
    const platform = checked.ok ? checked.value.platform : wanted
    if (platform === undefined) return
    const size = manifestSteps(manifest).reduce((sum, part) => sum + part.descriptor.size, descriptor.size)
    this.#images.push({ descriptor, platform, at, size, layers: manifest.layers.length })
  }

  async #checkBlob(descriptor: Descriptor, at: TreePath, known = false): Promise<void> {
    this.#options.signal?.throwIfAborted()
    const located = locateBlob(this.#layout, descriptor, at)
    if (!located.ok) {
      if (!known) this.#problems.push(...located.problems)
      return
    }
    const { digest, location } = located.value
    if (location.ownerOnly === true) this.#ownerOnly.add(digest)
    const before = this.#read.get(digest)
    if (before !== undefined) {
      this.#problems.push(before.then((problem) => problem && { ...problem, at }))
      return
    }
    if (this.#seen.has(digest)) return
    this.#seen.set(digest, descriptor.size)
    if (known) return
    const reading = this.#hash(located.value, at)
    this.#read.set(digest, reading)
    this.#problems.push(reading)
    await breathe()
  }

  async #hash({ digest, location }: LocatedBlob, at: TreePath): Promise<LayoutProblem | undefined> {
    const verified = this.#options.verified ?? nothingVerified
    if (location.whole && verified.has(location.file, location.identity, digest)) return undefined
    try {
      const { digest: found, identity } = await hashBlob(location, digest, this.#options.signal)
      if (found !== digest) return { code: 'blob-digest', layout: this.#layout.path, at, expected: digest, found }
      if (location.whole) verified.add(location.file, identity, digest)
      return undefined
    } catch (error) {
      // The report is not made then.
      if (this.#options.signal?.aborted === true) return undefined
      return blobUnreadable(this.#layout.path, at, digest, error)
    }
  }

  #comparePlatforms(wanted: readonly Platform[]): void {
    const found = new Map(this.#images.map(({ platform, at }) => [matchKey(platform), { platform, at }]))
    for (const platform of wanted) {
      if (!found.delete(matchKey(platform))) {
        const there = this.#images.map((image) => formatPlatform(image.platform)).join(', ') || 'no image'
        this.#add('platform-missing', ['index.json'], `an image for ${formatPlatform(platform)}`, there)
      }
    }
    const expected = wanted.map(formatPlatform).join(', ')
    for (const { platform, at } of found.values()) {
      this.#add('platform-unexpected', at, `only ${expected}`, formatPlatform(platform))
    }
  }

  #add(code: LayoutProblem['code'], at: TreePath, expected: string, found: string): void {
    this.#problems.push({ code, layout: this.#layout.path, at, expected, found })
  }
}

function pairs(
  images: readonly { readonly descriptor: Descriptor; readonly platform: Platform }[],
): { platform: Platform; digest: string }[] {
  return images.map(({ descriptor, platform }) => ({ platform, digest: descriptor.digest }))
}
