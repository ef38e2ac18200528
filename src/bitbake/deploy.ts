/**
 * Where BitBake puts a recipe's layout. Gives the places to try, the likeliest first; whether a layout lies there, and
 * which one it is, is for whoever can read layouts.
 */
import fs, { type Dirent } from 'node:fs'
import path from 'node:path'
import type { Pattern } from '../targets/target.js'
import { exists } from '../util/fs.js'
import { tracingFileSystem } from '../util/trace.js'
import type { LookedAt } from '../util/problem.js'

export interface DeployQuery {
  /** TOPDIR. */
  readonly buildDirectory: string
  readonly multiconfig: string
  readonly recipe: string
  /** Without it, every folder of `deploy/images` is looked into. */
  readonly machine?: string
  /** DEPLOY_DIR_IMAGE, when it is known. */
  readonly deployDirectory?: string
  /** OCI_IMAGE_TAG, when it is known. */
  readonly reference?: string
  /** IMAGE_BASENAME, when it is known and is not the recipe's name. */
  readonly basename?: string
}

export interface Candidate {
  readonly path: string
  /** The name says that the image has this reference: of another recipe, if it does not. */
  readonly tag?: string
}

export interface Candidates {
  /** Groups of equally good places, the best group first. */
  readonly groups: readonly (readonly Candidate[])[]
  /** Every directory that was looked into, and what lies there. */
  readonly looked: readonly LookedAt[]
  /** The newest time-stamped layout of each directory: a link to an older one is stale. */
  readonly newest: readonly string[]
  /** Every directory and file whose change could give other candidates. Absolute. */
  readonly evidence: readonly string[]
}

/** By the conventions of OE-core and meta-virtualization. */
export function findDeployed(query: DeployQuery): Candidates {
  const groups: Candidate[][] = []
  const looked: LookedAt[] = []
  const newest: string[] = []
  const evidence = new Set<string>()
  for (const directories of deployDirectories(query, looked, evidence)) {
    for (const directory of directories) evidence.add(directory)
    const perDirectory = directories.map((directory) => look(directory, query, looked, evidence))
    newest.push(...perDirectory.flatMap((found) => found.newest))
    const depth = Math.max(0, ...perDirectory.map(({ tiers }) => tiers.length))
    for (let tier = 0; tier < depth; tier++) groups.push(perDirectory.flatMap(({ tiers }) => tiers[tier] ?? []))
  }
  return { groups: groups.filter((group) => group.length > 0), looked, newest, evidence: [...evidence] }
}

/** What a path or a glob of the config finds. */
export async function findNamed({ root, pattern }: Pattern): Promise<Candidates> {
  const file = path.resolve(root, pattern)
  const evidence = new Set([file])
  const found = exists(file) ? [file] : await expand(root, pattern, file, evidence)
  const looked = found.length === 0 ? [{ place: file, found: 'nothing matches' }] : []
  const groups = [found.toSorted().map((match) => ({ path: match }))]
  return { groups, looked, newest: [], evidence: [...evidence] }
}

async function expand(root: string, pattern: string, file: string, evidence: Set<string>): Promise<string[]> {
  // Only now: loading it takes longer than all else that finding a layout does.
  const { default: glob } = await import('fast-glob')
  if (!glob.isDynamicPattern(pattern)) return [file]
  const traced = tracingFileSystem(root, evidence)
  return glob.sync(pattern, { cwd: root, absolute: true, onlyFiles: false, dot: true, fs: traced })
}

/**
 * TMPDIR is `tmp` unless a multiconfig says otherwise: `tmp-<mc>` (meta-virtualization), `tmp-mc-<mc>` (oe-selftest);
 * `tmp-glibc` and `tmp-musl` come from TCLIBCAPPEND (up to scarthgap).
 */
function deployDirectories(query: DeployQuery, looked: LookedAt[], evidence: Set<string>): string[][] {
  if (query.deployDirectory !== undefined) return [[query.deployDirectory]]
  const { multiconfig, machine } = query
  const own = multiconfig === '' ? [] : [`tmp-${multiconfig}`, `tmp-mc-${multiconfig}`]
  const shared = ['tmp', 'tmp-glibc', 'tmp-musl', ...(multiconfig === '' ? ['tmp-default'] : [])]
  const images = [...own, ...shared].map((name) => path.join(query.buildDirectory, name, 'deploy', 'images'))
  if (machine !== undefined) return images.map((directory) => [path.join(directory, machine)])
  return images.map((directory) => {
    evidence.add(directory)
    const entries = list(directory)
    const machines = (entries ?? []).filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    if (machines.length === 0) {
      looked.push({ place: directory, found: entries === undefined ? 'no such directory' : "no machine's directory" })
    }
    return machines.map((entry) => path.join(directory, entry.name))
  })
}

