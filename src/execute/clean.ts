/** Removing what mab made, and nothing else: images by their stamps and by the config, and what is remembered of them. */
import fs from 'node:fs'
import path from 'node:path'
import { exists, isWithin } from '../util/fs.js'
import { ok, type Result, type StateProblem } from '../util/problem.js'
import { acquireLock, type LockOptions } from './lock.js'
import { checkArchive, checkOwnOutput } from './output.js'
import { removeOutput } from './output-files.js'
import { State } from './state.js'

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
  /** What goes besides what stamps tell. */
  readonly outputs: Outputs
  /** Places of targets that stay. */
  readonly kept: Outputs
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
  if (dryRun || !exists(stateDirectory)) return ok(await clean(options))
  const lock = await acquireLock(path.join(stateDirectory, 'lock'), options)
  if (!lock.ok) return lock
  try {
    return ok(await clean(options))
  } finally {
    await lock.value()
  }
}

async function clean({ stateDirectory, isUnwanted, outputs, kept, dryRun }: CleanOptions): Promise<Cleaned> {
  const state = new State(stateDirectory)
  const { stamps } = state
  const root = path.dirname(stateDirectory)
  const ids = stamps.ids().filter((id) => isUnwanted(targetOf(id) ?? ''))
  const placesIn = (id: string, input: string): string[] => {
    const value = stamps.read(id)!.fingerprint.inputs[input]
    return typeof value === 'string' ? [path.resolve(root, value)] : []
  }
  const told = (input: string): string[] => ids.flatMap((id) => placesIn(id, input))
  const recorded = new Set(stamps.ids().flatMap((id) => placesIn(id, 'output.directory')))
  const removed: string[] = []
  const problems: StateProblem[] = []
  const remove = (file: string, problem: StateProblem | undefined, act: (file: string) => void): void => {
    if (problem !== undefined) return void problems.push(problem)
    if (!dryRun) act(file)
    removed.push(file)
  }
  // A damaged record may say anything.
  const isOpen = (file: string, taken: readonly string[]): boolean =>
    exists(file) && file !== root && isWithin(file, root) && !taken.includes(file)
  for (const file of new Set([...outputs.directories, ...told('output.directory')])) {
    if (!isOpen(file, kept.directories)) continue
    const problem = await checkOwnOutput(file, recorded.has(file))
    if (problem !== 'empty') remove(file, problem, removeOutput)
  }
  for (const file of new Set([...outputs.archives, ...told('output.archive')])) {
    if (!isOpen(file, kept.archives)) continue
    remove(file, await checkArchive(file, state.wroteArchive(file)), (archive) => fs.rmSync(archive))
  }
  if (!dryRun) {
    for (const id of ids) stamps.drop(id)
    fs.rmSync(path.join(stateDirectory, 'start'), { recursive: true, force: true })
  }
  return { removed, problems }
}

/** Stamps of requests to BitBake are no target's: several may share one. */
function targetOf(stamp: string): string | undefined {
  return /^(?:discover|merge|index|verify|archive):([^:[]+)/.exec(stamp)?.[1]
}
