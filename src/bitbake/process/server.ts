/** BitBake's server: it outlives the client that started it, and holds the build directory's lock while it lives. */
import { promises as fs } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { errorCode, exists } from '../../util/fs.js'
import { readOwnFile } from '../../util/read-file.js'
import { serverInContainer } from './container.js'
import type { Exited } from '../output/judge.js'
import type { Log } from './log.js'
import { commandOf, processNumbers } from './processes.js'

/**
 * The live server of the build directory: BitBake keeps its pid in `bitbake.lock`, which may be stale, or that of a
 * container.
 */
export async function serverPid(directory: string): Promise<number | undefined> {
  const lock = path.join(directory, 'bitbake.lock')
  const pid = Number.parseInt(readOwnFile(lock)?.toString('latin1') ?? '', 10)
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
  const children = [...(await family(pid)).keys()].slice(1)
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

/** When each process was started, in ticks; a number may be another process's later. Empty where /proc does not tell. */
type Family = ReadonlyMap<number, string>

/** The process and all that descend from it, itself first. */
async function family(pid: number): Promise<Family> {
  const processes = await Promise.all(
    (await processNumbers()).map(async (number) => ({ number, ...(await statusOf(number)) })),
  )
  const members = new Map([[pid, processes.find(({ number }) => number === pid)?.started ?? '']])
  for (const [member] of members) {
    for (const { number, parent, started = '' } of processes) if (parent === member) members.set(number, started)
  }
  return members
}

/** Waits until they are gone, at most `limit` ms. @returns those that are not. */
async function outliving(members: Family, limit: number): Promise<Family> {
  const end = performance.now() + limit
  for (;;) {
    const left = new Map<number, string>()
    for (const [pid, started] of members) {
      const now = await statusOf(pid)
      const lives =
        now === undefined ? started === '' && (await isServer(pid)) : now.started === started && now.state !== 'Z'
      if (lives) left.set(pid, started)
    }
    if (left.size === 0 || performance.now() > end) return left
    await delay(100)
  }
}

/** Fields 3, 4 and 22 of proc_pid_stat(5), after the program's name, which may hold anything. */
async function statusOf(pid: number): Promise<{ state: string; parent: number; started: string } | undefined> {
  const stat = await fs.readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined)
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields && { state: fields[0]!, parent: Number(fields[1]), started: fields[19]! }
}

/**
 * Calls back when the server that was there has been gone for `grace` ms: BitBake 2.0 would wait for it for ever, later
 * ones for a minute. @returns what ends the watch; it returns the pid of the server that was seen last.
 */
export function watchServer(directory: string, grace: number, onLoss: (pid: number) => void): () => number | undefined {
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
  return () => {
    clearInterval(timer)
    return known > 0 ? known : undefined
  }
}

/** ms. It goes a second after its client. */
const serverGrace = 5_000

/** The servers in one build directory that the calls of one run started: they must not outlive it, others must. */
export class Servers {
  readonly #directory: string
  readonly #own = new Set<number>()

  constructor(directory: string) {
    this.#directory = directory
  }

  /** The server there, unless an earlier call of the run started it: the next call may take it over. */
  async foreign(): Promise<number | undefined> {
    const pid = await serverPid(this.#directory)
    return pid === undefined || this.#own.has(pid) ? undefined : pid
  }

  /** Notes the server that a call has started; to be called when its client has ended. */
  async claim(foreign: number | undefined): Promise<void> {
    const pid = await serverPid(this.#directory)
    if (pid !== undefined && pid !== foreign) this.#own.add(pid)
  }

  /**
   * Waits until the server of an interrupted call is gone, and with it the lock. BitBake's own time limit for one that
   * still has something to do is 30 s (`wait_for_idle` of server/process.py), and its tasks may go on: it is ended.
   * @param seen the server that was seen last: it removes the lock with its pid some time before it is gone
   * @param grace ms that it has at most to end by itself, and again to end when it is told to
   */
  async end(
    foreign: number | undefined,
    seen: number | undefined,
    exit: Exited,
    grace: number,
    log: Log,
  ): Promise<void> {
    const lost = exit.signal !== null || (exit.code ?? 0) >= 128
    // It writes its pid a moment after it was started.
    if (lost && seen === undefined && (await serverPid(this.#directory)) === undefined) await delay(1_000)
    const pid = (await serverPid(this.#directory)) ?? seen
    if (pid === undefined || pid === foreign) return
    const limit = Math.min(grace, serverGrace)
    if (await ended(pid, limit)) return
    log.line(`# BitBake's server (process ${pid}) stays after its client: it is ended`)
    await endServer(pid, limit)
  }
}

/** ms. Twice the second in which a server that nobody wants to stay ends after its last client. */
const idleGrace = 2_500

/** The server that stays though it has nothing to do: not that of a call that has just ended. */
export async function residentServer(directory: string): Promise<number | undefined> {
  const pid = await serverPid(directory)
  if (pid !== undefined) await ended(pid, idleGrace)
  return serverPid(directory)
}

/**
 * Ends the server with its workers and their tasks: by SIGTERM to the server, which passes it on, and those that are left
 * after `grace` ms by SIGKILL.
 */
export async function endServer(pid: number, grace: number): Promise<void> {
  const members = await family(pid)
  signalProcess(pid, 'SIGTERM')
  const left = await outliving(members, grace)
  if (left.size === 0) return
  const all = new Map([...left, ...(left.has(pid) ? await family(pid) : [])])
  for (const member of all.keys()) signalProcess(member, 'SIGKILL')
  await outliving(all, grace)
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

/** @returns whether it has ended before the limit. */
async function ended(pid: number, limit: number): Promise<boolean> {
  const end = performance.now() + limit
  while (await isServer(pid)) {
    if (performance.now() > end) return false
    await delay(100)
  }
  return true
}
