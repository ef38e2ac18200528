/** The `sources` that a config of `mab init` proposes: globs of the layers and of the build directory's configuration. */
import path from 'node:path'
import glob from 'fast-glob'
import { isWithin } from '../util/fs.js'

/**
 * @param root where the config is to be; absolute
 * @param layers absolute
 * @param build the build directory; absolute
 */
export function proposeSources(root: string, layers: readonly string[], build: string): string[] {
  const below = (directory: string, rest: string): string => {
    const shown = shortPath(root, directory)
    return shown === '' ? rest : `${glob.escapePath(shown)}/${rest}`
  }
  const holds = (place: string): boolean => layers.some((layer) => isWithin(place, layer))
  return [
    ...layers.map((layer) => below(layer, '**')),
    ...(holds(build) ? [] : [below(path.join(build, 'conf'), '**')]),
    // What BitBake and mab write there is not a source; a socket of BitBake's could not be read either.
    ...(holds(build) ? [`!${below(build, '!(conf){,/**}')}`] : []),
    ...(holds(root) ? ['!deploy/**', '!**/node_modules/**'] : []),
  ]
}

/** Relative to the root; absolute for what shares nothing with it but the root of the file system. */
function shortPath(root: string, directory: string): string {
  const top = path.parse(root).root
  const shared = (one: string): string | undefined => path.relative(top, one).split(path.sep)[0]
  return shared(directory) === shared(root) ? path.relative(root, directory) : directory
}
