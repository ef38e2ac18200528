/** The rules of a target's list of platforms, and of the names that platforms have. */
import {
  architectures,
  formatPlatform,
  judgePlatform,
  operatingSystems,
  platformId,
  type Platform,
} from '../../oci/platform.js'
import { suggest } from '../../util/suggest.js'
import { defaultPlatformKeys, ociPlatform, platformConfig, platformKeys } from '../platforms.js'
import type { Add, Place } from './rule.js'
import type { Config } from '../types.js'

/** Reports typing errors: a name that is almost a listed one. Another unlisted name may be meant. */
export function checkSpelling(platform: Platform, at: Place, add: Add): void {
  const fault = judgePlatform(platform)
  if (fault?.kind !== 'unlisted' || fault.part === 'variant') return
  const [found, names] = fault.part === 'os' ? [platform.os, operatingSystems] : [platform.architecture, architectures]
  const near = suggest(found, names)
  const kind = fault.part === 'os' ? 'an operating system' : 'an architecture'
  if (near !== undefined) add(at, `"${found}" is not ${kind} that clients know`, near)
}

export function checkTargetPlatforms(config: Config, target: Config['targets'][string], at: Place, add: Add): void {
  const seen = new Map<string, string>()
  const keys = target.platforms ?? defaultPlatformKeys(config)
  keys.forEach((key, index) => {
    const place = target.platforms === undefined ? [...at, 'platforms'] : [...at, 'platforms', index]
    const entry = platformConfig(config, key)
    if (entry === undefined) {
      const known = platformKeys(config)
      add(place, `unknown platform "${key}"; there are ${known.join(', ')}`, suggest(key, known))
      return
    }
    const platform = ociPlatform(key, entry)
    if (platform !== undefined && 'error' in platform) return
    // One that only BitBake knows is compared when the index is made.
    const match = platform === undefined ? key : platformId(platform)
    const twin = seen.get(match)
    if (twin === key) add(place, `the platform "${key}" is listed twice`)
    else if (twin !== undefined && platform !== undefined) {
      add(place, `"${twin}" and "${key}" are both ${formatPlatform(platform)}: an index can hold only one of them`)
    }
    seen.set(match, key)
  })
}
