/** BitBake's server: it outlives the client that started it, and holds the build directory's lock while it lives. */
import { promises as fs } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { readFileIfThere } from '../util/fs.js'
import type { Exited } from './judge.js'

/** The live server of the build directory: BitBake keeps its pid in `bitbake.lock`, which may be stale. */
export async function serverPid(directory: string): Promise<number | undefined> {
  const content = readFileIfThere(path.join(directory, 'bitbake.lock'))
  const pid = Number.parseInt(content?.toString('latin1') ?? '', 10)
  return pid > 1 && (await isServer(pid)) ? pid : undefined
}

async function isServer(pid: number): Promise<boolean> {
  const command = await fs.readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => undefined)
  if (command !== undefined) return command.includes('bitbake')
  try {
    process.kill(pid, 0)
    return process.platform !== 'linux'
  } catch {
    return false
  }
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
  const end = Date.now() + (lost ? lostServerGrace : serverGrace)
  while (Date.now() < end && (await isServer(pid))) await delay(100)
}
