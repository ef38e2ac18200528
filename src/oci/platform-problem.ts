/** What is wrong with the platform that an index or an image config says, as a problem with its place. */
import type { LayoutProblem, TreePath } from '../problem/problem.js'
import {
  formatPlatform,
  isUnmatchable,
  judgePlatform,
  normalizePlatform,
  platformOfConfig,
  type Platform,
  type PlatformFault,
} from './platform.js'

interface Where {
  readonly layout: string
  readonly at: TreePath
  /** Whether names that are merely unlisted count too. */
  readonly strict: boolean
}

/** Judges the platform of an index entry. */
export function judgeEntryPlatform({ strict, ...where }: Where, platform: Platform): LayoutProblem[] {
  const fault = judgePlatform(platform)
  if (fault === undefined || (!strict && !isUnmatchable(fault))) return []
  return [{ ...where, ...wordFault(fault, platform, 'the index') }]
}

/**
 * Judges the platform that an image config says. Clients choose by the index entry: skopeo, podman and ctr take an image
 * whose config says `aarch64` when its entry says `arm64`, and any config of an image that is alone. So a name in another
 * spelling is a matter of `--strict` (config.md: SHOULD), unless it leaves no platform for an entry to be made from.
 * @param isDescribed the index says the platform too.
 */
export function judgeConfigPlatform(
  { strict, ...where }: Where,
  stated: Platform,
  isDescribed: boolean,
): LayoutProblem[] {
  const own = platformOfConfig(stated)
  const fault = judgePlatform(own)
  if (fault?.kind === 'incomplete' || (!isDescribed && isUnmatchable(fault))) {
    return [{ ...where, ...wordFault(fault!, stated, 'the image config') }]
  }
  const odd = judgePlatform(stated)
  if (odd === undefined || !strict) return []
  // The config is part of the image, so a new index does not change what it says.
  const next = 'build the image with the expected name (BitBake: OCI_IMAGE_ARCH), or check the image without --strict'
  return [{ ...where, ...wordFault(odd, stated, 'the image config'), code: 'platform-unlisted', next }]
}

type Words = Pick<LayoutProblem, 'code' | 'expected' | 'found' | 'next'>

function wordFault(fault: PlatformFault, platform: Platform, by: 'the index' | 'the image config'): Words {
  const found = `${by} says ${formatPlatform(platform)}`
  switch (fault.kind) {
    case 'incomplete': {
      const { os, architecture } = platform
      return {
        code: 'platform-incomplete',
        expected: 'the names of an operating system and an architecture',
        found: `${by} says os ${JSON.stringify(os)} and architecture ${JSON.stringify(architecture)}`,
        next:
          by === 'the index'
            ? "make the index again ('mab merge -o DIR LAYOUT' takes the platform from the image config)"
            : 'build the image with an architecture (BitBake: OCI_IMAGE_ARCH), or write it into the image config (umoci config --image LAYOUT:TAG --os linux --architecture ARCH)',
      }
    }
    case 'refused':
      return {
        code: 'platform-unmatchable',
        expected: 'a platform that clients ask for',
        found: `${found}: ${fault.reason}`,
      }
    case 'unreal-variant': {
      const { variant: _, ...bare } = normalizePlatform(platform)
      const text = formatPlatform(bare)
      return {
        code: 'platform-unmatchable',
        expected: `${text}, without a variant or with ${fault.words}`,
        found,
        next: `make the index again with the right platform, for example: mab merge -o DIR LAYOUT=${text}`,
      }
    }
    case 'spelling':
      return {
        code: 'platform-unmatchable',
        expected: `${formatPlatform(fault.normal)}, as clients ask for it`,
        found,
        next: "make the index again ('mab merge -o DIR LAYOUT' writes the names that clients know)",
      }
    case 'unlisted':
      return { code: 'platform-unlisted', expected: fault.words, found }
  }
}
