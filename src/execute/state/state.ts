/**
 * What is remembered between runs, in `.mab/` beside the config. All of it may be lost or damaged at any time; that
 * costs work, never a wrong result. No path in it is absolute but those that lead out of the project.
 */
import fs from 'node:fs'
import path from 'node:path'
import { fingerprint } from '../../plan/fingerprint.js'
import { exists, isWithin, makeDirectory, statIfThere, writeFileAtomic } from '../../util/fs.js'
import { compareCodeUnits } from '../../util/json.js'
import type { StateProblem } from '../../problem/problem.js'
import type { LockPlace } from '../lock/acquire.js'
import { SourceCache } from './source-cache.js'
import { Stamps } from './stamps.js'
import { KnownFiles } from './verified-files.js'

/** https://bford.info/cachedir/: backup programs leave such a directory out. */
const cacheDirTag =
  'Signature: 8a477f597d28d172789f06886806bc55\n# Made by mab. Deleting this directory is always safe.\n'

/** Enough to look back over some days of work. */
const keptLogs = 50

type PlaceInput = 'output.directory' | 'output.archive'

const placePrefix = 'place:'

/** Whether a stamp is no task's, but says where a target was written at some time. */
export function isPlace(id: string): boolean {
  return id.startsWith(placePrefix)
}

/** A link to a directory is one; a link to nothing may be to a disk that is not mounted. */
export function checkStateDirectory(directory: string): StateProblem | undefined {
  const stat = statIfThere(directory)
  if (stat?.isDirectory() === true) return undefined
  const isLink = fs.lstatSync(directory, { throwIfNoEntry: false })?.isSymbolicLink() === true
  if (stat === undefined && !isLink) return undefined
  const found = stat === undefined ? `a symbolic link to ${fs.readlinkSync(directory)}, where nothing is` : 'a file'
  return { code: 'state-not-a-directory', path: directory, found }
}

/** @param stateDirectory `.mab` */
export function projectPlace(stateDirectory: string): LockPlace {
  return { place: path.dirname(stateDirectory), file: path.join(stateDirectory, 'lock'), isOurs: true }
}

/** Everything in `.mab` is mab's. A link to a directory stays. */
function removeUnlessDirectory(place: string): void {
  if (statIfThere(place)?.isDirectory() !== true) fs.rmSync(place, { force: true })
}

export class State {
  /** `.mab`; absolute. */
  readonly directory: string
  readonly stamps: Stamps
  readonly verified: KnownFiles
  readonly sources: SourceCache

  /**
   * Reads what is there; makes nothing.
   * @param forget what was found to be good, and the content of sources, so that each file is read again.
   */
  constructor(directory: string, forget = false) {
    this.directory = directory
    this.stamps = new Stamps(this.stampFile)
    this.verified = new KnownFiles(path.join(directory, 'verified.json'), path.dirname(directory), forget)
    this.sources = new SourceCache(path.join(directory, 'sources.json'), forget)
  }

  /** Makes the directory, with what keeps it out of backups and repositories. @returns what stands in its place. */
  create(): StateProblem | undefined {
    const problem = checkStateDirectory(this.directory)
    if (problem !== undefined) return problem
    makeDirectory(this.directory)
    for (const name of ['answers', 'logs', 'start']) removeUnlessDirectory(path.join(this.directory, name))
    for (const [name, content] of [
      ['CACHEDIR.TAG', cacheDirTag],
      ['.gitignore', '*\n'],
    ] as const) {
      const file = path.join(this.directory, name)
      if (!exists(file)) writeFileAtomic(file, content)
    }
    return undefined
  }

  /** Removes all but the newest logs; their names begin with the time. */
  pruneLogs(): void {
    if (!exists(this.logDirectory)) return
    const names = fs.readdirSync(this.logDirectory).toSorted(compareCodeUnits)
    for (const name of names.slice(0, Math.max(0, names.length - keptLogs))) {
      fs.rmSync(path.join(this.logDirectory, name), { recursive: true, force: true })
    }
  }

  /** Writes what was learnt. Stamps are written at once. */
  save(): void {
    this.stamps.save()
    this.verified.save()
    this.sources.save()
  }

  /** As it is to be recorded: relative in the project, which may be moved; absolute outside of it. */
  relative(file: string): string {
    const root = path.dirname(this.directory)
    return path.isAbsolute(file) && isWithin(file, root) ? path.relative(root, file) || '.' : file
  }

  /** Whether the stamp of a task says that mab wrote an archive there. */
  wroteArchive(file: string): boolean {
    return this.stamps.ids().some((id) => !isPlace(id) && this.placesIn(id, 'output.archive').includes(file))
  }

  /** Remembers where a target is written: its config may name another place later. */
  notePlace(target: string, input: PlaceInput, file: string): void {
    const place = this.relative(file)
    const id = `${placePrefix}${target}:${place}`
    if (this.stamps.read(id) !== undefined) return
    this.stamps.write(id, { fingerprint: fingerprint({ [input]: place }), output: null })
  }

  /** Where the stamp says that mab wrote; absolute. */
  placesIn(id: string, input: PlaceInput): string[] {
    const place = this.stamps.read(id)?.fingerprint.inputs[input]
    return typeof place === 'string' ? [path.resolve(path.dirname(this.directory), place)] : []
  }

  get logDirectory(): string {
    return path.join(this.directory, 'logs')
  }

  get lockPlace(): LockPlace {
    return projectPlace(this.directory)
  }

  get stampFile(): string {
    return path.join(this.directory, 'stamps.ndjson')
  }
}
