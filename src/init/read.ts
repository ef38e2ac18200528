/** A survey of files, for where BitBake cannot be asked: what is computed in metadata is missed. */
import path from 'node:path'
import glob from 'fast-glob'
import { exists } from '../util/fs.js'
import { readKas } from './kas.js'
import { readText } from './text-file.js'
import type { Multiconfig, MultiarchRecipe, Survey } from './survey.js'

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
    ...(build === undefined ? {} : { buildDirectory: build }),
    ...(init === undefined ? {} : { init }),
    kas: kas.files,
    // kas writes those of its files into the build directory.
    multiconfigs:
      build === undefined
        ? describeMulticonfigs(kas.multiconfigs, [...layers])
        : readMulticonfigs(path.resolve(root, build), layers),
    layers: [...layers].map((layer) => path.relative(root, layer) || '.').toSorted(),
    ...readRecipes([...layers]),
    asked: false,
  }
}

/** Paths in BBLAYERS; those that are computed are not known. */
function listedLayers(build: string): string[] {
  const text = readText(build, 'conf/bblayers.conf').replaceAll('\\\n', ' ')
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
  const local = readText(directory, 'conf/local.conf').replaceAll('\\\n', ' ')
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

function readRecipes(layers: readonly string[]): Pick<Survey, 'recipes' | 'multiarch'> {
  const recipes = new Set<string>()
  const multiarch: MultiarchRecipe[] = []
  const texts = layers.flatMap((layer) => {
    const files = glob.sync('**/*.{bb,bbclass}', {
      cwd: layer,
      absolute: true,
      deep: 6,
      ignore,
      followSymbolicLinks: false,
    })
    return files.toSorted().map((file) => [file, readText('/', file).replaceAll('\\\n', ' ')] as const)
  })
  const defaults = texts.find(([file]) => path.basename(file) === 'oci-multiarch.bbclass')?.[1] ?? ''
  for (const [file, text] of texts) {
    if (!file.endsWith('.bb')) continue
    const name = path.basename(file, '.bb').split('_')[0]!
    if (/^\s*inherit\b.*\boci-multiarch\b/m.test(text)) {
      const found = readMultiarch(name, text, defaults)
      if (found !== undefined) multiarch.push(found)
    } else if (
      /^\s*inherit\b.*\bimage-oci\b/m.test(text) ||
      /^IMAGE_FSTYPES\S*\s*[?+.]*=\s*"[^"]*\boci\b/m.test(text)
    ) {
      recipes.add(name)
    }
  }
  return { recipes: [...recipes].toSorted(), multiarch }
}

function readMultiarch(name: string, text: string, defaults: string): MultiarchRecipe | undefined {
  const value = (variable: string): string | undefined =>
    new RegExp(`^${variable}\\s*\\??=\\s*"([^"]*)"`, 'm').exec(text)?.[1]?.trim()
  const recipe = value('OCI_MULTIARCH_RECIPE')
  const keys = (value('OCI_MULTIARCH_PLATFORMS') ?? '').split(/\s+/).filter((key) => key !== '')
  if (recipe === undefined || keys.length === 0) return undefined
  const flag = (key: string): string | undefined => {
    const pattern = new RegExp(`^OCI_MULTIARCH_MC\\[${key}\\]\\s*\\??=\\s*"([^"]*)"`, 'm')
    return (pattern.exec(text) ?? pattern.exec(defaults))?.[1]
  }
  return {
    name,
    recipe,
    platforms: keys.map((key) => ({ key, multiconfig: flag(key) ?? `container-${key.replaceAll('_', '-')}` })),
  }
}
