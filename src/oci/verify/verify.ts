/** Checking an image that is written, from its `index.json` down to the last byte that can be reached. */
import { ok, type LayoutProblem, type Result, type TreePath } from '../../problem/problem.js'
import { BlobChecks, type Found } from './check-blobs.js'
import { referenceProblems } from './check-references.js'
import { comparePlatforms } from './compare-platforms.js'
import { isUnsupportedDigest } from '../digest.js'
import { isAttestation, isIndexType, isManifestType, type Descriptor } from '../documents.js'
import { entriesNamed, missingReference, noEntries, referenceOf } from '../image/entries.js'
import { indexSchema } from '../json/schemas.js'
import { openLayout, type Layout } from '../read/layout.js'
import { OtherEntries, type EntryPlace } from './other-entries.js'
import { platformId, reconcilePlatform } from '../platform.js'
import { judgeEntryPlatform } from '../platform-problem.js'
import { isAbsentEntry, locateBlob, readDocument } from '../read/read-blob.js'
import { describeEntry, describeImage, judgeImages, type FoundImage } from './found-image.js'
import { contradiction, describedPlatform } from '../image/image.js'
import { ManifestChecks } from './check-manifest.js'
import { AllowedForeign } from '../layer/allowed-foreign.js'
import { shortenProblems } from './shorten-problems.js'
import { strayProblems } from './unreferenced.js'
import { reachableDigests } from '../read/reachable.js'
import { readWhole } from '../read/replacement.js'
import type { VerifyOptions, VerifyReport } from './verify-report.js'
import { indexSteps, maximumIndexDepth, type Step } from '../read/references.js'

/**
 * Checks structure, every size and every digest; that image configs say what descriptors say; that layers and diff
 * IDs are equally many; that no platform is there twice, and that those wanted are there. Reads again if the layout
 * was replaced meanwhile and something is wrong or absent, so that the verdict is about one image.
 * @returns a report that lists all problems; a failure only when there is no layout to check.
 */
export async function verifyLayout(
  location: string,
  options: VerifyOptions = {},
): Promise<Result<VerifyReport, LayoutProblem>> {
  return readWhole({ location, indexFile: options.indexFile }, () => verifyOnce(location, options), isWholeReport)
}

async function verifyOnce(location: string, options: VerifyOptions): Promise<Result<VerifyReport, LayoutProblem>> {
  const opened = openLayout(location, options)
  if (!opened.ok) return opened
  const check = new Check(opened.value, options, await AllowedForeign.of(options.allowForeign))
  await check.run()
  return ok(await check.report())
}

/** Problems of one code that are told. */
const toldProblems = 100

/** Where an entry of an index stands. */
interface Place extends EntryPlace {
  /** Levels of indexes above it. */
  readonly depth: number
}

/** Whether nothing in the report can come from blobs that were removed during the walk. */
function isWholeReport(result: Result<VerifyReport, LayoutProblem>): boolean {
  return result.ok && [result.value.problems, result.value.absent, result.value.absentEntries].flat().length === 0
}

/** One walk over one layout. */
class Check {
  readonly #layout: Layout
  readonly #options: VerifyOptions
  /** In the order of the tree. */
  readonly #problems: Found[] = []
  readonly #blobs: BlobChecks
  readonly #manifestChecks: ManifestChecks
  /** Indexes and manifests that were met, so that documents which list one another many times are read once. */
  readonly #indexes = new Set<string>()
  readonly #manifests = new Set<string>()
  /** By the digest of the manifest. */
  readonly #imageOf = new Map<string, FoundImage>()
  readonly #others = new OtherEntries()
  /** Each image in each list that names it. */
  readonly #listed = new Set<string>()
  readonly #images: FoundImage[] = []
  /** All that documents name. */
  readonly #referenced = new Set<string>()
  /** All documents could be read. */
  #whole = true
  /** Some entry may be an image or an artifact. An index may be empty, but a layout in which nothing is found is not right. */
  #hasEntry = false

