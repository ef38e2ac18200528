/**
 * Running a plan: each task once, as a memoised promise that waits for what it depends on and then for a slot. The
 * graph and its results are ours; whoever shows them subscribes to the events.
 */
import path from 'node:path'
import type { Answer } from '../bitbake/query/answer.js'
import { prepareBuild } from '../bitbake/process/prepare.js'
import type { Reason } from '../plan/reason.js'
import type { BitbakeTask, DiscoverTask, Plan, Task, TaskId, TaskKind } from '../plan/task.js'
import { systemProblem } from '../problem/system-problem.js'
import { ok } from '../problem/problem.js'
import { Answers } from './state/answers.js'
import { enquire } from './tasks/bitbake/enquire.js'
import type { Event, RunReport } from './event.js'
import type { Freshness, Outputs, RunOptions, TaskContext } from './handler.js'
import { handlerOf } from './handlers.js'
import { OutputLocks } from './lock/output-locks.js'
import { removeUnfinished } from './output/output.js'
import { Pool } from './pool.js'
import { isUsable, reportRun, type TaskResult } from './run-report.js'
import type { FreshRun } from './fresh-run.js'
import { findImage } from '../discover/find-image.js'
import { readSources } from './state/sources.js'
import { undecidedRivals } from '../discover/shared-place.js'
import type { State } from './state/state.js'

export interface ExecuteOptions extends RunOptions {
  readonly state: State
  readonly stop: AbortSignal
  readonly stopNow: AbortSignal
  emit(event: Event): void
}

/** Runs the plan to its end, whatever fails. Bugs are thrown, after every task that was begun has ended. */
export async function executePlan(plan: Plan, options: ExecuteOptions): Promise<RunReport> {
  const began = performance.now()
  const run = new Run(plan, options)
  options.emit({ kind: 'run-started', plan })
  const onStop = (): void => {
    if (!options.stopNow.aborted) options.emit({ kind: 'stopping', how: 'after-running-tasks' })
  }
  const onStopNow = (): void => options.emit({ kind: 'stopping', how: 'now' })
  options.stop.addEventListener('abort', onStop)
  options.stopNow.addEventListener('abort', onStopNow)
  try {
    const settled = await Promise.allSettled(plan.tasks.map((task) => run.result(task)))
    options.state.save()
    const bug = settled.find((outcome) => outcome.status === 'rejected')
    if (bug !== undefined) throw bug.reason
  } finally {
    options.stop.removeEventListener('abort', onStop)
    options.stopNow.removeEventListener('abort', onStopNow)
  }
  const report = run.report(performance.now() - began)
  options.emit({ kind: 'run-finished', report })
  return report
}

export type TaskForecast =
  { readonly state: 'fresh' } | { readonly state: 'stale'; readonly reasons: readonly Reason[] }

/**
 * What a run would do, without doing it: nothing is written and no program is started. Where it hangs on what an
 * earlier task would make, that is the reason.
 */
export async function forecastPlan(plan: Plan, options: ExecuteOptions): Promise<ReadonlyMap<TaskId, TaskForecast>> {
  const run = new Run(plan, options)
  const forecasts = new Map<TaskId, TaskForecast>()
  for (const task of plan.tasks) forecasts.set(task.id, await run.forecast(task))
  return forecasts
}

/** Checks each task as a run would. @returns nothing as soon as one is not fresh. Nothing is written. */
export async function confirmFresh(plan: Plan, options: ExecuteOptions): Promise<FreshRun | undefined> {
  const [began, since] = [performance.now(), Date.now()]
  const events: Event[] = []
  const run = new Run(plan, { ...options, emit: (event) => void events.push(event) })
  events.push({ kind: 'run-started', plan })
  const files = new Set<string>()
  const identities = new Set<string>()
  for (const task of plan.tasks) {
    const freshness = await run.confirm(task)
    if (freshness === undefined) return undefined
    const { files: counting = [], identities: known = [] } = freshness.evidence
    for (const file of counting) files.add(file)
    for (const file of known) identities.add(file)
  }
  const report = run.report(performance.now() - began)
  return { report, events, since, files: [...files], identities: [...identities] }
}

