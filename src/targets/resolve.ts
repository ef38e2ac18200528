/** From a checked config and what the user selected to the targets of this run. */
import path from 'node:path'
import { ociPlatform, defaultPlatformKeys, platformConfig, platformKeys } from '../config/platforms.js'
import { defaultBuildDirectory, defaultImageName, defaultOutputDirectory } from '../config/defaults.js'
import type { Config } from '../config/types.js'
import { formatPlatform, isPlatform, parsePlatform, type Platform } from '../oci/platform.js'
import { splitName } from '../oci/reference.js'
import { fail, ok, type Result, type SelectionProblem } from '../problem/problem.js'
import { suggest } from '../util/suggest.js'
import {
  platformLabel,
  type Build,
  type Output,
  type Pattern,
  type Source,
  type Target,
  type TargetPlatform,
} from './target.js'

export interface Selection {
  /** Target names; empty means all that are not manual. */
  readonly targets: readonly string[]
  /** Keys of `platforms`, or OCI platforms; empty means all. */
  readonly platforms: readonly string[]
}

export interface ResolveContext {
  /** The config's directory. Absolute. */
  readonly directory: string
  /** BUILDDIR of an initialised shell: the build directory, when the config names none. */
  readonly buildDirectory?: string | undefined
}

/** A pure function of its arguments. Every name that does not exist is reported. */
export function resolveTargets(
  config: Config,
  selection: Selection,
  context: ResolveContext,
): Result<readonly Target[], SelectionProblem> {
  const problems: SelectionProblem[] = []
  const names = selectNames(config, selection.targets, problems)
  const wanted: (string | Platform)[] = []
  for (const text of selection.platforms) {
    const platform = wantedPlatform(config, text)
    if (platform === undefined) {
      const known = platformKeys(config)
      problems.push({ code: 'unknown-platform', name: text, known, ...suggestion(text, known) })
    } else wanted.push(platform)
  }
  if (problems.length > 0) return { ok: false, problems }

  if (names.length === 0) return fail({ code: 'nothing-selected', reason: 'all targets are manual: name one of them' })
  const targets: Target[] = []
  const unmet = new Set(wanted)
  for (const name of names) {
    const whole = resolveTarget(config, name, context)
    const chosen = whole.platforms.filter((one) => wanted.length === 0 || wanted.some((want) => isWanted(want, one)))
    const known = whole.platforms.map(platformLabel)
    for (const want of wanted) {
      if (chosen.some((one) => isWanted(want, one))) unmet.delete(want)
      else if (selection.targets.length > 0) {
        problems.push({ code: 'platform-not-in-target', name: nameOf(want), target: name, known })
      }
    }
    if (chosen.length > 0) targets.push(chosen.length === whole.platforms.length ? whole : narrow(whole, chosen))
  }
  if (problems.length > 0) return { ok: false, problems }
  if (unmet.size > 0) {
    return fail({ code: 'nothing-selected', reason: `no target has the platform ${[...unmet].map(nameOf).join(', ')}` })
  }
  return ok(targets)
}

function selectNames(config: Config, named: readonly string[], problems: SelectionProblem[]): string[] {
  const known = Object.keys(config.targets)
  if (named.length === 0) return known.filter((name) => !config.targets[name]!.manual)
  for (const name of named) {
    if (!known.includes(name)) problems.push({ code: 'unknown-target', name, known, ...suggestion(name, known) })
  }
  return [...new Set(named)].filter((name) => known.includes(name))
}

function suggestion(name: string, known: readonly string[]): { suggestion?: string } {
  const near = suggest(name, known)
  return near === undefined ? {} : { suggestion: near }
}

/** Returns the platform that is named on the command line, or its key in the config when only BitBake knows it. */
function wantedPlatform(config: Config, text: string): string | Platform | undefined {
  const entry = platformConfig(config, text)
  const platform = entry === undefined ? parsePlatform(text) : ociPlatform(text, entry)
  if (platform === undefined) return text
  return 'error' in platform ? undefined : platform
}

function isWanted(wanted: string | Platform, { key, platform }: TargetPlatform): boolean {
  if (typeof wanted === 'string') return platform === undefined && key === wanted
  return platform !== undefined && isPlatform(wanted, platform)
}

function nameOf(wanted: string | Platform): string {
  return typeof wanted === 'string' ? wanted : formatPlatform(wanted)
}

