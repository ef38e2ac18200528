/** What the keys of a config mean for each other. Every rule reports all it finds; nothing here touches the disk. */
import path from 'node:path'
import { isReference, isRepository, isTag, splitName } from '../../oci/reference.js'
import { isWithin } from '../../util/fs.js'
import { malformedImageGlob } from '../../util/glob.js'
import { stateDirectoryName } from '../../util/project.js'
import type { ConfigProblem } from '../../problem/problem.js'
import { suggest } from '../../util/suggest.js'
import { buildsOf, checkBuilds } from './build-rules.js'
import { defaultImageName, defaultOutputDirectory } from '../defaults.js'
import { checkSpelling, checkTargetPlatforms } from './platform-rules.js'
import { defaultPlatformKeys, ociPlatform, platformConfig } from '../platforms.js'
import type { Add, Place } from './rule.js'
import { checkSources } from './source-rules.js'
import type { Config } from '../types.js'

type TargetConfig = Config['targets'][string]

/** @param file the config's; absolute. */
export function checkRules(config: Config, file: string): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  const add = (at: Place, message: string, suggestion?: string): void => {
    problems.push({
      code: 'config-invalid',
      file,
      path: at,
      message,
      ...(suggestion === undefined ? {} : { suggestion }),
    })
  }
  checkBuilds(config, file, add)
  for (const key of Object.keys(config.platforms)) checkPlatform(config, key, add)
  const outputs = new Map<string, string>()
  for (const [name, target] of Object.entries(config.targets)) {
    const at = ['targets', name]
    checkTargetPlatforms(config, target, at, add)
    checkNames(name, target, at, add)
    checkMediaTypes(config, target, at, add)
    checkSources(target, at, add)
    target.verify.allowForeign.forEach((pattern, index) => {
      const fault = malformedImageGlob(pattern)
      if (fault !== undefined) add([...at, 'verify', 'allowForeign', index], `"${pattern}" is malformed: ${fault}`)
    })
    checkOutputs(config, name, target, file, outputs, add)
  }
  return problems
}

function checkPlatform(config: Config, key: string, add: Add): void {
  const at = ['platforms', key]
  if (/^\d+$/.test(key))
    add(at, 'JavaScript moves keys that are numbers to the front: give the platform a name with a letter')
  const entry = platformConfig(config, key)!
  const platform = ociPlatform(key, entry)
  if (platform !== undefined && 'error' in platform) {
    add([...at, 'platform'], entry.platform === undefined ? platform.error : `"${entry.platform}": ${platform.error}`)
  }
  if (platform !== undefined && !('error' in platform)) checkSpelling(platform, [...at, 'platform'], add)
  for (const system of ['osVersion', 'osFeatures'] as const) {
    if (platform === undefined && entry[system] !== undefined) {
      add([...at, system], `\`${system}\` belongs to a platform that the config names: set \`platform\` too`)
    }
  }
  if (entry.multiconfig === undefined && entry.source === undefined) {
    add(
      at,
      `nothing says where the image of "${key}" comes from: set \`multiconfig\` to the name in BBMULTICONFIG that builds it ` +
        `('' for the default configuration), or \`source: { kind: 'layout', path: … }\` to a layout that is already there`,
    )
  }
  if (entry.source !== undefined) {
    for (const other of ['multiconfig', 'build', 'machine', 'deployDirectory', 'layout'] as const) {
      if (config.platforms[key]?.[other] !== undefined) {
        add(
          [...at, other],
          `\`${other}\` is for images that BitBake builds, and this one has a \`source\`: remove one of the two`,
        )
      }
    }
  }
  if (entry.source?.reference !== undefined && !isReference(entry.source.reference)) {
    add([...at, 'source', 'reference'], notAReference(entry.source.reference))
  }
  if (entry.build !== undefined && !Object.hasOwn(config.builds, entry.build)) {
    const known = Object.keys(config.builds)
    const there = known.length > 0 ? `there are ${known.join(', ')}` : '`builds` has none'
    add([...at, 'build'], `unknown build "${entry.build}"; ${there}`, suggest(entry.build, known))
  }
  if (entry.layout !== undefined && entry.deployDirectory !== undefined) {
    add([...at, 'deployDirectory'], '`layout` says already where the image is: remove one of the two')
  }
}

