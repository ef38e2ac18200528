/** Waiting for a lock. */
import { setTimeout as delay } from 'node:timers/promises'
import type { LockWait } from '../../problem/notice.js'
import { fail, ok, type LockHolder, type Result, type StateProblem } from '../../problem/problem.js'
import { removeLeftovers, tryLock, type HeldLock, type Taken } from './lock-file.js'

export interface LockOptions {
  /** Ends the waiting. */
  readonly signal: AbortSignal
  /** ms to wait at most; by default until the lock is free. */
  readonly wait?: number
  /** Called once, if the lock is not free. */
  onWait(waiting: LockWait): void
}

export interface LockPlace {
  readonly place: string
  readonly file: string
  /** See `tryLock`. */
  readonly isOurs: boolean
}

/** ms between two looks: at first, and at most. */
const [shortest, longest] = [10, 500]

/** Waits for the lock until it is free, the time is over, or `signal` aborts. */
export async function acquireLock(
  { place, file, isOurs }: LockPlace,
  options: LockOptions,
): Promise<Result<HeldLock, StateProblem>> {
  const end = performance.now() + (options.wait ?? Number.POSITIVE_INFINITY)
  for (let interval = shortest; ; interval = Math.min(longest, interval * 1.5)) {
    const tried = tryLock(file, isOurs)
    if ('release' in tried) {
      removeLeftovers(file)
      return ok(tried)
    }
    const waiting = { place, file, ...holderOf(tried) }
    const left = end - performance.now()
    if (options.signal.aborted || left <= 0) return fail({ code: 'locked', ...waiting })
    if (interval === shortest) options.onWait(waiting)
    // Not in step with others who wait.
    const pause = Math.min(left, interval * (0.5 + Math.random()))
    await delay(pause, undefined, { signal: options.signal }).catch(() => {})
  }
}

function holderOf({ taken }: Taken): { readonly holder?: LockHolder } {
  if (taken === undefined) return {}
  const { pid, hostname, since } = taken.holder
  const heldFor = Math.max(0, Date.now() - since)
  return { holder: { pid, hostname, heldFor, isSeen: taken.life === 'alive' } }
}
