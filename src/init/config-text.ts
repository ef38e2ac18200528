/** A survey as a config: as a value, to be checked, and as the text that is written. */
import type { UserConfig } from '../config/types.js'
import path from 'node:path'
import { parsePlatform, platformId } from '../oci/platform.js'
import { proposeSources } from './sources.js'
import type { Multiconfig, Survey } from './survey.js'

interface PlannedPlatform {
  readonly key: string
  readonly multiconfig: Multiconfig
}

interface PlannedTarget {
  readonly name: string
  readonly recipe: string
  readonly platforms: readonly string[]
  /** What is said of it. */
  readonly remark: string
}

export interface PlannedConfig {
  readonly build: NonNullable<UserConfig['build']>
  /** Files of kas that are not in use. */
  readonly otherKas: readonly string[]
  readonly platforms: readonly PlannedPlatform[]
  readonly targets: readonly PlannedTarget[]
  readonly sources: readonly string[]
}

/** @param named recipes that the user names, besides those that were found */
export function planConfig(survey: Survey, named: readonly string[]): PlannedConfig {
  const { buildDirectory, init, kas } = survey
  // Where a build directory is set up already, kas may not be how it is done; an init script may be one that kas fetched.
  const byKas = buildDirectory === undefined && kas.length > 0
  const platforms = planPlatforms(survey)
  const keyOf = (name: string): string | undefined => platforms.find((one) => one.multiconfig.name === name)?.key
  const built = platforms.filter(({ multiconfig }) => survey.multiconfigs.includes(multiconfig))
  const everywhere = onePerPlatform(built)
  const others = built.map(({ key }) => key).filter((key) => !everywhere.includes(key))
  const without = others.length === 0 ? '' : ` Without ${others.join(', ')}: an image holds each platform once.`
  const targets = new Map<string, PlannedTarget>()
  const multiarch = survey.multiarch.flatMap(({ platforms: wanted, ...names }) => {
    const keys = wanted.flatMap(({ multiconfig }) => keyOf(multiconfig) ?? [])
    return keys.length > 0 ? [{ ...names, keys }] : []
  })
  const isCovered = (recipe: string): boolean => multiarch.some((one) => one.recipe === recipe)
  for (const recipe of [...survey.recipes.filter((one) => !isCovered(one)), ...named]) {
    const unknown = isUnknown(survey, recipe) ? ' BitBake knows no recipe of this name.' : ''
    const remark = named.includes(recipe) ? `Named on the command line.${unknown}` : 'Makes an OCI image.'
    targets.set(recipe, { name: recipe, recipe, platforms: everywhere, remark: remark + without })
  }
  for (const { name, recipe, keys } of multiarch) {
    targets.set(name, { name, recipe, platforms: keys, remark: 'Replaces the recipe of this name (oci-multiarch).' })
  }
  const directory = buildDirectory ?? 'build'
  return {
    build: {
      directory,
      ...(byKas ? { kas: kas[0]! } : init === undefined ? {} : { init }),
    },
    otherKas: byKas ? kas.slice(1) : kas,
    platforms,
    targets: [...targets.values()],
    sources: proposeSources(survey.root, survey.layers, path.resolve(survey.root, directory)),
  }
}

/** Not when BitBake was not asked. It may still be provided by a recipe of another name. */
export function isUnknown({ known }: Survey, recipe: string): boolean {
  return known !== undefined && !known.includes(recipe)
}

/** By the architecture's name where one multiconfig alone has it, else by the multiconfig's. */
function planPlatforms({ multiconfigs, multiarch }: Survey): PlannedPlatform[] {
  const known = new Map(multiconfigs.map((multiconfig) => [multiconfig.name, multiconfig]))
  const words = new Map<string, string>()
  for (const { key, multiconfig } of multiarch.flatMap(({ platforms }) => platforms)) {
    words.set(multiconfig, key)
    if (!known.has(multiconfig)) known.set(multiconfig, { name: multiconfig, reason: 'BBMULTICONFIG does not have it' })
  }
  const keys = [...known.values()].map((one) => words.get(one.name) ?? keyFor(one))
  return [...known.values()].map((multiconfig, position) => {
    const key = keys[position]!
    const alone = keys.filter((other) => other === key).length === 1
    return { key: alone ? key : multiconfig.name || 'default', multiconfig }
  })
}

