/** A survey of files, for where BitBake cannot be asked: what is computed in metadata is missed. */
import path from 'node:path'
import glob from 'fast-glob'
import { exists } from '../util/fs.js'
import { readKas } from './kas.js'
import { readMultiarch, type MultiarchFound } from './read-multiarch.js'
import { readText } from './text-file.js'
import type { Multiconfig, Survey } from './survey.js'

const ignore = ['**/tmp*/**', '**/node_modules/**', '**/sstate-cache/**', '**/downloads/**']

export function readSurvey(root: string, buildDirectory: string | undefined): Survey {
  const find = (...patterns: readonly string[]): string[] =>
    glob.sync([...patterns], { cwd: root, deep: 8, ignore, followSymbolicLinks: false }).toSorted()
  const [found] = find('conf/bblayers.conf', '{*,*/*,*/*/*}/conf/bblayers.conf')
  const build = buildDirectory ?? (found && (path.dirname(path.dirname(found)) || '.'))
  const layers = new Set(find('**/conf/layer.conf').map((file) => path.join(root, path.dirname(path.dirname(file)))))
  if (build !== undefined) for (const layer of listedLayers(path.resolve(root, build))) layers.add(layer)
  // bitbake-setup writes one for the build directory.
  const own = path.join(build ?? '.', 'init-build-env')
  const [init] = exists(path.resolve(root, own))
    ? [own]
    : find('oe-init-build-env', '*/oe-init-build-env', '*/*/oe-init-build-env')
  const kas = readKas(root, find('*.{yml,yaml}', 'kas/*.{yml,yaml}'))
  return {
    root,
    ...(build === undefined ? {} : { buildDirectory: build }),
    ...(init === undefined ? {} : { init }),
    kas: kas.files,
    // kas writes those of its files into the build directory.
    multiconfigs:
      build === undefined
        ? describeMulticonfigs(kas.multiconfigs, [...layers])
        : readMulticonfigs(path.resolve(root, build), layers),
    layers: [...layers].toSorted(),
    ...readRecipes([...layers], build === undefined ? undefined : path.resolve(root, build)),
    asked: false,
  }
}

/** Paths in BBLAYERS; those that are computed are not known. */
function listedLayers(build: string): string[] {
  const text = joinLines(readText(build, 'conf/bblayers.conf'))
  return [...text.matchAll(/^BBLAYERS\s*\??\+?=\s*"([^"]*)"/gm)]
    .flatMap(([, value = '']) => value.split(/\s+/))
    .map((layer) => layer.replaceAll('${TOPDIR}', build))
    .filter((layer) => path.isAbsolute(layer) && !layer.includes('$'))
    .map((layer) => path.normalize(layer))
}

/** MACHINEs of openembedded-core; what others mean only BitBake knows. */
const machines = new Map([
  ['qemuarm', 'linux/arm/v7'],
  ['qemuarmv5', 'linux/arm/v5'],
  ['qemuarm64', 'linux/arm64'],
  ['genericarm64', 'linux/arm64'],
  ['qemux86', 'linux/386'],
  ['qemux86-64', 'linux/amd64'],
  ['genericx86-64', 'linux/amd64'],
  ['qemuriscv64', 'linux/riscv64'],
  ['qemuppc64', 'linux/ppc64le'],
  ['qemuloongarch64', 'linux/loong64'],
])

function readMulticonfigs(directory: string, layers: ReadonlySet<string>): Multiconfig[] {
  const local = joinLines(readText(directory, 'conf/local.conf'))
  const values = [...local.matchAll(/^BBMULTICONFIG(?::append)?\s*[?+.]*=\s*"([^"]*)"/gm)]
  const names = new Set(values.flatMap(([, value = '']) => value.split(/\s+/)).filter((name) => name !== ''))
  return describeMulticonfigs([...names], [directory, ...layers])
}

/** @param places directories that may have a `conf/multiconfig` */
function describeMulticonfigs(names: readonly string[], places: readonly string[]): Multiconfig[] {
  return names.map((name): Multiconfig => {
    const texts = places.map((place) => readText(place, `conf/multiconfig/${name}.conf`))
    const machine = machineOf(texts.find((text) => text !== '') ?? '')
    if (machine === undefined) return { name, reason: 'no MACHINE was found' }
    const platform = machines.get(machine)
    return platform === undefined
      ? { name, machine, reason: `BitBake knows what ${machine} is` }
      : { name, machine, platform }
  })
}

function machineOf(text: string): string | undefined {
  return /^MACHINE\s*\??=\s*"([^"]+)"/m.exec(text)?.[1]
}

function readRecipes(
  layers: readonly string[],
  build: string | undefined,
): Pick<Survey, 'recipes' | 'multiarch' | 'leftOut'> {
  const recipes = new Set<string>()
  const found: MultiarchFound[] = []
  const texts = layers.flatMap((layer) => {
    const files = glob.sync('**/*.{bb,bbclass}', {
      cwd: layer,
      absolute: true,
      deep: 6,
      ignore,
      followSymbolicLinks: false,
    })
    return files.toSorted().map((file) => [file, joinLines(readText('/', file))] as const)
  })
  const bbclass = texts.find(([file]) => path.basename(file) === 'oci-multiarch.bbclass')?.[1] ?? ''
  const local = build === undefined ? '' : joinLines(readText(build, 'conf/local.conf'))
  for (const [file, recipe] of texts) {
    if (!file.endsWith('.bb')) continue
    const name = path.basename(file, '.bb').split('_')[0]!
    if (/^\s*inherit\b.*\boci-multiarch\b/m.test(recipe)) {
      found.push(readMultiarch(name, { recipe, bbclass, local }))
    } else if (
      /^\s*inherit\b.*\bimage-oci\b/m.test(recipe) ||
      /^IMAGE_FSTYPES\S*\s*[?+.]*=\s*"[^"]*\boci\b/m.test(recipe)
    ) {
      recipes.add(name)
    }
  }
  return {
    recipes: [...recipes].toSorted(),
    multiarch: found.flatMap((one) => one.recipes),
    leftOut: found.flatMap((one) => one.leftOut),
  }
}

/** Joins lines that end with a backslash to the next. */
function joinLines(text: string): string {
  return text.replaceAll('\\\n', ' ')
}
