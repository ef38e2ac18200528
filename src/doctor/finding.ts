/** What `mab doctor` finds: one line each, with what to do where something is wrong. */
import type { Problem } from '../problem/problem.js'

export type CheckName =
  | 'node'
  | 'config'
  | 'state'
  | 'program'
  | 'umask'
  | 'set-up'
  | 'bitbake'
  | 'host'
  | 'lock'
  | 'image'
  | 'files'
  | 'space'

/** `failure`: a run would fail. `warning`: it may, or its result is not what one would expect. */
export type FindingStatus = 'ok' | 'warning' | 'failure'

export type Finding = {
  readonly check: CheckName
  readonly status: FindingStatus
  /** What it is about: a program, a build directory, a target and its platform. */
  readonly subject?: string
} & (
  | { readonly found: string; readonly fix?: string }
  /** Worded as everywhere. */
  | { readonly problem: Problem }
)