function keyFor({ name, platform }: Multiconfig): string {
  const [, architecture = '', variant = ''] = platform?.split('/') ?? []
  const yocto = { arm64: 'aarch64', amd64: 'x86_64', arm: `arm${variant}`, 386: 'i686' }
  return (yocto as Readonly<Record<string, string>>)[architecture] ?? (architecture || name || 'default')
}

/** An index holds each platform once: the first multiconfig of each. */
function onePerPlatform(platforms: readonly PlannedPlatform[]): string[] {
  const taken = new Set<string>()
  return platforms
    .filter(({ key, multiconfig }) => {
      const platform = multiconfig.platform === undefined ? undefined : parsePlatform(multiconfig.platform)
      const match = platform === undefined || 'error' in platform ? key : platformId(platform)
      return taken.has(match) ? false : taken.add(match)
    })
    .map(({ key }) => key)
}

/** The same without some of its platforms and targets, and without targets that then have no platform. */
export function withoutEntries(
  planned: PlannedConfig,
  faulty: { readonly platforms: readonly string[]; readonly targets: readonly string[] },
): PlannedConfig {
  return {
    ...planned,
    platforms: planned.platforms.filter(({ key }) => !faulty.platforms.includes(key)),
    targets: planned.targets
      .filter(({ name }) => !faulty.targets.includes(name))
      .map((target) => ({ ...target, platforms: target.platforms.filter((key) => !faulty.platforms.includes(key)) }))
      .filter(({ platforms }) => platforms.length > 0),
  }
}

export function configValue({ build, platforms, targets }: PlannedConfig): UserConfig {
  return {
    build,
    platforms: Object.fromEntries(
      platforms.map(({ key, multiconfig: { name, platform } }) => [
        key,
        { ...(platform === undefined ? {} : { platform }), multiconfig: name },
      ]),
    ),
    targets: Object.fromEntries(
      targets.map(({ name, recipe, platforms: keys }) => [name, { recipe, platforms: [...keys] }]),
    ),
  }
}

/** TypeScript. The same as `configValue`, with what there is to say about it. */
export function configText({ build, otherKas, platforms, targets, sources }: PlannedConfig, asked: boolean): string {
  const setUp = Object.entries(build).map(([name, value]) => `    ${name}: ${literal(value)},`)
  const entries = platforms.flatMap(({ key, multiconfig: { name, machine, platform, reason } }) => {
    const remarks = [machine === undefined ? undefined : `MACHINE ${machine}`, reason].filter(
      (text) => text !== undefined,
    )
    const said = platform === undefined ? '' : `platform: ${literal(platform)}, `
    return [
      ...(remarks.length > 0 ? [`    // ${remarks.join('; ')}`] : []),
      `    ${property(key)}: { ${said}multiconfig: ${literal(name)} },`,
    ]
  })
  const images = targets.flatMap(({ name, recipe, platforms: keys, remark }) => [
    `    // ${remark}`,
    `    ${property(name)}: {`,
    ...(recipe === name ? [] : [`      recipe: ${literal(recipe)},`]),
    `      platforms: [${keys.map(literal).join(', ')}],`,
    `      // While none of these files changes, BitBake is not asked:`,
    `      // sources: [${sources.map(literal).join(', ')}],`,
    `      // output: { archive: ${literal(`deploy/${name}.tar`)} },`,
    '    },',
  ])
  const origin = asked ? 'from what BitBake says' : 'from what could be read without BitBake: check it'
  return [
    `// Written by \`mab init\` ${origin}. Every key: docs/config.md of multiarch-build.`,
    "import { defineConfig } from 'multiarch-build'",
    '',
    'export default defineConfig({',
    '  // How BitBake is run; in a shell that was initialised by hand `init` is not needed.',
    '  build: {',
    ...setUp,
    ...otherKas.map(
      (file) =>
        `    // kas: ${literal(file)}, // instead of ${build.kas === undefined ? '`init`' : 'the other'}: kas sets BitBake up`,
    ),
    '  },',
    '  // One for each multiconfig. A platform that is left out is what BitBake says of its machine.',
    '  platforms: {',
    ...entries,
    '  },',
    '  targets: {',
    ...images,
    '  },',
    '})',
    '',
  ].join('\n')
}

function property(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : literal(name)
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value.replaceAll(/[\\']/g, String.raw`\$&`)}'` : JSON.stringify(value)
}