  constructor(layout: Layout, options: VerifyOptions, allowed: AllowedForeign | undefined) {
    this.#layout = layout
    this.#options = options
    this.#blobs = new BlobChecks(layout, options, allowed, this.#problems)
    const [problems, blobs, others, referenced] = [this.#problems, this.#blobs, this.#others, this.#referenced]
    this.#manifestChecks = new ManifestChecks({ layout, options, problems, blobs, others, referenced })
  }

  async run(): Promise<void> {
    const { reference } = this.#options
    if (reference !== undefined && this.#roots().length === 0) {
      this.#problems.push({ ...missingReference(this.#layout, reference), next: 'take one of these' })
      return
    }
    for (const step of this.#roots()) {
      // To a reader, entries of `index.json` with different names are lists of their own.
      const list = JSON.stringify(['index.json', referenceOf(step.descriptor)])
      await this.#checkEntry(step, { at: ['index.json', step.label], depth: 0, list, root: step.descriptor.digest })
    }
    const images = [...this.#images, ...this.#others.absentImages]
    this.#problems.push(...judgeImages(images, this.#layout.path, this.#options.strict === true))
    const { platforms, complete, strict } = this.#options
    if (platforms !== undefined) this.#problems.push(...comparePlatforms(images, platforms, this.#layout.path))
    const isNothingThere = this.#images.length === 0 && this.#whole
    if (platforms !== undefined || complete === true || strict === true || isNothingThere) {
      this.#problems.push(...this.#others.absentProblems(this.#layout))
    }
    // What absent documents refer to is not known.
    if (this.#others.hasAbsent) this.#whole = false
  }

  /** When all that was begun has been read. */
  async report(): Promise<VerifyReport> {
    const problems: LayoutProblem[] = []
    for (const reading of this.#problems) {
      for (const problem of [(await reading) ?? []].flat()) problems.push(problem)
    }
    this.#options.signal?.throwIfAborted()
    if (!this.#hasEntry && problems.length === 0) {
      problems.push(noEntries(this.#layout, 'at least one image or artifact', 'none'))
    }
    if (this.#options.strict === true) {
      const { reference } = this.#options
      const referenced = reference === undefined ? this.#referenced : reachableDigests(this.#layout)
      problems.push(...referenceProblems(this.#layout))
      problems.push(...strayProblems(this.#layout, this.#whole ? referenced : undefined))
    }
    for (const digest of await this.#blobs.readings.damaged()) this.#blobs.seen.delete(digest)
    const blobs = [...this.#blobs.seen].map(([digest, size]) => ({ digest, size }))
    const entries = this.#roots().map(({ descriptor }) => describeEntry(descriptor))
    const indexes = new Set(entries.flatMap(({ mediaType, digest }) => (isIndexType(mediaType) ? digest : [])))
    return {
      layout: this.#layout.path,
      kind: this.#layout.kind,
      ...(indexes.size === 1 ? { index: [...indexes][0]! } : {}),
      entries,
      deep: this.#options.deep === true,
      strict: this.#options.strict === true,
      images: await Promise.all(this.#images.map(describeImage)),
      artifacts: this.#others.describeArtifacts(),
      blobs,
      bytes: blobs.reduce((sum, { size }) => sum + size, 0),
      absentEntries: this.#others.describeAbsent(),
      absent: [...this.#blobs.absent].map(([digest, size]) => ({ digest, size })),
      ownerOnly: this.#blobs.ownerOnly.size,
      allowedForeign: this.#blobs.allowed?.report() ?? [],
      limited: this.#blobs.limited,
      unread: [...this.#blobs.unread].map(([digest, mediaType]) => ({ digest, mediaType })),
      problems: shortenProblems(problems, toldProblems),
    }
  }

  /** The entries of `index.json` that are looked at. */
  #roots(): readonly Step[] {
    return entriesNamed(this.#layout, this.#options.reference)
  }

  async #checkEntry({ descriptor }: Step, place: Place): Promise<void> {
    const { at, depth, root } = place
    this.#options.signal?.throwIfAborted()
    this.#referenced.add(descriptor.digest)
    this.#hasEntry ||= !isIndexType(descriptor.mediaType) || isUnsupportedDigest(descriptor.digest)
    if (isUnsupportedDigest(descriptor.digest)) {
      this.#whole &&= !isIndexType(descriptor.mediaType) && !isManifestType(descriptor.mediaType)
      return this.#blobs.check(descriptor, at)
    }
    if (isAbsentEntry(this.#layout, descriptor)) return this.#others.addAbsent(descriptor, place)
    if (isManifestType(descriptor.mediaType)) return this.#checkManifestEntry(descriptor, place)
    if (!isIndexType(descriptor.mediaType)) {
      this.#others.addArtifact(descriptor.digest, descriptor.mediaType, root)
      return this.#blobs.check(descriptor, at)
    }
    if (this.#indexes.has(descriptor.digest)) return this.#checkAgain(descriptor, at)
    this.#indexes.add(descriptor.digest)
    if (depth >= maximumIndexDepth) {
      this.#whole = false
      this.#add('index-too-deep', at, `at most ${maximumIndexDepth} levels of indexes`, 'one more')
      return
    }
    const inner = readDocument(this.#layout, descriptor, at, indexSchema)
    if (!inner.ok) return this.#addUnread(inner.problems)
    this.#blobs.seen.set(inner.value.digest, descriptor.size)
    const steps = indexSteps(inner.value.value)
    const list = JSON.stringify(at)
    for (const step of steps) await this.#checkEntry(step, { at: [...at, step.label], depth: depth + 1, list, root })
  }

  async #checkManifestEntry(descriptor: Descriptor, place: Place): Promise<void> {
    const { at, list, root } = place
    const { digest, platform } = descriptor
    const entry = `${digest} ${list}`
    const image = this.#imageOf.get(digest)
    // Whether a manifest is an image's depends on its descriptor too.
    const kind = `${digest} ${platform === undefined} ${isAttestation(descriptor)}`
    if (image !== undefined || this.#manifests.has(kind)) {
      this.#checkAgain(descriptor, at)
      this.#others.addRoot(digest, root)
      if (image !== undefined) this.#listAgain(image, descriptor, place, this.#listed.has(entry))
    } else {
      this.#manifests.add(kind)
      const { isRead, image: found } = await this.#manifestChecks.check(descriptor, place)
      this.#whole &&= isRead
      if (found !== undefined) {
        this.#images.push(found)
        this.#imageOf.set(digest, found)
      }
    }
    this.#listed.add(entry)
  }

  /** An image that was met before: listed elsewhere as the same, it is the one image. */
  #listAgain(image: FoundImage, descriptor: Descriptor, { at, list, root }: Place, isListed: boolean): void {
    const { stated } = image
    const described = describedPlatform(descriptor)
    if (!isListed && described && stated && reconcilePlatform(described, stated) === undefined) {
      this.#problems.push(contradiction(this.#layout.path, at, stated, { described }))
      return
    }
    const platform = described ?? image.platform
    if (isListed || platformId(platform) !== platformId(image.platform)) {
      this.#images.push({ ...image, descriptor, platform, at, list, roots: new Set([root]) })
      return
    }
    image.roots.add(root)
    const where = { layout: this.#layout.path, at, strict: this.#options.strict === true }
    if (descriptor.platform) this.#problems.push(...judgeEntryPlatform(where, descriptor.platform))
  }

  /** Of a document that was read before, the size alone is left to check. */
  #checkAgain(descriptor: Descriptor, at: TreePath): void {
    const located = locateBlob(this.#layout, descriptor, at)
    if (!located.ok) this.#problems.push(...located.problems)
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
