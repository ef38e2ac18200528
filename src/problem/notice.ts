/** What a run reports besides problems. */
import type { LockHolder } from './problem.js'

/** What is locked: the project's directory, an output directory or an archive; and by whom, if that is known. */
export interface LockWait {
  readonly place: string
  /** The lock file. */
  readonly file: string
  readonly holder?: LockHolder
}

/** Worth knowing, but nothing failed. */
export type Notice =
  /** The likelier place holds something that cannot be read. */
  | { readonly code: 'layout-passed-over'; readonly place: string; readonly found: string; readonly taken: string }
  /** Manifests that a sparse layout lists and does not hold: their platforms, or else digests. */
  | { readonly code: 'manifests-absent'; readonly layout: string; readonly absent: readonly string[] }
  /** BitBake was asked where these recipes deploy, and did not say. */
  | { readonly code: 'bitbake-silent'; readonly recipes: readonly string[]; readonly log: string }
  | {
      readonly code: 'bitbake-warnings'
      readonly count: number
      /** Each once, with the multiconfig and the task that said it. */
      readonly warnings: readonly string[]
      readonly log: string
    }
  /** All tasks succeeded, and BitBake reported errors that `build.acceptErrors` accepts. */
  | { readonly code: 'bitbake-errors-accepted'; readonly errors: readonly string[]; readonly log: string }
  /** Tasks that were forced at some time (`bitbake -f`, `-C`): `mc:<multiconfig>:<recipe>:do_<task>`. */
  | { readonly code: 'bitbake-tainted'; readonly tasks: readonly string[] }
  | { readonly code: 'sources-match-nothing'; readonly pattern: string }
  | ({ readonly code: 'waiting-for-lock' } & LockWait)
  | {
      /** Another BitBake is at work in the build directory; `detached`: for a client that is gone. */
      readonly code: 'waiting-for-bitbake'
      readonly pid: number
      readonly directory: string
      readonly detached: boolean
    }
  /** A source's, which the target does not keep. */
  | {
      readonly code: 'attestations-dropped'
      readonly target: string
      readonly platform: string
      readonly count: number
    }
  /** Of a source, about images that it does not have. */
  | { readonly code: 'attestations-stray'; readonly layout: string; readonly count: number }
  | { readonly code: 'garbage-kept'; readonly directory: string; readonly found: string }
