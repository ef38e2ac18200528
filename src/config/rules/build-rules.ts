/** The rules of `build` and `builds`, and the directories that they mean. */
import path from 'node:path'
import { defaultBuildDirectory } from '../defaults.js'
import { defaultPlatformKeys, platformConfig } from '../platforms.js'
import type { Add, Place } from './rule.js'
import type { Config } from '../types.js'

/** Of each build: its place in the config, itself, and its directory. */
export function buildsOf(config: Config, file: string): (readonly [Place, Config['build'], string])[] {
  const absolute = (directory: string): string => path.resolve(path.dirname(file), directory)
  return [
    [['build'], config.build, absolute(config.build.directory ?? 'build')],
    ...Object.entries(config.builds).map(
      ([name, build]) => [['builds', name], build, absolute(build.directory ?? defaultBuildDirectory(name))] as const,
    ),
  ]
}

function isDefaultUsed(config: Config): boolean {
  return defaultPlatformKeys(config).some((key) => {
    const { source, build } = platformConfig(config, key)!
    return source === undefined && build === undefined
  })
}

export function checkBuilds(config: Config, file: string, add: Add): void {
  const taken = new Map<string, Place>()
  for (const [at, build, directory] of buildsOf(config, file)) {
    if (build.init !== undefined && build.kas !== undefined) {
      add([...at, 'init'], '`kas` sets up BitBake itself: remove one of the two')
    }
    const twin = taken.get(directory)
    // Nobody may want `build`: platforms can name other builds.
    if (twin !== undefined && (twin.length > 1 || isDefaultUsed(config))) {
      add(
        [...at, 'directory'],
        `${path.relative(path.dirname(file), directory)} is the directory of ${twin.join('.')} too`,
      )
    }
    taken.set(directory, at)
  }
}
