/**
 * One run at a time in a project. The lock is a whole file (holder's pid, start time and boot) put in place by link(2),
 * which is atomic and fails when the name is taken; a holder that died is told by /proc, so its lock is taken over at
 * once.
 */
import { randomBytes } from 'node:crypto'
import { promises as fs } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { errorCode, readFileIfThere } from '../util/fs.js'
import { fail, ok, type Result, type StateProblem } from '../util/problem.js'

interface Holder {
  readonly pid: number
  /** In clock ticks since boot (proc(5), field 22): tells a process from a later one of the same pid. */
  readonly start: string | null
  readonly boot: string | null
}

export interface LockOptions {
  readonly signal: AbortSignal
  /** ms to wait at most; by default until the lock is free. */
  readonly wait?: number
  /** Called once, when the lock is not free. */
  onWait(holder: number): void
}

/** Waits for the lock until it is free, the time is over, or `signal` aborts. @returns what releases it. */
export async function acquireLock(
  file: string,
  options: LockOptions,
): Promise<Result<() => Promise<void>, StateProblem>> {
  const mine = `${file}.${process.pid}.${randomBytes(6).toString('hex')}`
  const me = await describe(process.pid)
  await fs.writeFile(mine, JSON.stringify(me), { flag: 'wx' })
  const end = performance.now() + (options.wait ?? Number.POSITIVE_INFINITY)
  let waited = false
  try {
    for (;;) {
      try {
        await fs.link(mine, file)
        return ok(async () => fs.rm(file, { force: true }))
      } catch (error) {
        if (errorCode(error) !== 'EEXIST') throw error
      }
      const content = await readLock(file)
      const holder = parseHolder(content)
      if (content === undefined) continue
      if (holder === undefined || !(await isAlive(holder))) {
        await takeAway(file, content, `${mine}.stale`)
        continue
      }
      if (options.signal.aborted || performance.now() >= end) {
        return fail({ code: 'locked', file, pid: holder.pid })
      }
      if (!waited) options.onWait(holder.pid)
      waited = true
      await delay(100, undefined, { signal: options.signal }).catch(() => {})
    }
  } finally {
    await fs.rm(mine, { force: true })
  }
}

/** A directory in its place is nobody's lock. */
async function readLock(file: string): Promise<Buffer | undefined> {
  try {
    return readFileIfThere(file)
  } catch (error) {
    if (errorCode(error) !== 'EISDIR') throw error
    await fs.rm(file, { recursive: true, force: true })
    return undefined
  }
}

/** Of several that find a dead holder's lock, one renames it away; if it was another's by then, it goes back. */
async function takeAway(file: string, judged: Buffer, grave: string): Promise<void> {
  try {
    await fs.rename(file, grave)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return
    throw error
  }
  if (!(await fs.readFile(grave)).equals(judged)) await fs.link(grave, file).catch(() => {})
  await fs.rm(grave, { force: true })
}

function parseHolder(content: Buffer | undefined): Holder | undefined {
  try {
    const value = JSON.parse(content?.toString('utf8') ?? '') as Partial<Holder>
    return typeof value.pid === 'number'
      ? { pid: value.pid, start: value.start ?? null, boot: value.boot ?? null }
      : undefined
  } catch {
    return undefined
  }
}

async function isAlive(holder: Holder): Promise<boolean> {
  const now = await describe(holder.pid)
  if (holder.boot !== null && now.boot !== null && holder.boot !== now.boot) return false
  if (holder.start !== null && now.boot !== null) return now.start === holder.start
  try {
    process.kill(holder.pid, 0)
    return true
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
}

async function describe(pid: number): Promise<Holder> {
  const read = async (file: string): Promise<string | null> => fs.readFile(file, 'latin1').catch(() => null)
  const [stat, boot] = await Promise.all([read(`/proc/${pid}/stat`), read('/proc/sys/kernel/random/boot_id')])
  // The second field, the program's name, may hold spaces and parentheses.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { pid, start: fields?.[19] ?? null, boot: boot?.trim() ?? null }
}
