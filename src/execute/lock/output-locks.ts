/**
 * One writer per output directory and per archive, whatever the command, the project, the clone or the container. The
 * lock of a directory is inside it, because that is the same file wherever the directory is mounted; the lock of an
 * archive is next to it.
 *
 * A task takes the locks of the places that it writes before its freshness is decided, and they are released once the
 * last task of the plan that writes there has ended. Nothing is waited for with a slot of the pool, and a process that
 * has the lock of a directory waits at most for archives, so processes cannot wait for each other in a circle.
 */
import fs from 'node:fs'
import path from 'node:path'
import type { Plan, Task, TaskId } from '../../plan/task.js'
import { errorCode, isAbsent, isDanglingLink, realPath, statIfThere } from '../../util/fs.js'
import { systemProblem } from '../../problem/system-problem.js'
import { fail, ok, type Result, type StateProblem } from '../../problem/problem.js'
import { lockFileName } from '../output/output-files.js'
import type { TaskResult } from '../run-report.js'
import { acquireLock, type LockOptions, type LockPlace } from './acquire.js'
import type { HeldLock } from './lock-file.js'

/** Nothing can be written where there is no lock, and the task says why. */
type Locking = Promise<Result<HeldLock | undefined, StateProblem>>

interface Place extends LockPlace {
  readonly directory?: string
  /** Tasks that write there and have not ended. */
  left: number
  locking?: Locking
}

export class OutputLocks {
  readonly #places = new Map<string, Place>()
  readonly #byTask = new Map<TaskId, readonly Place[]>()
  readonly #options: LockOptions

  constructor(plan: Plan, options: LockOptions) {
    this.#options = options
    for (const task of plan.tasks) {
      const places = placesOf(task).map((place) => this.#places.get(place.file) ?? place)
      for (const place of places) {
        place.left++
        this.#places.set(place.file, place)
      }
      this.#byTask.set(task.id, places)
    }
  }

  /**
   * Takes the locks that the task needs.
   * @returns the result of a task that cannot begin. Of all that need a lock, the first has the problem.
   */
  async enter(task: Task): Promise<TaskResult | undefined> {
    for (const place of this.#byTask.get(task.id) ?? []) {
      if (this.#options.signal.aborted) return undefined
      const isFirst = place.locking === undefined
      const locked = await (place.locking ??= lockOutput(place, this.#options))
      if (locked.ok) continue
      if (this.#options.signal.aborted) return undefined
      if (isFirst) return { state: 'failed', detail: '', problems: locked.problems }
      return { state: 'blocked', detail: `needs the lock of ${place.place}`, problems: [] }
    }
    return undefined
  }

  /** Releases the locks that only the task still needed. @param finish called before, for a directory that is locked */
  async leave(task: Task, finish: (directory: string) => Promise<void>): Promise<void> {
    for (const place of (this.#byTask.get(task.id) ?? []).toReversed()) {
      if (--place.left > 0) continue
      const locked = await place.locking
      if (locked?.ok !== true || locked.value === undefined) continue
      const { directory } = place
      try {
        if (directory !== undefined) await finish(directory)
      } finally {
        releaseOutput(place, locked.value)
      }
    }
  }
}

function placesOf(task: Task): Place[] {
  switch (task.kind) {
    case 'merge':
    case 'verify':
      return [directoryPlace(task.directory)]
    case 'index':
      return [directoryPlace(task.output.directory)]
    case 'archive':
      return [directoryPlace(task.directory), archivePlace(task.file)]
    default:
      return []
  }
}

export function directoryPlace(directory: string): Place {
  const file = path.join(realPath(directory), lockFileName)
  return { place: directory, directory, file, isOurs: false, left: 0 }
}

/** The archive is replaced by a rename, so a link is not followed: its own directory counts. */
export function archivePlace(archive: string): Place {
  const file = path.join(realPath(path.dirname(archive)), `.${path.basename(archive)}${lockFileName}`)
  return { place: archive, file, isOurs: false, left: 0 }
}

export async function lockOutput(place: LockPlace & { readonly directory?: string }, options: LockOptions): Locking {
  if (place.directory !== undefined && isOccupied(place.directory)) return ok(undefined)
  try {
    return await acquireLock(place, options)
  } catch (error) {
    // Without a place for the lock there is none for a new index.json: what is up to date there stays so.
    if (isAbsent(error) || ['EACCES', 'EPERM', 'EROFS'].includes(errorCode(error) ?? '')) return ok(undefined)
    const problem = systemProblem(error)
    if (problem === undefined) throw error
    return fail(problem)
  }
}

/** Whether something that is not a directory stands there. */
function isOccupied(directory: string): boolean {
  const stat = statIfThere(directory)
  if (stat !== undefined) return !stat.isDirectory()
  return isDanglingLink(directory)
}

/** A directory that holds nothing without its lock goes with it: it was made for the lock, or has been emptied. */
export function releaseOutput({ directory }: { readonly directory?: string }, lock: HeldLock): void {
  lock.release()
  if (directory === undefined) return
  try {
    fs.rmdirSync(directory)
  } catch {
    // It holds an image, another process has taken the lock, or it is a link or a mount point.
  }
}
