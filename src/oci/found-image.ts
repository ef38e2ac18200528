/** The images that a walk over a layout meets, and what they must be beside one another. */
import type { LayoutProblem, TreePath } from '../util/problem.js'
import type { Descriptor } from './documents.js'
import { checkTogether } from './image.js'
import { countPrograms, type PlacedLayer } from './layer/judge-layer.js'
import { formatPlatform, type Platform } from './platform.js'
import type { VerifiedImage } from './verify-report.js'

/** An entry of a list that is for a platform. */
export interface ListedImage {
  readonly descriptor: Descriptor
  readonly platform: Platform
  readonly at: TreePath
  /** Names the list that it stands in: to a reader, entries of `index.json` with different names are lists of their own. */
  readonly list: string
}

export interface FoundImage extends ListedImage {
  /** Digests of the entries of `index.json` that lead to it. */
  readonly roots: Set<string>
  /** As its config has it, when all is right with that. */
  readonly stated?: Platform
  readonly size: number
  readonly layers: number
  /** What was read of its layers; only when they are read through. */
  readonly contents?: Promise<readonly PlacedLayer[]>
}

export async function describeImage(image: FoundImage): Promise<VerifiedImage> {
  const { descriptor, platform, roots, size, layers, contents } = image
  const programs = contents && countPrograms(await contents)
  return {
    platform: formatPlatform(platform),
    digest: descriptor.digest,
    entries: [...roots],
    size,
    layers,
    ...(programs === undefined ? {} : { programs }),
  }
}

/**
 * In each list by itself: no platform twice, no image under two platforms, and each says its platform where a reader has
 * to choose. Different names may well lead to different images for one platform.
 */
export function judgeImages(images: readonly ListedImage[], layout: string): LayoutProblem[] {
  const lists = new Map<string, ListedImage[]>()
  for (const image of images) {
    const list = lists.get(image.list)
    if (list === undefined) lists.set(image.list, [image])
    else list.push(image)
  }
  return [...lists.values()].flatMap((list) => judgeList(list, layout))
}

function judgeList(images: readonly ListedImage[], layout: string): LayoutProblem[] {
  const pairs = images.map(({ platform, descriptor }) => ({ platform, digest: descriptor.digest }))
  const problems = checkTogether(pairs, layout, (index) => images[index]!.at)
  const distinct = new Set(pairs.map(({ digest }) => digest)).size
  if (distinct === 1) return problems
  for (const { descriptor, at, platform } of images) {
    if (descriptor.platform !== undefined) continue
    const expected = `platform ${formatPlatform(platform)}, as it is one of ${distinct} images to choose from`
    problems.push({ code: 'platform-unstated', layout, at, expected, found: 'no platform in the descriptor' })
  }
  return problems
}
