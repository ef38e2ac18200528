/** What one run of one program takes. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { python, runUntimed } from './tools.js'

export interface Usage {
  /** ms */
  readonly wall: number
  /** User and system time of the program and its children, in ms. */
  readonly cpu: number
  /** Peak of the largest process, in MiB. */
  readonly rss: number
}

export interface Measured extends Usage {
  /** Exit code, or a signal's negative number. */
  readonly code: number
  /** What it printed, on both streams. */
  readonly output: string
}

/** @param log a file for what the program prints. */
export function measure(argv: readonly string[], directory: string, log: string): Measured {
  if (python === undefined) throw new Error('the benchmark measures with python3, which is not installed')
  const printed = runUntimed([python, path.resolve('bench/measure.py'), log, ...argv], directory)
  return { ...(JSON.parse(printed) as Usage & { code: number }), output: readFileSync(log, 'utf8') }
}
