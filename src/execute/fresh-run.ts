/** What it is that everything is fresh: each task, one after the other, and what its freshness was decided from. */
import type { Event, RunReport } from './event.js'

export interface FreshRun {
  readonly report: RunReport
  /** What a run that finds everything fresh has to say. */
  readonly events: readonly Event[]
  /** When the first file was looked at; ms since the epoch. */
  readonly since: number
  /** See `Evidence`. */
  readonly files: readonly string[]
  readonly identities: readonly string[]
}
