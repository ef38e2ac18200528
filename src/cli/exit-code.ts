/** The exit codes, in one place. */
import type { Problem } from '../problem/problem.js'

export const exitCodes = {
  done: 0,
  /** A build or a check failed. */
  failed: 1,
  /** Wrong usage or config. */
  usage: 2,
  /** A bug in mab (EX_SOFTWARE of sysexits.h). */
  bug: 70,
} as const

const usageCodes: ReadonlySet<Problem['code']> = new Set([
  'usage',
  'config-not-found',
  'config-exists',
  'config-ambiguous',
  'config-unreadable',
  'compiler-unusable',
  'config-broken',
  'config-invalid',
  'unknown-target',
  'unknown-platform',
  'platform-not-in-target',
  'nothing-selected',
] as const)

export function exitCodeFor(problems: readonly Problem[]): number {
  if (problems.length === 0) return exitCodes.done
  return problems.some(({ code }) => usageCodes.has(code)) ? exitCodes.usage : exitCodes.failed
}

const signalNumbers: Readonly<Partial<Record<NodeJS.Signals, number>>> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }

/** As a shell reports it: 128 and the signal's number. */
export function exitCodeOfSignal(signal: NodeJS.Signals): number {
  return 128 + (signalNumbers[signal] ?? 0)
}