function resolveTarget(config: Config, name: string, context: ResolveContext): Target {
  const target = config.targets[name]!
  const absolute = (file: string): string => path.resolve(context.directory, file)
  const platforms = (target.platforms ?? defaultPlatformKeys(config)).map((key): TargetPlatform => {
    const entry = platformConfig(config, key)!
    const platform = ociPlatform(key, entry)
    if (platform !== undefined && 'error' in platform) throw new Error(`unchecked platform "${key}": ${platform.error}`)
    const recipe = target.recipe ?? name
    const place = (pattern: string): Pattern => ({
      root: context.directory,
      pattern: pattern.replaceAll('${recipe}', recipe),
    })
    const source: Source =
      entry.source !== undefined
        ? {
            kind: 'layout',
            path: place(entry.source.path),
            ...(entry.source.reference === undefined ? {} : { reference: entry.source.reference }),
          }
        : {
            kind: 'bitbake',
            build: resolveBuild(config, entry.build, context),
            multiconfig: entry.multiconfig!,
            recipe,
            task: target.task.replace(/^do_/, ''),
            ...(entry.machine === undefined ? {} : { machine: entry.machine }),
            ...(entry.deployDirectory === undefined ? {} : { deployDirectory: absolute(entry.deployDirectory) }),
            ...(entry.layout === undefined ? {} : { layout: place(entry.layout) }),
          }
    return { key, ...(platform === undefined ? {} : { platform }), source, annotations: entry.annotations }
  })
  return {
    name,
    platforms,
    partial: false,
    ...(target.reference === undefined ? {} : { reference: target.reference }),
    ...(target.sources === undefined ? {} : { sources: target.sources }),
    allowAbsentLayers: target.allowAbsentLayers,
    root: context.directory,
    output: resolveOutput(name, target.output, absolute),
  }
}

/** @param name of `builds`; absent for `build` */
function resolveBuild(config: Config, name: string | undefined, context: ResolveContext): Build {
  const { command, args, environment, acceptErrors, init, kas, ...build } =
    name === undefined ? config.build : config.builds[name]!
  const absolute = (file: string): string => path.resolve(context.directory, file)
  const [program, ...rest] = command ?? [kas === undefined ? 'bitbake' : 'kas']
  const fallback = name === undefined ? context.buildDirectory || 'build' : defaultBuildDirectory(name)
  const directory = absolute(build.directory ?? fallback)
  const [script, ...scriptArgs] = typeof init === 'string' ? [init, directory] : (init ?? [])
  return {
    directory,
    command: [/^\.\.?\//.test(program!) ? absolute(program!) : program!, ...rest],
    args,
    environment,
    ...(acceptErrors.length > 0 && { acceptErrors }),
    ...(script === undefined ? {} : { init: { script: absolute(script), args: scriptArgs, cwd: context.directory } }),
    ...(kas === undefined ? {} : { kas: { config: [kas].flat().join(':'), cwd: context.directory } }),
  }
}

function resolveOutput(
  name: string,
  output: Config['targets'][string]['output'],
  absolute: (file: string) => string,
): Output {
  const reference = output.reference ?? 'latest'
  return {
    directory: absolute(output.directory ?? defaultOutputDirectory(name)),
    format: output.format,
    mediaTypes: output.mediaTypes,
    ...(output.format === 'flat' ? {} : { reference, name: output.name ?? defaultImageName(name, reference) }),
    references: output.references,
    attestations: output.attestations,
    annotations: output.annotations,
    ...(output.archive === undefined ? {} : { archive: absolute(output.archive) }),
    link: output.link,
  }
}

/**
 * The target with some of its platforms only. Its image is written beside the whole one, under a name that says which
 * platforms it has, and is loaded under such a name too.
 */
function narrow(whole: Target, platforms: readonly TargetPlatform[]): Target {
  const label = platformsLabel(platforms)
  const { directory, name, archive } = whole.output
  const { repository, tag = '' } = splitName(name ?? '')
  // A tag has at most 128 characters; what tells it from the whole image's is at its end.
  const suffix = `-${label}`.slice(0, 127)
  return {
    ...whole,
    platforms,
    partial: true,
    output: {
      ...whole.output,
      directory: `${directory}-only-${label}`,
      // Those are what the whole image is known by.
      references: [],
      ...(name === undefined ? {} : { name: `${repository}:${tag.slice(0, 128 - suffix.length)}${suffix}` }),
      ...(archive === undefined ? {} : { archive: withSuffix(archive, `-only-${label}`) }),
    },
  }
}

/** Whether `place` is where `narrow` writes some of the platforms of what is written at `whole`. */
export function isPartOf(place: string, whole: string): boolean {
  const extension = path.extname(whole)
  const isArchivePart = place.startsWith(`${whole.slice(0, whole.length - extension.length)}-only-`)
  return place.startsWith(`${whole}-only-`) || (isArchivePart && place.endsWith(extension))
}

/** For file names and task ids: `linux-arm64_linux-arm-v7`. */
export function platformsLabel(platforms: readonly TargetPlatform[]): string {
  return platforms.map((platform) => platformLabel(platform).replaceAll(/[^\w.-]+/g, '-')).join('_')
}

function withSuffix(file: string, suffix: string): string {
  const extension = path.extname(file)
  return `${file.slice(0, file.length - extension.length)}${suffix}${extension}`
}