function list(directory: string): Dirent[] | undefined {
  try {
    return fs.readdirSync(directory, { withFileTypes: true })
  } catch {
    return undefined
  }
}

interface Found {
  readonly tiers: readonly (readonly Candidate[])[]
  readonly newest: readonly string[]
}

function look(directory: string, query: DeployQuery, looked: LookedAt[], evidence: Set<string>): Found {
  const entries = list(directory)
  if (entries === undefined) {
    looked.push({ place: directory, found: 'no such directory' })
    return { tiers: [], newest: [] }
  }
  const names = entries.map(({ name }) => name).toSorted()
  looked.push({ place: directory, found: names.length === 0 ? 'an empty directory' : names.join(', ') })
  const { reference } = query
  const recipe = query.basename ?? query.recipe
  const machine = query.machine ?? path.basename(directory)
  const tag = (reference ?? 'latest').replaceAll(':', '_')
  const at = (name: string): Candidate => ({ path: path.join(directory, name) })

  const tiersOf = (suffix: string): Candidate[][] => {
    const exact = [`${recipe}-${tag}-oci`, `${recipe}-${machine}-${tag}-oci`, `${recipe}-oci`].map(
      (name) => name + suffix,
    )
    const stamped = newestStamped(names, recipe, machine, suffix)
    const rest = names.filter((name) => !exact.includes(name) && stampOf(name) === undefined)
    return [
      ...exact.filter((name) => names.includes(name)).map((name) => [at(meant(directory, name, stamped, evidence))]),
      reference === undefined
        ? anyTag(rest, recipe, suffix).map((found) => ({ ...at(found.name), tag: found.tag }))
        : [],
      stamped.map(at),
    ]
  }
  const newest = newestStamped(names, recipe, machine, '').map((name) => path.join(directory, name))
  return { tiers: ['', '.tar', '-dir.tar'].flatMap(tiersOf), newest }
}

/**
 * Up to 2026 the class links with `ln -sf`, which puts the new link into the directory that the old one leads to, where
 * only do_image_oci ran again (another label, another entry point). So it says which layout is meant.
 */
function meant(directory: string, link: string, newest: readonly string[], evidence: Set<string>): string {
  const misplaced = newest.filter((name) => {
    const inside = path.join(directory, link, name)
    evidence.add(inside)
    return linkTarget(inside) === name
  })
  return misplaced[0] ?? link
}

function linkTarget(file: string): string | undefined {
  try {
    return fs.readlinkSync(file)
  } catch {
    return undefined
  }
}

/** `<recipe>-<OCI_IMAGE_TAG>-oci`. What oci-multiarch.bbclass writes into the same directory is no source. */
function anyTag(names: readonly string[], recipe: string, suffix: string): { name: string; tag: string }[] {
  const [start, end] = [`${recipe}-`, `-oci${suffix}`]
  return names.flatMap((name) => {
    if (!name.startsWith(start) || !name.endsWith(end) || name.length <= start.length + end.length) return []
    const tag = name.slice(start.length, -end.length)
    return /(^|-)multiarch$/.test(tag) ? [] : [{ name, tag }]
  })
}

/** DATETIME in an IMAGE_NAME: kirkstone puts `.rootfs` behind it, later releases before it, or both. */
function stampOf(name: string): string | undefined {
  return /-(\d{14})(?:\.rootfs)?-oci(?:\.tar|-dir\.tar)?$/.exec(name)?.[1]
}

/** The real directories (or tars) behind the links; the newest, or several when they are equally new. */
function newestStamped(names: readonly string[], recipe: string, machine: string, suffix: string): string[] {
  const starts = [`${recipe}-${machine}`, recipe]
  const mine = names.filter((name) => {
    const stamp = stampOf(name)
    if (stamp === undefined) return false
    const ends = [`-${stamp}-oci${suffix}`, `-${stamp}.rootfs-oci${suffix}`]
    return starts.some((start) => ends.some((end) => name === `${start}${end}` || name === `${start}.rootfs${end}`))
  })
  const newest = mine.map((name) => stampOf(name)!).reduce((a, b) => (a > b ? a : b), '')
  return mine.filter((name) => stampOf(name) === newest)
}
