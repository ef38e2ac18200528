/** Removing what mab made, and nothing else: images by their stamps and by the config, and what is remembered of them. */
import fs from 'node:fs'
import path from 'node:path'
import { exists, isWithin, removeTemporaries } from '../../util/fs.js'
import { fail, ok, type Result, type StateProblem } from '../../problem/problem.js'
import { acquireLock, type LockOptions } from '../lock/acquire.js'
import { archivePlace, directoryPlace, lockOutput, releaseOutput } from '../lock/output-locks.js'
import { checkArchive, checkOwnOutput } from './output.js'
import { removeOutput } from './output-files.js'
import { checkStateDirectory, isPlace, projectPlace, State } from '../state/state.js'

/** Where a target's image is, or was written by an earlier config. Absolute. */
export interface Outputs {
  readonly directories: readonly string[]
  readonly archives: readonly string[]
}

export interface CleanOptions extends LockOptions {
  /** `.mab` of the project; absolute. */
  readonly stateDirectory: string
  /** Whether what is remembered of this target goes too. */
  readonly isUnwanted: (target: string) => boolean
  /** Whether a place stays, for its name or for what the config takes from it; absolute. */
  readonly isUsed: (place: string) => boolean
  /** Whether places go that nobody uses any more, of whatever target they were. */
  readonly unused: boolean
  /** What goes besides what stamps tell. */
  readonly outputs: Outputs
  /** Only say what would be removed. */
  readonly dryRun: boolean
}

export interface Cleaned {
  /** Absolute. */
  readonly removed: readonly string[]
  /** What is there but is not mab's. */
  readonly problems: readonly StateProblem[]
}

export async function cleanProject(options: CleanOptions): Promise<Result<Cleaned, StateProblem>> {
  const { stateDirectory, dryRun } = options
  const unusable = checkStateDirectory(stateDirectory)
  if (unusable !== undefined) return fail(unusable)
  if (dryRun || !exists(stateDirectory)) return ok(await clean(options))
  const lock = await acquireLock(projectPlace(stateDirectory), options)
  if (!lock.ok) return lock
  try {
    return ok(await clean(options))
  } finally {
    lock.value.release()
  }
}

async function clean(options: CleanOptions): Promise<Cleaned> {
  const { stateDirectory, isUnwanted, isUsed, unused, outputs, dryRun } = options
  const state = new State(stateDirectory)
  const { stamps } = state
  const root = path.dirname(stateDirectory)
  const [directory, archive] = ['output.directory', 'output.archive'] as const
  const isLeft = (id: string): boolean =>
    unused && isPlace(id) && ![directory, archive].flatMap((input) => state.placesIn(id, input)).some(isUsed)
  const ids = stamps.ids().filter((id) => isUnwanted(targetOf(id) ?? '') || isLeft(id))
  const told = (input: typeof directory | typeof archive): string[] => ids.flatMap((id) => state.placesIn(id, input))
  // What lies in a place of an earlier config may be another's by now: its form must show whose it is.
  const tasks = stamps.ids().filter((id) => !isPlace(id))
  const recorded = new Set(tasks.flatMap((id) => state.placesIn(id, directory)))
  const removed: string[] = []
  const problems: StateProblem[] = []
  /** @param check says why the place stays */
  const remove = async (
    place: ReturnType<typeof directoryPlace>,
    check: () => Promise<StateProblem | 'empty' | undefined>,
    act: () => void,
  ): Promise<void> => {
    if ((await check()) === 'empty') return
    const lock = dryRun ? ok(undefined) : await lockOutput(place, options)
    if (!lock.ok) return void problems.push(...lock.problems)
    try {
      // Again, because another process may have changed it while this one waited.
      const problem = exists(place.place) ? await check() : 'empty'
      if (problem === 'empty') return
      if (problem !== undefined) return void problems.push(problem)
      if (!dryRun) act()
      removed.push(place.place)
    } finally {
      if (lock.value !== undefined) releaseOutput(place, lock.value)
    }
  }
  // A damaged record may say anything.
  const isOpen = (file: string): boolean => file !== root && isWithin(file, root) && !isUsed(file)
  for (const file of new Set([...outputs.directories, ...told(directory)])) {
    if (!isOpen(file) || !exists(file)) continue
    const check = (): ReturnType<typeof checkOwnOutput> => checkOwnOutput(file, recorded.has(file))
    await remove(directoryPlace(file), check, () => removeOutput(file))
  }
  for (const file of new Set([...outputs.archives, ...told(archive)])) {
    const place = archivePlace(file)
    // A killed process may have left the lock alone, which goes when it is taken over.
    if (!isOpen(file) || (!exists(file) && !exists(place.file))) continue
    const check = (): ReturnType<typeof checkArchive> => checkArchive(file, state.wroteArchive(file))
    await remove(place, check, () => {
      fs.rmSync(file)
      removeTemporaries(file)
    })
  }
  if (!dryRun) {
    // What could not be removed stays recorded as mab's.
    if (problems.some(({ code }) => code === 'locked')) return { removed, problems }
    for (const id of ids) stamps.drop(id)
    fs.rmSync(path.join(stateDirectory, 'start'), { recursive: true, force: true })
  }
  return { removed, problems }
}

/** Stamps of requests to BitBake are no target's: several may share one. */
function targetOf(stamp: string): string | undefined {
  return /^(?:place|discover|merge|index|verify|archive):([^:[]+)/.exec(stamp)?.[1]
}
