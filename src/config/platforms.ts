/** The platforms that a config has: its own, over those that are built in. */
import { normalizePlatform, parsePlatform, type Platform } from '../oci/platform.js'
import type { Config } from './types.js'

type PlatformConfig = Config['platforms'][string]

/** As in meta-virtualization's oci-multiarch.bbclass: the container-* multiconfigs for the two QEMU machines. */
const builtin: Readonly<Record<string, PlatformConfig>> = {
  aarch64: { platform: 'linux/arm64', multiconfig: 'container-aarch64', machine: 'qemuarm64', annotations: {} },
  x86_64: { platform: 'linux/amd64', multiconfig: 'container-x86-64', machine: 'qemux86-64', annotations: {} },
}

/** The entry with built-in defaults filled in; a `source` of the user's takes the place of a built-in multiconfig. */
export function platformConfig(config: Config, key: string): PlatformConfig | undefined {
  const [given, known] = [withoutUndefined(own(config.platforms, key)), own(builtin, key)]
  if (given === undefined || known === undefined) return given ?? known
  if (given.source === undefined) {
    // A machine belongs to its multiconfig: another multiconfig does not inherit the built-in one's.
    const defaults = given.multiconfig === undefined ? known : { platform: known.platform }
    return { ...defaults, ...given } as PlatformConfig
  }
  return { platform: known.platform!, ...given }
}

/** The config's own keys, then the built-in ones that it does not override. */
export function platformKeys(config: Config): string[] {
  return [...new Set([...Object.keys(config.platforms), ...Object.keys(builtin)])]
}

/** The platforms of a target that lists none: all that the config declares, or else the built-in ones. */
export function defaultPlatformKeys(config: Config): string[] {
  const declared = Object.keys(config.platforms)
  return declared.length > 0 ? declared : Object.keys(builtin)
}

/**
 * What the entry says, or what its key says when it is an architecture's name.
 * @returns `undefined` when neither does, and BitBake is to say it.
 */
export function ociPlatform(key: string, entry: PlatformConfig): Platform | { readonly error: string } | undefined {
  const platform = parsePlatform(entry.platform ?? key)
  if ('error' in platform) {
    if (entry.platform === undefined && entry.multiconfig !== undefined) return undefined
    return entry.platform === undefined
      ? { error: `the key "${key}" does not say which: set \`platform\`, for example 'linux/arm64'` }
      : platform
  }
  const { osVersion = platform['os.version'], osFeatures = platform['os.features'] } = entry
  return normalizePlatform({ ...platform, 'os.version': osVersion, 'os.features': osFeatures })
}

function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined
}

/** A key that a config sets to `undefined` (`machine: env.MACHINE`) is not given, and overrides nothing. */
function withoutUndefined(entry: PlatformConfig | undefined): PlatformConfig | undefined {
  if (entry === undefined) return undefined
  return Object.fromEntries(
    Object.entries(entry).filter(([, value]) => value !== undefined),
  ) as unknown as PlatformConfig
}
