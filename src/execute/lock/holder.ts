/** Who holds a lock, and whether that process is dead. A process that cannot be seen from here is never called dead. */
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import { bootId } from '../../util/boot.js'
import { errorCode } from '../../util/fs.js'

/** The content of a lock file. */
export interface Holder {
  readonly pid: number
  /** In clock ticks since boot (proc(5), field 22 of stat): differs from that of a later process with the same pid. */
  readonly start: string | null
  /** Of the kernel; random at each boot. */
  readonly boot: string | null
  /** The link `/proc/self/ns/pid`: a pid means something only in its namespace. */
  readonly pidNamespace: string | null
  readonly hostname: string
  /** machine-id(5). */
  readonly machine: string | null
  /** When the lock was taken; ms since the epoch. */
  readonly since: number
  /** Whether the holder has an flock(2) lock on the lock file as well. */
  readonly kernelLock: boolean
  /** Makes each lock file unique. */
  readonly nonce: string
}

/** `unseen`: the process is on another host or in another PID namespace, so nothing here shows whether it runs. */
export type Life = 'alive' | 'dead' | 'unseen'

/** That of every kernel's first PID namespace: PROC_PID_INIT_INO of include/linux/proc_ns.h. */
const firstNamespace = 'pid:[4026531836]'

type Self = Omit<Holder, 'since' | 'kernelLock' | 'nonce'>

let known: Self | undefined

function self(): Self {
  known ??= {
    pid: process.pid,
    // In a namespace that has not mounted its own /proc, /proc/<pid> is another process.
    start: startOf('self'),
    boot: bootId(),
    pidNamespace: readLink('/proc/self/ns/pid'),
    hostname: os.hostname(),
    machine: machineId(),
  }
  return known
}

export function describeSelf(kernelLock: boolean): Holder {
  return { ...self(), since: Date.now(), kernelLock, nonce: randomBytes(8).toString('hex') }
}

/** @returns undefined for anything but what `describeSelf` returns, as JSON. */
export function parseHolder(content: string): Holder | undefined {
  let value: Partial<Record<keyof Holder, unknown>> | null
  try {
    value = JSON.parse(content) as typeof value
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { pid, start, boot, pidNamespace, hostname, machine, since, kernelLock, nonce } = value
  // kill(2): 0 and negative numbers are groups of processes.
  if (typeof pid !== 'number' || !Number.isInteger(pid) || pid < 1 || pid > maximumPid) return undefined
  if (typeof hostname !== 'string' || typeof since !== 'number' || !Number.isFinite(since)) return undefined
  if (typeof kernelLock !== 'boolean' || typeof nonce !== 'string') return undefined
  if (!isTextOrNull(start) || !isTextOrNull(boot) || !isTextOrNull(pidNamespace) || !isTextOrNull(machine)) {
    return undefined
  }
  return { pid, start, boot, pidNamespace, hostname, machine, since, kernelLock, nonce }
}

const maximumPid = 0x7fff_ffff

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string'
}

/** Judges by the recorded identity alone; a kernel lock is not looked at. */
export function lifeOf(holder: Holder): Life {
  const here = self()
  if (holder.boot !== here.boot || (here.boot === null && holder.hostname !== here.hostname)) {
    return wasRebooted(holder, here) ? 'dead' : 'unseen'
  }
  if (holder.pidNamespace !== here.pidNamespace) return 'unseen'
  return isRunning(holder) ? 'alive' : 'dead'
}

export function isSameKernel(holder: Holder): boolean {
  const { boot } = self()
  return boot !== null && holder.boot === boot
}

/** In a container the machine ID is that of the image, which other hosts may run as well. */
function wasRebooted(holder: Holder, here: Self): boolean {
  if (holder.boot === null || here.boot === null || here.machine === null) return false
  const isHost = (one: Self): boolean => one.pidNamespace === firstNamespace
  return isHost(holder) && isHost(here) && holder.machine === here.machine && holder.hostname === here.hostname
}

function isRunning({ pid, start }: Holder): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: another user's process.
    if (errorCode(error) === 'ESRCH') return false
  }
  // Unreadable for other users with hidepid (proc(5)); of other processes where /proc is that of another namespace.
  if (start === null || readLink('/proc/self') !== String(process.pid)) return true
  const now = startOf(String(pid))
  return now === null || now === start
}

function startOf(pid: string): string | null {
  const stat = read(`/proc/${pid}/stat`)
  // The second field, the program's name, may hold spaces and parentheses.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
}

function machineId(): string | null {
  const id = read('/etc/machine-id')
  return id !== null && /^[0-9a-f]{32}$/.test(id) ? id : null
}

function read(file: string): string | null {
  try {
    return fs.readFileSync(file, 'latin1').trim()
  } catch {
    return null
  }
}

function readLink(file: string): string | null {
  try {
    return fs.readlinkSync(file)
  } catch {
    return null
  }
}
