/** BitBake's server: it outlives the client that started it, and holds the build directory's lock while it lives. */
import { promises as fs } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { errorCode, exists, readFileIfThere } from '../util/fs.js'
import { serverInContainer } from './container.js'
import type { Exited } from './judge.js'
import { commandOf, processNumbers } from './processes.js'

/**
 * The live server of the build directory: BitBake keeps its pid in `bitbake.lock`, which may be stale, or that of a
 * container.
 */
export async function serverPid(directory: string): Promise<number | undefined> {
  const lock = path.join(directory, 'bitbake.lock')
  const pid = Number.parseInt(readFileIfThere(lock)?.toString('latin1') ?? '', 10)
  if (!(pid > 1)) return undefined
  return (await isServer(pid)) ? pid : serverInContainer(pid, lock)
}

async function isServer(pid: number): Promise<boolean> {
  const command = await commandOf(pid)
  if (command !== undefined) return command.includes('bitbake')
  try {
    process.kill(pid, 0)
    return process.platform !== 'linux'
  } catch {
    return false
  }
}

export interface ServerAtWork {
  readonly pid: number
  /** Its client is gone: nobody waits for what it does. */
  readonly detached: boolean
}

/**
 * The server that a client has in hand, or that still runs tasks for one that is gone; `undefined` for a resident one
 * with nothing to do, and wherever /proc does not tell.
 */
export async function serverAtWork(directory: string): Promise<ServerAtWork | undefined> {
  const pid = await serverPid(directory)
  if (pid === undefined) return undefined
  if (await hasClient(pid)) return { pid, detached: false }
  const children = (await family(pid)).slice(1)
  const commands = await Promise.all(children.map(commandOf))
  return commands.some((command) => command?.includes('bitbake-worker')) ? { pid, detached: true } : undefined
}

/** Whether the build directory's server is about to be ready for its first client. */
export async function serverStarts(directory: string): Promise<boolean> {
  const pid = await serverPid(directory)
  return pid !== undefined && exists('/proc/net/unix') && !(await hasClient(pid))
}

/** Whether one of its sockets is the accepted end of a connection to `bitbake.sock` (proc_pid_net(5): state 03). */
async function hasClient(pid: number): Promise<boolean> {
  const [names, table] = await Promise.all([
    fs.readdir(`/proc/${pid}/fd`).catch(() => []),
    // Of its own network namespace, when it is in a container.
    fs.readFile(`/proc/${pid}/net/unix`, 'latin1').catch(() => ''),
  ])
  const connected = new Set(
    table.split('\n').flatMap((line) => / 0001 03 +(\d+) \S*bitbake\.sock$/.exec(line)?.[1] ?? []),
  )
  for (const name of names) {
    const link = await fs.readlink(`/proc/${pid}/fd/${name}`).catch(() => '')
    if (connected.has(/^socket:\[(\d+)\]$/.exec(link)?.[1] ?? '')) return true
  }
  return false
}

/** The process and all that descend from it, itself first. */
async function family(pid: number): Promise<number[]> {
  const parents = new Map<number, number>()
  for (const number of await processNumbers()) {
    const stat = await fs.readFile(`/proc/${number}/stat`, 'latin1').catch(() => '')
    // Behind the program's name, which may hold anything: state, then the parent (proc_pid_stat(5)).
    parents.set(number, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
  }
  const members = [pid]
  for (const member of members) {
    for (const [child, parent] of parents) if (parent === member) members.push(child)
  }
  return members
}

/**
 * Calls back when the server that was there has been gone for `grace` ms: BitBake 2.0 would wait for it for ever, later
 * ones for a minute. @returns what ends the watch.
 */
export function watchServer(directory: string, grace: number, onLoss: (pid: number) => void): () => void {
  let [known, seen] = [0, 0]
  const timer = setInterval(
    () => {
      void serverPid(directory).then((pid) => {
        if (pid !== undefined) [known, seen] = [pid, performance.now()]
        else if (known > 0 && performance.now() - seen > grace) {
          clearInterval(timer)
          onLoss(known)
        }
      })
    },
    Math.min(grace, 1_000),
  )
  timer.unref()
  return () => clearInterval(timer)
}

/** ms. A server that lost its client while it started gives up after 30 s (facts: BitBake's own time limit). */
const lostServerGrace = 35_000
/** ms. Else it goes a second after its client, or has a BB_SERVER_TIMEOUT and stays: then it takes the next call. */
const serverGrace = 5_000

/** Waits until the server that the interrupted call had started is gone, and with it the lock. */
export async function serverGone(directory: string, before: number | undefined, exit: Exited): Promise<void> {
  const lost = exit.signal !== null || (exit.code ?? 0) >= 128
  // It writes its pid a moment after it was started.
  if (lost && (await serverPid(directory)) === undefined) await delay(1_000)
  const pid = await serverPid(directory)
  if (pid === undefined || pid === before) return
  await ended(pid, lost ? lostServerGrace : serverGrace)
}

/** ms. Twice the second in which a server that nobody wants to stay ends after its last client. */
const idleGrace = 2_500

/** The server that stays though it has nothing to do: not that of a call that has just ended. */
export async function residentServer(directory: string): Promise<number | undefined> {
  const pid = await serverPid(directory)
  if (pid !== undefined) await ended(pid, idleGrace)
  return serverPid(directory)
}

/** Ends the server with its workers and their tasks, by SIGTERM, and after `grace` ms by SIGKILL. */
export async function endServer(pid: number, grace: number): Promise<void> {
  signalProcess(pid, 'SIGTERM')
  await ended(pid, grace)
  for (const member of (await isServer(pid)) ? await family(pid) : []) signalProcess(member, 'SIGKILL')
}

/**
 * @param pid negative for a process group
 * @returns whether somebody got it. Nobody there is no error, nor somebody else's process.
 */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    // EPERM is also macOS's word for a group in which nobody is left.
    if (errorCode(error) !== 'ESRCH' && errorCode(error) !== 'EPERM') throw error
    return false
  }
}

async function ended(pid: number, limit: number): Promise<void> {
  const end = performance.now() + limit
  while (performance.now() < end && (await isServer(pid))) await delay(100)
}
