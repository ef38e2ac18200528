/** Checking an image that is written, from its `index.json` down to the last byte that can be reached. */
import { fail, ok, type LayoutProblem, type Result, type TreePath } from '../util/problem.js'
import type { Digest } from './digest.js'
import {
  annotationKeys,
  indexSchema,
  isAttestation,
  isConfigType,
  isIndexType,
  isManifestType,
  manifestSchema,
  type Descriptor,
  type IndexDocument,
  type ManifestDocument,
} from './documents.js'
import { openLayout, type Layout, type OpenOptions } from './layout.js'
import { formatPlatform, matchKey, type Platform } from './platform.js'
import { blobUnreadable, hashRange, locateBlob, readDocument, type LocatedBlob } from './read.js'
import { checkImageConfig, checkTogether } from './select.js'
import { nothingVerified, type VerifiedFiles } from './store.js'
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
  const opened = await openLayout(location, options)
  if (!opened.ok) return opened
  const check = new Check(opened.value, options)
  await check.run()
  return ok(check.report())
}

/** One walk over one layout. */
class Check {
  readonly #layout: Layout
  readonly #options: VerifyOptions
  readonly #problems: LayoutProblem[] = []
  /** By digest: each blob is read once, however many descriptors point to it. */
  readonly #seen = new Map<Digest, number>()
  readonly #images: { descriptor: Descriptor; platform: Platform; at: TreePath; size: number; layers: number }[] = []
  #index: string | undefined

  constructor(layout: Layout, options: VerifyOptions) {
    this.#layout = layout
    this.#options = options
  }

  async run(): Promise<void> {
    await this.#checkIndex(this.#layout.index, ['index.json'], 0)
    const images = this.#images
    this.#problems.push(...checkTogether(pairs(images), this.#layout.path, (index) => images[index]!.at))
    if (this.#options.platforms !== undefined) this.#comparePlatforms(this.#options.platforms)
  }

  report(): VerifyReport {
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
      problems: this.#problems,
    }
  }

  async #checkIndex(index: IndexDocument, at: TreePath, depth: number): Promise<void> {
    const steps = indexSteps(index)
    if (steps.length === 0) {
      this.#add('manifests-empty', [...at, 'manifests'], 'at least one image', 'none')
    }
    for (const step of steps) await this.#checkEntry(step, [...at, step.label], depth)
  }

  async #checkEntry({ descriptor }: Step, at: TreePath, depth: number): Promise<void> {
    this.#options.signal?.throwIfAborted()
    if (isIndexType(descriptor.mediaType)) {
      if (depth >= maximumIndexDepth) {
        this.#add('index-too-deep', at, `at most ${maximumIndexDepth} levels of indexes`, 'one more')
        return
      }
      const inner = await readDocument(this.#layout, descriptor, at, indexSchema)
      if (!inner.ok) return void this.#problems.push(...inner.problems)
      this.#seen.set(inner.value.digest, descriptor.size)
      this.#index ??= descriptor.digest
      return this.#checkIndex(inner.value.value, at, depth + 1)
    }
    if (isManifestType(descriptor.mediaType)) return this.#checkManifest(descriptor, at)
    await this.#checkBlob(descriptor, at)
  }

  async #checkManifest(descriptor: Descriptor, at: TreePath): Promise<void> {
    const manifest = await readDocument(this.#layout, descriptor, at, manifestSchema)
    if (!manifest.ok) return void this.#problems.push(...manifest.problems)
    this.#seen.set(manifest.value.digest, descriptor.size)
    const steps = manifestSteps(manifest.value.value)
    const image = !isAttestation(descriptor) && isConfigType(manifest.value.value.config.mediaType)
    if (image) await this.#checkImage(descriptor, manifest.value.value, at)
    for (const [position, step] of steps.entries()) {
      // The config of an image was read, and any problem with it reported, by `#checkImage`.
      const known = image && position === 0
      await this.#checkBlob(step.descriptor, [...at, step.label], known)
    }
  }

  async #checkImage(descriptor: Descriptor, manifest: ManifestDocument, at: TreePath): Promise<void> {
    const stated = descriptor.platform
    const wanted = stated && { os: stated.os, architecture: stated.architecture, variant: stated.variant }
    const checked = await checkImageConfig(this.#layout, manifest, at, wanted)
    if (!checked.ok) this.#problems.push(...checked.problems)
    const platform = checked.ok ? checked.value : wanted
    if (platform === undefined) return
    const size = manifestSteps(manifest).reduce((sum, part) => sum + part.descriptor.size, descriptor.size)
    this.#images.push({ descriptor, platform, at, size, layers: manifest.layers.length })
  }

  async #checkBlob(descriptor: Descriptor, at: TreePath, known = false): Promise<void> {
    this.#options.signal?.throwIfAborted()
    const located = await locateBlob(this.#layout, descriptor, at)
    if (!located.ok) {
      if (!known) this.#problems.push(...located.problems)
      return
    }
    if (this.#seen.has(located.value.digest)) return
    const found = known ? ok(true) : await this.#hash(located.value, at)
    if (found.ok) this.#seen.set(located.value.digest, descriptor.size)
    else this.#problems.push(...found.problems)
  }

  async #hash({ digest, location }: LocatedBlob, at: TreePath): Promise<Result<true, LayoutProblem>> {
    const verified = this.#options.verified ?? nothingVerified
    const whole = location.whole && verified.has(location.file, location.identity, digest)
    if (whole) return ok(true)
    try {
      const found = await hashRange(location, digest)
      if (found !== digest) {
        return fail({ code: 'blob-digest', layout: this.#layout.path, at, expected: digest, found })
      }
    } catch (error) {
      return fail(blobUnreadable(this.#layout.path, at, digest, error))
    }
    if (location.whole) verified.add(location.file, location.identity, digest)
    return ok(true)
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
