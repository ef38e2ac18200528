/** Judges an image as it is after all its layers: what a later layer removes or replaces is not in it. */
import type { LayoutProblem, TreePath } from '../../problem/problem.js'
import { formatPlatform, type Platform } from '../platform.js'
import { showName } from '../tar/fields.js'
import type { AllowedForeign } from './allowed-foreign.js'
import { refused, unportable, type EntryFault } from './entry-faults.js'
import type { OuterPlace } from './entry-paths.js'
import type { PlacedLayer } from './judge-layer.js'
import { ancestorsOf, hides, lookUp, says } from './layer-names.js'
import { isForThisMachine, isJudged, judge, type MachineFiles } from '../elf/machine.js'
import type { LayerFacts } from './read-layer.js'
import { RemainingFiles } from './remaining-files.js'

export interface JudgedImage {
  /** Number of programs and libraries, for whatever machine. */
  readonly programs: number
  readonly problems: readonly LayoutProblem[]
}

/** Files of one kind that are named. */
const namedFiles = 10
const shownName = 200

/** @param layers in order; `undefined` for those that could not be read. */
export function judgeImage(
  layers: readonly (PlacedLayer | undefined)[],
  platform: Platform,
  layout: string,
  strict: boolean,
  allowed: AllowedForeign | undefined,
): JudgedImage {
  const remaining = new RemainingFiles(layers)
  const left = layers.flatMap((layer, index) => {
    if (layer === undefined) return []
    const kinds = layer.facts.machines.map(({ machine, files, more }) => {
      const named = files.map((file) => remaining.namesOf(file, index).filter(isForThisMachine))
      return { machine, files: named.filter((names) => names.length > 0), more }
    })
    return { at: layer.at, kinds: kinds.filter(({ files, more }) => files.length + more > 0) }
  })
  const kinds = left.flatMap((layer) => layer.kinds)
  const programs = kinds.reduce((sum, { files, more }) => sum + files.length + more, 0)
  const problems = layers.flatMap((_, index) => judgeOuterPlaces(layers, index, layout, strict))
  if (!isJudged(platform)) return { programs, problems }
  const verdicts = left.flatMap(({ at, kinds: own }) =>
    own.map((kind) => ({ at, kind, verdict: judge(kind.machine, platform) })),
  )
  for (const { at, kind, verdict } of verdicts) {
    if (typeof verdict === 'string') continue
    const files = kind.files.flatMap((names) => (allowed === undefined ? names[0] : allowed.count(names)) ?? [])
    problems.push(...foreignFiles({ files, more: kind.more }, verdict, layout, at))
  }
  // An image for amd64 may have programs for 386 as well, but not those alone.
  const other = verdicts.find(({ verdict }) => verdict === 'companion')
  if (other !== undefined && !verdicts.some(({ verdict }) => verdict === 'own')) {
    const { files, machine } = other.kind
    const at = [...other.at, ...files.slice(0, 1).map((names) => showName(names[0]!))]
    const found = `code for ${machine.architecture} alone in the image`
    problems.push({ code: 'file-platform', layout, at, expected: `code for ${formatPlatform(platform)}`, found })
  }
  return { programs, problems }
}

function foreignFiles(
  { files, more }: Pick<MachineFiles, 'files' | 'more'>,
  { expected, found }: { readonly expected: string; readonly found: string },
  layout: string,
  at: TreePath,
): LayoutProblem[] {
  const problem = { code: 'file-platform', layout, expected } as const
  const named: LayoutProblem[] = files
    .slice(0, namedFiles)
    .map((file) => ({ ...problem, at: [...at, showName(file).slice(0, shownName)], found }))
  const rest = files.length - named.length + more
  return rest === 0 ? named : [...named, { ...problem, at, found: `${found} in ${rest} more files` }]
}

/** Judges what a layer needs of those below it. */
function judgeOuterPlaces(
  layers: readonly (PlacedLayer | undefined)[],
  index: number,
  layout: string,
  strict: boolean,
): LayoutProblem[] {
  const layer = layers[index]
  if (layer === undefined) return []
  const problems: LayoutProblem[] = []
  for (const { entry, place, as } of layer.facts.outerPlaces) {
    const found = faultOf(as, kindOf(layers.slice(0, index), place), layer.facts, place)
    if (found === undefined || (found.code === 'layer-entry-unportable' && !strict)) continue
    problems.push({ ...found, layout, at: [...layer.at, showName(entry).slice(0, shownName)] })
  }
  return problems
}

function faultOf(
  as: OuterPlace['as'],
  below: Kind | undefined,
  { names }: LayerFacts,
  place: string,
): EntryFault | undefined {
  switch (as) {
    case 'hard-link':
      if (below === 'nothing') return refused('a hard link to a file that does not exist before it')
      if (below === 'directory') return refused('a hard link to a directory')
      return unportable('a hard link to a file of a lower layer')
    case 'linked-directory':
      if (below !== 'nothing' && below !== 'other') return undefined
      return unportable('an entry below a symbolic link that leads to no directory')
    case 'implied-directory': {
      // Its entry may have come later.
      const isEntry = names !== undefined && (lookUp(names, place) & says.entry) !== 0
      return below === 'other' && !isEntry ? unportable('an entry below a file of a lower layer') : undefined
    }
  }
}

type Kind = 'directory' | 'link' | 'other' | 'nothing'

/** What the layers have at a place together. @returns `undefined` if that is not known. */
function kindOf(layers: readonly (PlacedLayer | undefined)[], place: string): Kind | undefined {
  for (const layer of layers.toReversed()) {
    const names = layer?.facts.names
    if (names === undefined) return undefined
    // By way of a symbolic link, it may be anywhere.
    if ([...ancestorsOf(place)].some((end) => (lookUp(names, place, end) & says.link) !== 0)) return undefined
    const bits = lookUp(names, place)
    if ((bits & says.entry) !== 0) {
      return (bits & says.directory) !== 0 ? 'directory' : (bits & says.link) !== 0 ? 'link' : 'other'
    }
    if ((bits & says.parent) !== 0) return 'directory'
    if (hides(names, place)) return 'nothing'
  }
  return 'nothing'
}
