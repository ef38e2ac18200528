/** An image that a check has come to, and what its report says of it. */
import type { TreePath } from '../util/problem.js'
import type { Descriptor } from './documents.js'
import { countPrograms } from './layer/judge-layer.js'
import type { LayerFacts } from './layer/read-layer.js'
import { formatPlatform, type Platform } from './platform.js'
import type { VerifiedImage } from './verify-report.js'

export interface FoundImage {
  readonly descriptor: Descriptor
  readonly platform: Platform
  readonly at: TreePath
  readonly size: number
  readonly layers: number
  /** What was read of its layers; only when they are read through. */
  readonly contents?: Promise<readonly LayerFacts[]>
}

export async function describeImage({
  descriptor,
  platform,
  size,
  layers,
  contents,
}: FoundImage): Promise<VerifiedImage> {
  const programs = contents && countPrograms(await contents, platform)
  return {
    platform: formatPlatform(platform),
    digest: descriptor.digest,
    size,
    layers,
    ...(programs === undefined ? {} : { programs }),
  }
}
