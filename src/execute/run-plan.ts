/** A run of a plan in its project: state and lock around the executor. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Plan } from '../plan/task.js'
import { granularity } from '../util/clock.js'
import { statIfThere } from '../util/fs.js'
import { fail, ok, type Result } from '../problem/problem.js'
import type { FreshRun } from './fresh-run.js'
import { confirmFresh, executePlan, forecastPlan, type TaskForecast } from './execute.js'
import type { Event, RunReport } from './event.js'
import type { RunOptions } from './handler.js'
import { acquireLock } from './lock/acquire.js'
import { State } from './state/state.js'

export interface RunPlanOptions extends RunOptions {
  /** `.mab` of the project; absolute. */
  readonly stateDirectory: string
  readonly stop: AbortSignal
  readonly stopNow: AbortSignal
  emit(event: Event): void
  /** Called at the end of a run after which everything is fresh, while the project is still locked. */
  whenFresh?(run: FreshRun): void
}

/** Runs the plan, alone in its project. Problems of tasks are in the report and the events, not in the result. */
export async function runPlan(plan: Plan, options: RunPlanOptions): Promise<Result<RunReport>> {
  const state = new State(options.stateDirectory, options.force)
  const unusable = state.create()
  if (unusable !== undefined) return fail(unusable)
  const lock = await acquireLock(state.lockPlace, {
    signal: options.stop,
    ...(options.wait === undefined ? {} : { wait: options.wait }),
    onWait: (waiting) => options.emit({ kind: 'notice', notice: { code: 'waiting-for-lock', ...waiting } }),
  })
  if (!lock.ok) return lock
  try {
    state.pruneLogs()
    // What another run learnt while this one waited for it.
    const current = new State(options.stateDirectory, options.force)
    const report = await executePlan(plan, { ...options, state: current })
    if (report.ok && options.whenFresh !== undefined) {
      await settleStamps(current.stampFile)
      const fresh = await confirmFresh(plan, { ...options, state: current })
      current.save()
      if (fresh !== undefined) options.whenFresh({ ...fresh, files: [...fresh.files, current.stampFile] })
    }
    return ok(report)
  } finally {
    lock.value.release()
  }
}

/** Bytes that a record of the start keeps of a file that was just written, to compare it by. */
const comparable = 1024 * 1024

/** A large file that was just written can be told from its next state only when the clock has ticked in between. */
async function settleStamps(file: string): Promise<void> {
  const stat = statIfThere(file)
  if (stat === undefined || stat.size <= comparable) return
  const changed = Number(stat.ctimeNs / 1_000_000n)
  const rest = changed + granularity(changed) - Date.now()
  if (rest > 0 && rest < 100) await delay(rest)
}

/** What `runPlan` would do; see `forecastPlan`. */
export async function explainPlan(plan: Plan, options: RunPlanOptions): Promise<ReadonlyMap<string, TaskForecast>> {
  const state = new State(options.stateDirectory, options.force)
  return forecastPlan(plan, { ...options, state })
}
