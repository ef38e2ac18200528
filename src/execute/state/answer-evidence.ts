/**
 * What an answer of BitBake depends on: the files that it read, those that it looked for in vain, and the directories in
 * which it looks for recipes. A new `.bbappend` is in no list of files that were read, but it changes its directory.
 */
import fs, { type BigIntStats } from 'node:fs'
import path from 'node:path'
import { sha256 } from '../../oci/digest.js'
import type { Build } from '../../targets/target.js'
import { bootId } from '../../util/boot.js'
import { granularity } from '../../util/clock.js'
import { fileIdentity, statIfThere } from '../../util/fs.js'
import { tracingFileSystem } from '../../util/trace.js'

/** `null`: there was neither a file nor a directory. */
export type PlaceRecord = readonly [identity: string, digest: string] | null

/** Differs from every place: what BitBake saw there is not known. */
const unknown: PlaceRecord = ['', '']

/**
 * Records places as they are now.
 * @param since ms since the epoch, before BitBake was asked: it may have seen another content of what changed later
 */
export function recordPlaces(places: Iterable<string>, build: Build, since: number): Record<string, PlaceRecord> {
  const records: Record<string, PlaceRecord> = {}
  for (const place of places) {
    const content = contentOf(place, build)
    const stat = content === undefined ? undefined : statIfThere(place)
    if (content === undefined || stat === undefined) {
      records[place] = null
      continue
    }
    const changed = Number(stat.ctimeNs / 1_000_000n)
    const late = changed > since - granularity(changed) && !isWrittenByKas(place, build)
    records[place] = late ? unknown : [identityOf(stat), sha256(content)]
  }
  return records
}

/** In this boot: a power failure may take bytes away and leave the times. */
function identityOf(stat: BigIntStats): string {
  return `${bootId()} ${fileIdentity(stat)}`
}

export function isPlaceRecord(value: unknown): value is PlaceRecord {
  return (
    value === null || (Array.isArray(value) && value.length === 2 && value.every((word) => typeof word === 'string'))
  )
}

/** Returns the first place that is not as recorded. Identities are compared first, and contents where they differ. */
export function firstChange(records: Readonly<Record<string, PlaceRecord>>, build: Build): string | undefined {
  return Object.entries(records).find(([place, before]) => {
    const stat = statIfThere(place)
    if (before !== null && stat !== undefined && before[0] === identityOf(stat)) return false
    const content = stat === undefined ? undefined : contentOf(place, build)
    return content === undefined ? before !== null : before === null || sha256(content) !== before[1]
  })?.[0]
}

/**
 * Returns the directories in which BitBake looks for recipes and appends, and the names that it looks for there.
 * @param patterns BBFILES; each is a glob of Python's `glob.glob`, or a directory that is searched as a whole
 */
export async function recipePlaces(patterns: readonly string[]): Promise<string[]> {
  if (patterns.length === 0) return []
  // Imported here because loading it takes 40 ms.
  const { default: glob } = await import('fast-glob')
  const seen = new Set<string>()
  const globs = patterns.flatMap((pattern) => {
    if (glob.isDynamicPattern(pattern)) return [pattern]
    seen.add(path.resolve(pattern))
    if (statIfThere(pattern)?.isDirectory() !== true) return []
    return [`${glob.escapePath(pattern)}/**/*.bb`, `${glob.escapePath(pattern)}/**/*.bbappend`]
  })
  const traced = tracingFileSystem(path.sep, seen)
  glob.sync(globs, {
    cwd: path.sep,
    braceExpansion: false,
    extglob: false,
    onlyFiles: false,
    suppressErrors: true,
    fs: traced,
  })
  return [...seen]
}

/** Returns a file's content; of a directory, the names that can make a difference to BBFILES. */
function contentOf(place: string, build: Build): Buffer | string | undefined {
  try {
    const stat = statIfThere(place)
    if (stat?.isDirectory() === true) return recipeNames(place)
    return stat?.isFile() === true ? fileContent(place, build) : undefined
  } catch {
    // Not readable for this user: BitBake, which runs as the same user, could not read it either.
    return undefined
  }
}

/** Hidden names are left out, as Python's `glob` leaves them out. */
function recipeNames(directory: string): string {
  return fs
    .readdirSync(directory, { withFileTypes: true })
    .filter((entry) => !entry.name.startsWith('.') && (!entry.isFile() || /\.bb(append)?$/.test(entry.name)))
    .map(({ name }) => name)
    .toSorted()
    .join('\n')
}

/**
 * kas may write the multiconfigs of its targets in the order of a Python set, which differs from call to call. BitBake
 * takes the variable as a set too: the order decides only which one it parses first.
 */
function fileContent(file: string, build: Build): Buffer | string {
  const content = fs.readFileSync(file)
  if (!isWrittenByKas(file, build) || path.basename(file) !== 'local.conf') return content
  const sorted = (_: string, names: string): string => `BBMULTICONFIG ?= "${names.split(' ').toSorted().join(' ')}"`
  return content.toString('latin1').replaceAll(/^BBMULTICONFIG \?= "([^"\n]*)"$/gm, sorted)
}

/** kas writes both at each call, before it starts BitBake. */
function isWrittenByKas(file: string, { directory, kas }: Build): boolean {
  return (
    kas !== undefined && ['local.conf', 'bblayers.conf'].some((name) => file === path.join(directory, 'conf', name))
  )
}
