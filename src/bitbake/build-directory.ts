/** Whether BitBake can be started in a directory: what is cheaper to find out before than to read from its failure. */
import { promises as fs, constants } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Build } from '../targets/target.js'
import { errorCode, exists } from '../util/fs.js'
import type { BitbakeProblem } from '../problem/bitbake-problem.js'
import { buildDirectoryMarker } from './command.js'
import { serverAtWork, type ServerAtWork } from './process/server.js'

/** BitBake would litter any directory that it is started in, so the check comes first. */
export async function checkBuildDirectory({ directory, kas }: Build): Promise<BitbakeProblem | undefined> {
  const unfit = /[\s:]/.exec(directory)
  if (unfit !== null)
    return { code: 'build-directory-name', directory, found: unfit[0] === ':' ? 'a colon' : 'a space' }
  const marker = buildDirectoryMarker(directory)
  // kas makes it.
  if (kas !== undefined && !exists(directory)) return undefined
  if (kas === undefined && !exists(marker)) {
    const found = await fs.readdir(directory).catch(() => null)
    return { code: 'not-a-build-directory', directory, missing: path.relative(directory, marker), found }
  }
  // BitBake tries for 20 s to make its lock there.
  try {
    await fs.access(directory, constants.W_OK)
  } catch (error) {
    return { code: 'build-directory-not-writable', directory, found: errorCode(error) ?? 'EACCES' }
  }
  return undefined
}

export interface WaitOptions {
  /** ms; 0 does not wait. */
  readonly wait: number
  readonly stop: AbortSignal
  /** Called once, when the directory is not free. */
  onWait(atWork: ServerAtWork): void
}

/** ms between two looks. */
const interval = 250

/**
 * Until nobody else's BitBake is at work there, or `stop` aborts. BitBake waits by itself, but for a minute without a
 * word, and after eight it gives up.
 */
export async function waitForBuildDirectory(
  directory: string,
  { wait, stop, onWait }: WaitOptions,
): Promise<BitbakeProblem | undefined> {
  const end = performance.now() + wait
  for (let told = false; !stop.aborted; told = true) {
    const atWork = await serverAtWork(directory)
    if (atWork === undefined) return undefined
    if (performance.now() >= end) return { code: 'build-directory-busy', directory, ...atWork }
    if (!told) onWait(atWork)
    await delay(interval, undefined, { signal: stop }).catch(() => {})
  }
  return undefined
}
