/** All that a run has to say, as values. Renderers subscribe; the executor has no console. */
import type { Phase, RunningTask, Sstate } from '../bitbake/output/progress.js'
import type { Reason } from '../plan/reason.js'
import type { Plan, TaskId, TaskKind } from '../plan/task.js'
import type { Notice } from '../problem/notice.js'
import type { Problem } from '../problem/problem.js'
import type { ReportedImage } from './output/image-record.js'

/**
 * How a task ended: `fresh`: there was nothing to do; `blocked`: something that it needs failed; `cancelled`: it was
 * not begun, or was broken off, because the run stopped.
 */
export type TaskState = 'fresh' | 'done' | 'failed' | 'blocked' | 'cancelled'

/** How far a task is. */
export interface ProgressStep {
  /** What happened last. */
  readonly text: string
  readonly done?: number
  readonly total?: number
  /** Of BitBake: what it is at, what runs, and what the shared state cache had. */
  readonly phase?: Phase
  /** When the last that happened was the beginning of a task: which. */
  readonly begun?: RunningBitbakeTask
  readonly running?: readonly RunningBitbakeTask[]
  readonly sstate?: Sstate
}

export interface RunningBitbakeTask extends RunningTask {
  /** Of the run, that need its multiconfig: `linux/arm64`; their names in the config while nobody says more. */
  readonly platforms: readonly string[]
}

export type Event =
  | { readonly kind: 'run-started'; readonly plan: Plan }
  /** The task holds a slot of the pool and works; `reasons` say why it is not fresh. */
  | { readonly kind: 'task-started'; readonly id: TaskId; readonly reasons: readonly Reason[] }
  | (ProgressStep & { readonly kind: 'task-progress'; readonly id: TaskId })
  /** A line that the task's program printed. */
  | { readonly kind: 'task-output'; readonly id: TaskId; readonly line: string }
  /** A part of the task failed, and the rest goes on. It is also among the `problems` of `task-finished`. */
  | { readonly kind: 'task-problem'; readonly id: TaskId; readonly problem: Problem }
  | { readonly kind: 'notice'; readonly id?: TaskId; readonly notice: Notice }
  | {
      readonly kind: 'task-finished'
      readonly id: TaskId
      readonly task: TaskKind
      readonly state: TaskState
      /** What it did, in a few words. */
      readonly detail: string
      readonly problems: readonly Problem[]
      /** ms */
      readonly duration: number
    }
  | { readonly kind: 'stopping'; readonly how: 'after-running-tasks' | 'now' }
  | { readonly kind: 'run-finished'; readonly report: RunReport }

export interface TargetPlatform {
  /** Its name in the config. */
  readonly key: string
  /** As OCI writes it; absent when nobody said it: not the config, not BitBake, and there is no image. */
  readonly platform?: string
}

export interface TargetFailure {
  readonly task: TaskId
  readonly problem: Problem
  /** It is about another target's image, and the task, which works for both, gave up for it. */
  readonly ofAnother: boolean
}

export interface TargetReport {
  readonly target: string
  readonly partial: boolean
  readonly state: TaskState
  readonly platforms: readonly TargetPlatform[]
  /** Absolute. */
  readonly directory: string
  /** What went wrong on the way to it. */
  readonly failures: readonly TargetFailure[]
  /** Of the image index; absent when there is no verified image. */
  readonly digest?: string
  /** The same with its manifests; absent when there is no verified image. */
  readonly image?: ReportedImage
  readonly archive?: string
}

export interface RunReport {
  readonly ok: boolean
  /** `-k`: a failure did not stop the other tasks. */
  readonly keepGoing: boolean
  readonly interrupted: boolean
  readonly targets: readonly TargetReport[]
  readonly counts: Readonly<Record<TaskState, number>>
  /** ms */
  readonly duration: number
}
