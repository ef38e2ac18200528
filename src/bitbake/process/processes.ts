/** The processes of this machine, as /proc tells them; none where there is no /proc. */
import { promises as fs } from 'node:fs'

export async function processNumbers(): Promise<number[]> {
  const names = await fs.readdir('/proc').catch(() => [])
  return names.filter((name) => /^\d+$/.test(name)).map(Number)
}

/** Each word with a NUL behind it (proc_pid_cmdline(5)). */
export function commandOf(pid: number): Promise<string | undefined> {
  return fs.readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => undefined)
}
