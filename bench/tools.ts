/** The programs that are measured, or measured against, and what they find in their environment. */
import { spawnSync } from 'node:child_process'

/**
 * `NODE_EXTRA_CA_CERTS` makes every start of Node 20 longer, by more than `mab` adds to it, and so would flatter the
 * ratios; the others change what Node or `mab` does.
 */
const withheld = ['NODE_EXTRA_CA_CERTS', 'NODE_OPTIONS', 'NODE_COMPILE_CACHE', 'BUILDDIR', 'SOURCE_DATE_EPOCH']

export const environment: NodeJS.ProcessEnv = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !withheld.includes(name)),
)

export const node = process.execPath

/** The interpreter itself: `python3` may be a script that looks for it, which takes longer than Python does. */
export const python = printed('python3', ['-c', 'import sys; print(sys.executable)'])

/** The first line that `PROGRAM ARGUMENTS` prints; `undefined` when the program is not installed. */
export function printed(program: string, argv: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync(program, argv, { encoding: 'utf8', env: environment })
  return status === 0 ? stdout.split('\n')[0]!.trim() : undefined
}

/** Runs a program outside of any measurement. @returns what it printed. */
export function runUntimed(argv: readonly string[], directory?: string): string {
  const options = { encoding: 'utf8', env: environment, cwd: directory, maxBuffer: 64 * 1024 * 1024 } as const
  const { status, signal, stdout, stderr, error } = spawnSync(argv[0]!, argv.slice(1), options)
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${error?.message ?? signal ?? status}\n${stdout}${stderr}`)
  return stdout
}