/** The state of one run of one plan. */
class Run {
  readonly #plan: Plan
  readonly #options: ExecuteOptions
  readonly #results = new Map<TaskId, Promise<TaskResult>>()
  readonly #settled = new Map<TaskId, TaskResult>()
  readonly #sources = new Map<string, ReturnType<typeof readSources>>()
  readonly #images = new Map<TaskId, ReturnType<typeof findImage>>()
  readonly #answers: Answers
  readonly #byId: ReadonlyMap<TaskId, Task>
  readonly #enquiries = new Map<TaskId, ReturnType<typeof enquire>>()
  readonly #prepared = new Map<TaskId, ReturnType<typeof prepareBuild>>()
  readonly #pool: Pool
  /** For those who ask in the name of others, which have no slot yet. */
  readonly #asking: Pool
  readonly #outputs: OutputLocks
  readonly #stamp = new Date().toISOString().replaceAll(/[-:.]|Z$/g, '')
  /** Tasks that were not fresh and came to do their work. */
  readonly #begun = new Set<TaskId>()
  /** What was said, as JSON: several tasks may find the same. */
  readonly #notices = new Set<string>()
  #failed = false

  constructor(plan: Plan, options: ExecuteOptions) {
    this.#plan = plan
    this.#options = options
    this.#byId = new Map(plan.tasks.map((task) => [task.id, task]))
    this.#pool = new Pool(options.jobs)
    this.#asking = new Pool(options.jobs)
    this.#outputs = new OutputLocks(plan, {
      signal: options.stop,
      ...(options.wait === undefined ? {} : { wait: options.wait }),
      onWait: (waiting) => options.emit({ kind: 'notice', notice: { code: 'waiting-for-lock', ...waiting } }),
    })
    this.#answers = new Answers(options.state.directory, options.environment)
  }

  result(task: Task): Promise<TaskResult> {
    const known = this.#results.get(task.id)
    if (known !== undefined) return known
    const result = this.#settle(task)
    this.#results.set(task.id, result)
    return result
  }

  async #settle(task: Task): Promise<TaskResult> {
    const needed = await Promise.all(task.dependsOn.map((id) => this.result(this.#byId.get(id)!)))
    const lacking = task.dependsOn.filter((_, position) => !isUsable(task, needed[position]!))
    if (task.kind === 'discover') {
      const rivals = undecidedRivals(task, this.#plan, (of) => this.#answers.current(of))
      await Promise.all(
        rivals.flatMap(({ bitbake }) => (bitbake === undefined ? [] : this.result(this.#byId.get(bitbake)!))),
      )
    }
    let result: TaskResult | undefined
    let began = performance.now()
    if (lacking.length > 0) {
      const failed = lacking.some((id) => ['failed', 'blocked'].includes(this.#settled.get(id)!.state))
      result = { state: failed ? 'blocked' : 'cancelled', detail: `needs ${lacking.join(', ')}`, problems: [] }
    } else result = await this.#outputs.enter(task)
    result ??= await this.#pool.run(() => {
      began = performance.now()
      return this.#perform(task)
    })
    this.#settled.set(task.id, result)
    if (result.state === 'failed') this.#failed = true
    const { state, detail, problems } = result
    const duration = performance.now() - began
    this.#options.emit({ kind: 'task-finished', id: task.id, task: task.kind, state, detail, problems, duration })
    await this.#outputs.leave(task, (directory) => this.#cleanUp(directory))
    return result
  }

  async #perform(task: Task): Promise<TaskResult> {
    if (this.#options.stop.aborted) return cancelled('interrupted')
    if (this.#failed && !this.#options.keepGoing) return cancelled('another task failed (-k goes on)')
    const context = this.#context(task.id)
    try {
      const freshness = await this.#freshness(task, context)
      if (freshness.fresh) {
        return { state: 'fresh', detail: freshness.detail, problems: [], output: freshness.output }
      }
      this.#begun.add(task.id)
      this.#options.emit({ kind: 'task-started', id: task.id, reasons: freshness.reasons })
      const outcome = await handlerOf(task).run(task, context)
      if (outcome.ok) return { state: 'done', detail: outcome.detail, problems: [], output: outcome.output }
      const partial = outcome.output === undefined ? {} : { output: outcome.output }
      return { state: 'failed', detail: '', problems: outcome.problems, ...partial }
    } catch (error) {
      if (this.#options.stop.aborted && error instanceof Error && error.name === 'AbortError') {
        return cancelled('interrupted')
      }
      const problem = systemProblem(error)
      if (problem === undefined) throw error
      return { state: 'failed', detail: '', problems: [problem] }
    }
  }

  async #freshness(task: Task, context: TaskContext): Promise<Freshness<TaskKind>> {
    if (this.#options.force) return { fresh: false, reasons: [{ code: 'forced' }] }
    return handlerOf(task).check(task, context)
  }

  async forecast(task: Task): Promise<TaskForecast> {
    const unknown = task.dependsOn.filter((id) => !this.#settled.has(id))
    if (unknown.length > 0) return { state: 'stale', reasons: unknown.map((id) => ({ code: 'depends', task: id })) }
    const context = this.#context(task.id)
    const freshness = await this.#freshness(task, context)
    if (freshness.fresh) {
      this.#settled.set(task.id, { state: 'fresh', detail: '', problems: [], output: freshness.output })
      return { state: 'fresh' }
    }
    const output = await handlerOf(task).foresee(task, context)
    if (output !== undefined) this.#settled.set(task.id, { state: 'done', detail: '', problems: [], output })
    return { state: 'stale', reasons: freshness.reasons }
  }

  async confirm(task: Task): Promise<Extract<Freshness<TaskKind>, { fresh: true }> | undefined> {
    const freshness = await this.#freshness(task, this.#context(task.id))
    if (!freshness.fresh) return undefined
    const { output, detail } = freshness
    this.#settled.set(task.id, { state: 'fresh', detail, problems: [], output })
    const { id, kind } = task
    this.#options.emit({ kind: 'task-finished', id, task: kind, state: 'fresh', detail, problems: [], duration: 0 })
    return freshness
  }

  /** After a failure or an interruption, removes what was begun for an image that was not completed. */
  async #cleanUp(directory: string): Promise<void> {
    const tasks = this.#plan.tasks.filter((task) => 'directory' in task && task.directory === directory)
    if (!tasks.some(({ id, kind }) => kind === 'merge' && this.#begun.has(id))) return
    const state = this.#settled.get(tasks.find(({ kind }) => kind === 'verify')?.id ?? '')?.state
    if (state !== 'fresh' && state !== 'done') await removeUnfinished(directory)
  }

  report(duration: number): RunReport {
    const { keepGoing, stop } = this.#options
    const answerOf = (task: DiscoverTask): Answer | undefined => this.#answers.of(task)
    return reportRun(this.#plan, this.#settled, { keepGoing, interrupted: stop.aborted, duration, answerOf })
  }

  async #findImage(task: DiscoverTask): ReturnType<typeof findImage> {
    const found = await findImage(task, this.#answers.of(task))
    if (!found.ok) return found
    return ok({ ...found.value, evidence: [...found.value.evidence, ...this.#answers.evidenceOf(task)] })
  }

  /** Of what is fresh nothing need be asked: where its images are was known when they were found. */
  async #enquire(task: BitbakeTask): ReturnType<typeof enquire> {
    const context = this.#context(task.id)
    const { fresh } = await this.#freshness(task, context)
    return fresh ? ok('known') : enquire(task, context)
  }

  #context(id: TaskId): TaskContext {
    const { state, emit, stop, stopNow } = this.#options
    return {
      plan: this.#plan,
      state,
      options: this.#options,
      verified: state.verified,
      stop,
      stopNow,
      outputOf: <K extends TaskKind>(other: TaskId, kind: K): Outputs[K] => {
        const output = this.#settled.get(other)?.output
        if (output === undefined || this.#byId.get(other)?.kind !== kind) {
          throw new Error(`${id} asked for the output of ${other}, which has none`)
        }
        return output as Outputs[K]
      },
      isBuilt: (task) => {
        if (task.bitbake === undefined) return true
        const result = this.#settled.get(task.bitbake)
        return result !== undefined && isUsable(task, result)
      },
      prepared: (of) => once(this.#prepared, of.id, () => prepareBuild(of.build, this.#options.environment, stop)),
      enquiry: (of) => once(this.#enquiries, of.id, () => this.#asking.run(() => this.#enquire(of))),
      sources: (root, patterns) =>
        once(this.#sources, JSON.stringify([root, patterns]), () => readSources(root, patterns, state.sources)),
      image: (of) => once(this.#images, of.id, () => this.#findImage(of)),
      answers: this.#answers,
      lookAgain: () => {
        this.#images.clear()
        this.#answers.lookAgain()
      },
      logFile: (of) => path.join(state.logDirectory, `${this.#stamp}-${of.replaceAll(/[^\w.-]+/g, '-')}.log`),
      progress: (step) => emit({ kind: 'task-progress', id, ...step }),
      line: (line) => emit({ kind: 'task-output', id, line }),
      notice: (notice) => {
        const text = JSON.stringify(notice)
        if (!this.#notices.has(text)) emit({ kind: 'notice', id, notice })
        this.#notices.add(text)
      },
      problem: (problem) => emit({ kind: 'task-problem', id, problem }),
    }
  }
}

/** What is known under the key, else what `make` returns, which is known from then on. */
function once<T>(known: Map<string, T>, key: string, make: () => T): T {
  const value = known.get(key) ?? make()
  known.set(key, value)
  return value
}

function cancelled(detail: string): TaskResult {
  return { state: 'cancelled', detail, problems: [] }
}