function checkNames(name: string, target: TargetConfig, at: Place, add: Add): void {
  const { reference, format, name: imageName } = target.output
  if (target.reference !== undefined && !isReference(target.reference)) {
    add([...at, 'reference'], notAReference(target.reference))
  }
  if (format === 'flat') {
    for (const key of ['reference', 'name', 'references'] as const) {
      if (target.output[key] !== undefined && target.output[key].length > 0) {
        add(
          [...at, 'output', key],
          `a flat layout has no outer entry that could carry \`${key}\`: remove it, or use format 'nested'`,
        )
      }
    }
    return
  }
  const taken = [reference ?? 'latest']
  for (const [index, other] of target.output.references.entries()) {
    const place = [...at, 'output', 'references', index]
    if (!isReference(other)) add(place, notAReference(other))
    else if (taken.includes(other)) add(place, `the image has the reference "${other}" already`)
    taken.push(other)
  }
  if (reference !== undefined && !isReference(reference)) {
    add([...at, 'output', 'reference'], notAReference(reference))
    // The default name would only repeat what is wrong with it.
    if (imageName === undefined) return
  }
  const chosen = imageName ?? defaultImageName(name, reference ?? 'latest')
  const { repository, tag } = splitName(chosen)
  const place = imageName === undefined ? [...at, 'output'] : [...at, 'output', 'name']
  const whose = imageName === undefined ? `the image's default name "${chosen}"` : `"${chosen}"`
  const advice = imageName === undefined ? '; set `name`' : ''
  if (!isRepository(repository)) {
    add(
      place,
      `${whose} is no image name: expected [host[:port]/]path in lower case, parts joined by "." "_" or "-"${advice}`,
    )
  } else if (tag === undefined || !isTag(tag)) {
    const found = tag === undefined ? 'has no tag' : `has the tag "${tag}"`
    add(place, `${whose} ${found}: expected a colon and up to 128 letters, digits, "_", "." and "-"${advice}`)
  }
}

/** What Docker's manifest list has no place for. */
function checkMediaTypes(config: Config, target: TargetConfig, at: Place, add: Add): void {
  const { mediaTypes, format, annotations, attestations } = target.output
  if (mediaTypes !== 'docker') return
  const place = [...at, 'output', 'mediaTypes']
  if (format === 'flat') add(place, "index.json of a flat layout is an OCI image index: use format 'nested'")
  if (attestations === 'keep') {
    add(place, "a Docker manifest list has no annotations, which attestations need: use attestations 'drop'")
  }
  const annotated = (target.platforms ?? defaultPlatformKeys(config)).filter(
    (key) => Object.keys(platformConfig(config, key)?.annotations ?? {}).length > 0,
  )
  const holders = [
    ...(Object.keys(annotations).length > 0 ? ['`output.annotations`'] : []),
    ...annotated.map((key) => `those of the platform "${key}"`),
  ]
  if (holders.length > 0) {
    add(place, `a Docker manifest list has no annotations: remove ${holders.join(' and ')}, or use 'oci'`)
  }
}

function notAReference(text: string): string {
  return (
    `"${text}" is no reference: expected letters and digits, in parts joined by one of - . _ : @ + / ` +
    '(image-spec, org.opencontainers.image.ref.name)'
  )
}

function checkOutputs(
  config: Config,
  name: string,
  target: TargetConfig,
  file: string,
  taken: Map<string, string>,
  add: Add,
): void {
  const at = ['targets', name, 'output']
  const directory = path.dirname(file)
  const output = path.resolve(directory, target.output.directory ?? defaultOutputDirectory(name))
  const claims: [string, string][] = [['directory', output]]
  if (target.output.archive !== undefined) claims.push(['archive', path.resolve(directory, target.output.archive)])
  for (const [key, claimed] of claims) {
    const refusal = refusePlace(config, claimed, file)
    if (refusal !== undefined) {
      add([...at, key], refusal)
      continue
    }
    const shown = path.relative(directory, claimed)
    for (const [other, owner] of taken) {
      const owners = owner === name ? 'this target' : `the target "${owner}"`
      if (other === claimed) add([...at, key], `"${shown}" is already written by ${owners}`)
      else if (isWithin(other, claimed) || isWithin(claimed, other)) {
        add([...at, key], `"${shown}" and ${path.relative(directory, other)} of ${owners} lie one in the other`)
      }
    }
    taken.set(claimed, name)
    for (const [platform, { source }] of Object.entries(config.platforms)) {
      const from = source === undefined ? undefined : path.resolve(directory, source.path)
      if (from === undefined || !(isWithin(from, claimed) || isWithin(claimed, from))) continue
      add([...at, key], `the output is also the source of the platform "${platform}", or one lies in the other`)
    }
  }
}

/** Outputs are replaced as a whole, so they must not be where anything else lives. */
function refusePlace(config: Config, claimed: string, file: string): string | undefined {
  const directory = path.dirname(file)
  const shown = path.relative(directory, claimed)
  if (claimed === directory || !isWithin(claimed, directory)) {
    return `${claimed} is not inside the project: outputs are replaced as a whole, so they stay below ${directory}`
  }
  const [first] = shown.split(path.sep)
  if (first === stateDirectoryName)
    return `"${shown}" is inside ${stateDirectoryName}, which may be deleted at any time`
  if (first === '.git' || claimed === file) return `"${shown}" is no place for an output`
  const held = buildsOf(config, file).some(([, , build]) => isWithin(build, claimed))
  return held ? `"${shown}" holds the build directory` : undefined
}
