/**
 * A lock that the kernel releases when its holder dies, however it dies. It shows a process in another container that
 * the holder is dead, which no pid can show there.
 */
import { spawnSync } from 'node:child_process'

/** ms. On a network file system without a lock server, flock(2) may take minutes. */
const patience = 2_000

/** There is no flock(1), or it did not end in time. */
let isUnusable = false

/**
 * Takes an flock(2) lock on an open file without waiting. Node has no call for it, so flock(1) of util-linux or busybox
 * makes it. The lock belongs to the open file description (flock(2)), which flock(1) inherits: it stays after flock(1)
 * has ended, until this process closes the file or ends.
 * @returns whether the file is locked now.
 */
export function lockOpenFile(descriptor: number, mode: 'exclusive' | 'shared'): boolean {
  if (isUnusable) return false
  const options = ['-n', mode === 'exclusive' ? '-x' : '-s', '3']
  const stdio = ['ignore', 'ignore', 'ignore', descriptor] as const
  const { status, error } = spawnSync('flock', options, { stdio: [...stdio], timeout: patience })
  if (error !== undefined) isUnusable = true
  return status === 0
}
