/**
 * Where BitBake puts a recipe's layout. Gives the places to try, the likeliest first; whether a layout lies there, and
 * which one it is, is for whoever can read layouts.
 */
import fs, { type Dirent } from 'node:fs'
import path from 'node:path'
import type { Pattern } from '../targets/target.js'
import { exists, realPath } from '../util/fs.js'
import { compareCodeUnits } from '../util/json.js'
import { tracingFileSystem } from '../util/trace.js'
import type { LookedAt } from '../problem/problem.js'

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
  /** The layout is older than another one of the recipe in the same directory. */
  readonly outdated?: OutdatedLink
}

export interface OutdatedLink {
  /** Absolute. */
  readonly link: string
  /** The name of the layout that it stands for, and of the newer one in its directory. */
  readonly to: string
  readonly newer: string
}

export interface Candidates {
  /** Groups of equally good places, the best group first. */
  readonly groups: readonly (readonly Candidate[])[]
  /** Every directory that was looked into, and what lies there. */
  readonly looked: readonly LookedAt[]
  /** Every directory and file whose change could give other candidates. Absolute. */
  readonly evidence: readonly string[]
}

/** By the conventions of OE-core and meta-virtualization. */
export function findDeployed(query: DeployQuery): Candidates {
  const groups: Candidate[][] = []
  const looked: LookedAt[] = []
  const evidence = new Set<string>()
  for (const directories of deployDirectories(query, looked, evidence)) {
    for (const directory of directories) evidence.add(directory)
    const perDirectory = directories.map((directory) => look(directory, query, looked, evidence))
    const depth = Math.max(0, ...perDirectory.map((tiers) => tiers.length))
    for (let tier = 0; tier < depth; tier++) groups.push(perDirectory.flatMap((tiers) => tiers[tier] ?? []))
  }
  return { groups: groups.filter((group) => group.length > 0), looked, evidence: [...evidence] }
}

/** What a path or a glob of the config finds. */
export async function findNamed({ root, pattern }: Pattern): Promise<Candidates> {
  const file = path.resolve(root, pattern)
  const evidence = new Set([file])
  const found = exists(file) ? [file] : await expand(root, pattern, file, evidence)
  const looked = found.length === 0 ? [{ place: file, found: 'nothing matches' }] : []
  const groups = [found.toSorted().map((match) => ({ path: match }))]
  return { groups, looked, evidence: [...evidence] }
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
 * `-glibc` and `-musl` come from TCLIBCAPPEND (up to scarthgap). A multiconfig's own TMPDIR with `-musl` is not looked
 * into, because it is more often that of a second multiconfig, `<mc>-musl`.
 */
function deployDirectories(query: DeployQuery, looked: LookedAt[], evidence: Set<string>): string[][] {
  if (query.deployDirectory !== undefined) return [[query.deployDirectory]]
  const { multiconfig, machine } = query
  const own =
    multiconfig === '' ? [] : [`tmp-${multiconfig}`, `tmp-mc-${multiconfig}`].flatMap((name) => [name, `${name}-glibc`])
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

/** @returns groups, as those of `Candidates` */
function look(directory: string, query: DeployQuery, looked: LookedAt[], evidence: Set<string>): Candidate[][] {
  const entries = list(directory)
  if (entries === undefined) {
    looked.push({ place: directory, found: 'no such directory' })
    return []
  }
  const names = entries.map(({ name }) => name).toSorted()
  looked.push({ place: directory, found: names.length === 0 ? 'an empty directory' : names.join(', ') })
  const { reference } = query
  const recipe = query.basename ?? query.recipe
  const machine = query.machine ?? path.basename(directory)
  const tag = (reference ?? 'latest').replaceAll(':', '_')
  const tiersOf = (suffix: string): Candidate[][] => {
    const exact = [`${recipe}-${tag}-oci`, `${recipe}-${machine}-${tag}-oci`, `${recipe}-oci`].map(
      (name) => name + suffix,
    )
    const stamped = newestStamped(names, recipe, machine, suffix)
    const rest = names.filter((name) => !exact.includes(name) && stampOf(name) === undefined)
    const at = (name: string): Candidate => {
      const place = path.join(directory, meant(directory, name, names, evidence))
      const to = path.basename(realPath(place))
      const newer = newerThan(to, names, stamped)
      return { path: place, ...(newer !== undefined && { outdated: { link: path.join(directory, name), to, newer } }) }
    }
    return [
      ...exact.filter((name) => names.includes(name)).map((name) => [at(name)]),
      reference === undefined
        ? anyTag(rest, recipe, suffix).map((found) => ({ ...at(found.name), tag: found.tag }))
        : [],
      stamped.map(at),
    ]
  }
  return ['', '.tar', '-dir.tar'].flatMap(tiersOf)
}

/**
 * Up to 2026 the class links with `ln -sf`. Where the link already leads to a directory, that puts the new link into the
 * directory, and happens where only do_image_oci ran again (another label, another entry point). The newest link of
 * that kind says which layout is meant.
 */
function meant(directory: string, link: string, names: readonly string[], evidence: Set<string>): string {
  const place = path.join(directory, link)
  const inside = list(place)
  if (inside === undefined) return link
  evidence.add(place)
  evidence.add(realPath(place))
  const misplaced = inside.filter(({ name }) => names.includes(name) && linkTarget(path.join(place, name)) === name)
  const inOrder = misplaced.map(({ name }) => name).toSorted((a, b) => compareCodeUnits(timeOf(a), timeOf(b)))
  return inOrder.at(-1) ?? link
}

/**
 * Returns the newest layout that is newer than `layout`: of the recipe by the conventions, or with the name of `layout`
 * but for the time. It is what BitBake has deployed last, under another tag or by a class that does not renew the link.
 */
function newerThan(layout: string, names: readonly string[], stamped: readonly string[]): string | undefined {
  if (stampOf(layout) === undefined || !names.includes(layout)) return undefined
  const alike = names.filter((name) => stampOf(name) !== undefined && withoutStamp(name) === withoutStamp(layout))
  const newest = [...stamped, ...alike].reduce((a, b) => (timeOf(b) > timeOf(a) ? b : a), layout)
  return newest === layout ? undefined : newest
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

function timeOf(name: string): string {
  return stampOf(name) ?? ''
}

function withoutStamp(name: string): string {
  return name.replace(/-\d{14}(?=(\.rootfs)?-oci)/, '-')
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
