/** The images that a walk over a layout meets, and what they must be beside one another. */
import type { LayoutProblem, TreePath } from '../util/problem.js'
import type { Descriptor } from './documents.js'
import { checkTogether } from './image.js'
import { countPrograms } from './layer/judge-layer.js'
import type { LayerFacts } from './layer/read-layer.js'
import { formatPlatform, type Platform } from './platform.js'
import type { VerifiedImage } from './verify-report.js'

export interface FoundImage {
  readonly descriptor: Descriptor
  readonly platform: Platform
  readonly at: TreePath
  /** Names the list that it stands in: to a reader, entries of `index.json` with different names are lists of their own. */
  readonly list: string
  readonly size: number
  readonly layers: number
  /** What was read of its layers; only when they are read through. */
  readonly contents?: Promise<readonly LayerFacts[]>
}

export async function describeImage(image: FoundImage): Promise<VerifiedImage> {
  const { descriptor, platform, size, layers, contents } = image
  const programs = contents && countPrograms(await contents, platform)
  return {
    platform: formatPlatform(platform),
    digest: descriptor.digest,
    size,
    layers,
    ...(programs === undefined ? {} : { programs }),
  }
}

/** No platform twice, no image under two platforms, and each says its platform where a reader has to choose. */
export function judgeImages(images: readonly FoundImage[], layout: string): LayoutProblem[] {
  const pairs = images.map(({ platform, descriptor }) => ({ platform, digest: descriptor.digest }))
  const problems = checkTogether(pairs, layout, (index) => images[index]!.at)
  const lists = new Map<string, Set<string>>()
  for (const { list, descriptor } of images) {
    lists.set(list, (lists.get(list) ?? new Set()).add(descriptor.digest))
  }
  for (const { list, descriptor, at, platform } of images) {
    const others = lists.get(list)!.size - 1
    if (others === 0 || descriptor.platform !== undefined) continue
    const expected = `platform ${formatPlatform(platform)}, as it is one of ${others + 1} images to choose from`
    problems.push({ code: 'platform-unstated', layout, at, expected, found: 'no platform in the descriptor' })
  }
  return problems
}
