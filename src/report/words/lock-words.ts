/** The wording of who holds a lock, and of what to do about it. */
import type { LockWait } from '../../problem/notice.js'
import { formatDuration } from '../../util/format.js'
import { quote } from '../../util/shell.js'
import { visibleLine, type Show } from './wording.js'

/** `another mab (process 4711 on build-1, for 1 min 30 s) is at work in deploy/app` */
export function wordLock({ place, holder }: LockWait, show: Show): string {
  const who =
    holder === undefined
      ? ''
      : ` (process ${holder.pid} on ${visibleLine(holder.hostname)}, for ${formatDuration(holder.heldFor)})`
  const where = show(place) === '.' ? 'this directory' : show(place)
  return `another mab${who} is at work in ${where}`
}

/** For who does not wait any longer. */
export function nextForLock(wait: LockWait, show: Show): string {
  if (wait.holder === undefined) return 'wait for it to end'
  return `wait for it to end${wait.holder.isSeen ? ', or stop it: ' : '; '}${endOfLock(wait, show)}`
}

export function wordWaiting(wait: LockWait, show: Show): string {
  const said = `waiting, because ${wordLock(wait, show)}`
  if (wait.holder === undefined) return said
  return `${said}; ${wait.holder.isSeen ? 'to stop it: ' : ''}${endOfLock(wait, show)}`
}

/** A process that cannot be seen from here may have died without removing its lock. */
function endOfLock({ holder, file }: LockWait, show: Show): string {
  if (holder?.isSeen === true) return `kill -INT ${holder.pid}`
  const unseen = 'that process cannot be seen from here'
  return `${unseen}, so if you know that it has ended, remove its lock: rm ${quote(show(file))}`
}
