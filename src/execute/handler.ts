/** What a task kind must be able to do, and what it is given to do it with. */
import type { VerifiedFiles } from '../oci/verified.js'
import type { Platform } from '../oci/platform.js'
import type { SelectedImage } from '../oci/image/select.js'
import type { PreparedBuild } from '../bitbake/process/prepare.js'
import type { Reason } from '../plan/reason.js'
import type { BitbakeTask, DiscoverTask, Plan, Task, TaskId, TaskKind } from '../plan/task.js'
import type { BitbakeProblem } from '../problem/bitbake-problem.js'
import type { Problem, Result, StateProblem } from '../problem/problem.js'
import type { Answers } from './state/answers.js'
import type { ProgressStep } from './event.js'
import type { Notice } from '../problem/notice.js'
import type { findImage } from '../discover/find-image.js'
import type { AttestationRecord, BlobRecord, DocumentRecord, ImageRecord } from './output/image-record.js'
import type { SourceFiles } from './state/sources.js'
import type { State } from './state/state.js'

/** What each kind of task hands to those that depend on it. */
export interface Outputs {
  /** Keys (`requestKey`) of the requests that BitBake built, or found to be built. */
  readonly bitbake: { readonly built: readonly string[] }
  readonly discover: { readonly image: SelectedImage }
  readonly merge: {
    readonly platform: Platform
    readonly manifest: DocumentRecord
    /** Kept, and to be listed behind the images. */
    readonly attestations: readonly AttestationRecord[]
    readonly blobs: readonly BlobRecord[]
  }
  readonly index: ImageRecord
  readonly verify: ImageRecord
  readonly archive: { readonly file: string }
}

export interface RunOptions {
  /** Begin other tasks after one failed (`-k`). */
  readonly keepGoing: boolean
  /** Tasks at a time; at least 1. */
  readonly jobs: number
  /** Nothing counts as fresh. */
  readonly force: boolean
  /** Of mab's own process. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Seconds since the epoch for all that needs a time (SOURCE_DATE_EPOCH), else 0. */
  readonly sourceDate: number
  /** Pass on what programs print (`-v`). */
  readonly verbose: boolean
  /** ms to wait for another mab in the project, or another BitBake in a build directory; by default until it ends. */
  readonly wait?: number
}

/**
 * `busy`: another BitBake is running there. The task does not wait for it: it asks for itself when the build directory is
 * free, and is then compared with those that went before.
 */
export type Enquiry = 'asked' | 'known' | 'busy'

export interface TaskContext {
  readonly plan: Plan
  readonly state: State
  readonly options: RunOptions
  readonly verified: VerifiedFiles
  /** Aborted when the run is to stop. */
  readonly stop: AbortSignal
  /** Aborted when it is to stop at once. */
  readonly stopNow: AbortSignal
  /** The output of a task that is done or fresh. */
  outputOf<K extends TaskKind>(id: TaskId, kind: K): Outputs[K]
  /** Whether what the task is to find was built in this run, or is not to be built. */
  isBuilt(task: DiscoverTask): boolean
  /** The build made ready to be called, once a run: `init` is sourced, and its servers are known. */
  prepared(task: BitbakeTask): Promise<Result<PreparedBuild, BitbakeProblem>>
  /** What came of asking the build where its images go; each is asked once a run, whoever wants to know first. */
  enquiry(task: BitbakeTask): Promise<Result<Enquiry, BitbakeProblem>>
  /** The same content for the whole run, however often it is asked for. */
  sources(root: string, patterns: readonly string[]): Promise<Result<SourceFiles, StateProblem>>
  /** What is deployed, looked for once, and once more after `lookAgain`. */
  image(task: DiscoverTask): ReturnType<typeof findImage>
  lookAgain(): void
  /** What BitBake said of recipes. */
  readonly answers: Answers
  /** A name for a log file of this run. */
  logFile(id: TaskId): string
  progress(step: ProgressStep): void
  line(line: string): void
  notice(notice: Notice): void
  /** Reports a part of the task that failed while the rest goes on. `run` returns it again. */
  problem(problem: Problem): void
}

/** What must stay as it is for a fresh task to stay fresh, besides its stamp and the config. Absolute paths. */
export interface Evidence {
  /** Files whose content counts, directories whose entries do; also what is not there and must not appear. */
  readonly files?: readonly string[]
  /** Files that count by their identity. */
  readonly identities?: readonly string[]
}

export type Freshness<K extends TaskKind> =
  | {
      readonly fresh: true
      readonly output: Outputs[K]
      readonly detail: string
      readonly evidence: Evidence
    }
  | { readonly fresh: false; readonly reasons: readonly Reason[] }

export type Outcome<K extends TaskKind> =
  | { readonly ok: true; readonly output: Outputs[K]; readonly detail: string }
  /** With `output` when a part succeeded. */
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly output?: Outputs[K] }

export type TaskOf<K extends TaskKind> = Extract<Task, { kind: K }>

export interface Handler<K extends TaskKind> {
  /** Whether the task's result still holds. Changes nothing anywhere. */
  check(task: TaskOf<K>, context: TaskContext): Promise<Freshness<K>>
  /** Does the work. Expected failures are returned; a thrown system error is reported as one of the file system. */
  run(task: TaskOf<K>, context: TaskContext): Promise<Outcome<K>>
  /** What `run` would hand on, when that can be known without doing it. Changes nothing anywhere. */
  foresee(task: TaskOf<K>, context: TaskContext): Promise<Outputs[K] | undefined>
}
