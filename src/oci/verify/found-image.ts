/** The images that a walk over a layout meets, and what they must be beside one another. */
import type { LayoutProblem, TreePath } from '../../problem/problem.js'
import type { Descriptor } from '../documents.js'
import { referenceOf } from '../image/entries.js'
import { checkTogether, describedPlatform } from '../image/image.js'
import type { JudgedImage } from '../layer/judge-image.js'
import { formatPlatform, type Platform } from '../platform.js'
import { judgeConfigPlatform, judgeEntryPlatform } from '../platform-problem.js'
import type { VerifiedEntry, VerifiedImage } from './verify-report.js'

/** An entry of a list that is for a platform. */
export interface ListedImage {
  readonly descriptor: Descriptor
  readonly platform: Platform
  readonly at: TreePath
  /** Names the list that it stands in: to a reader, entries of `index.json` with different names are lists of their own. */
  readonly list: string
}

export interface FoundImage extends ListedImage {
  /** The place of its config, below `at`. */
  readonly configLabel: string
  /** Digests of the entries of `index.json` that lead to it. */
  readonly roots: Set<string>
  /** As its config has it, when all is right with that. */
  readonly stated?: Platform
  readonly size: number
  readonly layers: number
  /** Only when its layers are read through. */
  readonly judged?: Promise<JudgedImage>
}

export function describeEntry(descriptor: Descriptor): VerifiedEntry {
  const { mediaType, digest } = descriptor
  const reference = referenceOf(descriptor)
  return { ...(reference === undefined ? {} : { reference }), mediaType, digest }
}

export async function describeImage(image: FoundImage): Promise<VerifiedImage> {
  const { descriptor, platform, roots, size, layers, judged } = image
  const programs = (await judged)?.programs
  return {
    platform: formatPlatform(platform),
    digest: descriptor.digest,
    entries: [...roots],
    size,
    layers,
    ...(programs === undefined ? {} : { programs }),
  }
}

/** Judges the platform of each image, and what the images of a list must be next to each other. */
export function judgeImages(
  images: readonly (ListedImage & Partial<Pick<FoundImage, 'stated' | 'configLabel'>>)[],
  layout: string,
  strict: boolean,
): LayoutProblem[] {
  const lists = new Map<string, ListedImage[]>()
  for (const image of images) {
    const list = lists.get(image.list)
    if (list === undefined) lists.set(image.list, [image])
    else list.push(image)
  }
  const judged = new Set<string>()
  const problems = images.flatMap(({ descriptor, at, stated, configLabel }) => {
    const ofEntry = descriptor.platform ? judgeEntryPlatform({ layout, at, strict }, descriptor.platform) : []
    // The config of an image that is listed several times is judged once.
    if (stated === undefined || configLabel === undefined || judged.has(descriptor.digest)) return ofEntry
    judged.add(descriptor.digest)
    const where = { layout, at: [...at, configLabel], strict }
    return [...ofEntry, ...judgeConfigPlatform(where, stated, describedPlatform(descriptor) !== undefined)]
  })
  return [...problems, ...[...lists.values()].flatMap((list) => judgeList(list, layout))]
}

/**
 * In each list by itself: no platform twice, no image under two platforms, and each says its platform where a reader has
 * to choose. Different names may well lead to different images for one platform.
 */
function judgeList(images: readonly ListedImage[], layout: string): LayoutProblem[] {
  const pairs = images.map(({ platform, descriptor }) => ({ platform, digest: descriptor.digest }))
  const problems = checkTogether(pairs, layout, (index) => images[index]!.at)
  const distinct = new Set(pairs.map(({ digest }) => digest)).size
  if (distinct === 1) return problems
  for (const { descriptor, at, platform } of images) {
    // An incomplete one was reported.
    if (descriptor.platform !== undefined) continue
    const expected = `platform ${formatPlatform(platform)}, as it is one of ${distinct} images to choose from`
    problems.push({ code: 'platform-unstated', layout, at, expected, found: 'no platform in the descriptor' })
  }
  return problems
}
