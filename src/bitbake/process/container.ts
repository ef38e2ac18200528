/**
 * A BitBake in a container of this machine: another PID namespace, in which it goes by other numbers. Signals to the
 * program that was started (`docker exec`, `podman run`, kas-container) do not reach it there, but from outside it is a
 * process like any other (pid_namespaces(7)).
 */
import { promises as fs } from 'node:fs'
import path from 'node:path'
import { statIfThere } from '../../util/fs.js'
import { commandOf, processNumbers } from './processes.js'

/**
 * The server that holds the lock file, and calls itself `pid`. `undefined` when it is not in a namespace below this one,
 * or its root may not be looked at: then it belongs to somebody else.
 */
export async function serverInContainer(pid: number, lock: string): Promise<number | undefined> {
  const file = statIfThere(lock)
  if (file === undefined) return undefined
  for (const { host, command } of await processes()) {
    // `bitbake-server decafbad <fd> <fd> <log> <lock> <socket> …`
    const said = command.find((word) => word.endsWith('/bitbake.lock'))
    if (said === undefined || !command.some((word) => word.endsWith('bitbake-server'))) continue
    if (!(await isCalled(host, pid))) continue
    const theirs = inRootOf(host, said)
    if (theirs?.ino === file.ino && theirs.dev === file.dev) return host
  }
  return undefined
}

/**
 * The client beside a server, where that is in a container.
 * @param words the last ones of its command line
 */
export async function clientInContainer(server: number, words: readonly string[]): Promise<number | undefined> {
  const space = await namespaceOf(server)
  if (space === undefined || space === (await namespaceOf('self'))) return undefined
  const alike = (await processes()).filter(({ command }) => endsWith(command, words))
  // An init, or sudo, that was given the whole has more in front.
  for (const { host } of alike.toSorted((a, b) => a.command.length - b.command.length)) {
    if ((await namespaceOf(host)) === space) return host
  }
  return undefined
}

function endsWith(command: readonly string[], words: readonly string[]): boolean {
  const last = command.slice(-words.length)
  return words.length > 0 && last.length === words.length && last.every((word, index) => word === words[index])
}

interface Process {
  /** Its number here. */
  readonly host: number
  readonly command: readonly string[]
}

async function processes(): Promise<Process[]> {
  const read = async (host: number): Promise<Process> => {
    const text = (await commandOf(host)) ?? ''
    return { host, command: text.split('\0').slice(0, -1) }
  }
  return Promise.all((await processNumbers()).map(read))
}

/** `NSpid:` has the number in each namespace, the innermost last (proc_pid_status(5)). */
async function isCalled(host: number, pid: number): Promise<boolean> {
  const status = await fs.readFile(`/proc/${host}/status`, 'latin1').catch(() => '')
  const [outermost, ...inner] = /^NSpid:\s*(.*)$/m.exec(status)?.[1]?.split(/\s+/).map(Number) ?? []
  return outermost !== undefined && inner.at(-1) === pid
}

function inRootOf(host: number, file: string): ReturnType<typeof statIfThere> {
  try {
    return statIfThere(path.join(`/proc/${host}/root`, file))
  } catch {
    return undefined
  }
}

function namespaceOf(pid: number | 'self'): Promise<string | undefined> {
  return fs.readlink(`/proc/${pid}/ns/pid`).catch(() => undefined)
}
