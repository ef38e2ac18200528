/** How each task ended, and what that means for each target. */
import { formatPlatform } from '../oci/platform.js'
import type { Answer } from '../bitbake/query/answer.js'
import { requestKey } from '../plan/plan.js'
import type { DiscoverTask, Plan, PlannedTarget, Task, TaskId, TaskKind } from '../plan/task.js'
import type { Problem } from '../problem/problem.js'
import { knownPlatform } from '../discover/platform-agreement.js'
import type { RunReport, TargetFailure, TargetPlatform, TargetReport, TaskState } from './event.js'
import type { Outputs } from './handler.js'
import { reportImage } from './output/image-record.js'

export interface TaskResult {
  readonly state: TaskState
  readonly detail: string
  readonly problems: readonly Problem[]
  readonly output?: Outputs[TaskKind]
}

/** Of a BitBake run that failed in part, what was built can still be used. */
export function isUsable(task: Task, needed: TaskResult): boolean {
  if (needed.state === 'fresh' || needed.state === 'done') return true
  if (needed.state !== 'failed' || needed.output === undefined) return false
  if (task.kind !== 'discover' || task.source.kind !== 'bitbake') return false
  return (needed.output as Outputs['bitbake']).built.includes(requestKey(task.source))
}

type Results = ReadonlyMap<TaskId, TaskResult>
/** What BitBake said of the image that a task looks for. */
type AnswerOf = (task: DiscoverTask) => Answer | undefined

export interface ReportOptions {
  readonly keepGoing: boolean
  readonly interrupted: boolean
  /** ms */
  readonly duration: number
  readonly answerOf: AnswerOf
}

export function reportRun(plan: Plan, results: Results, options: ReportOptions): RunReport {
  const { keepGoing, interrupted, duration, answerOf } = options
  const counts: Record<TaskState, number> = { fresh: 0, done: 0, failed: 0, blocked: 0, cancelled: 0 }
  for (const { state } of results.values()) counts[state]++
  const byTarget = new Map<string, Task[]>(plan.targets.map(({ name }) => [name, []]))
  for (const task of plan.tasks) if (task.kind !== 'bitbake') byTarget.get(task.target)?.push(task)
  const byId = new Map(plan.tasks.map((task) => [task.id, task]))
  const targets = plan.targets.map((target): TargetReport => {
    const last = results.get(target.last)!
    const own = byTarget.get(target.name)!
    const worked = own.some((task) => task.kind !== 'discover' && results.get(task.id)?.state === 'done')
    const verified = own.find((task) => task.kind === 'verify')
    const image = verified && (results.get(verified.id)?.output as Outputs['verify'] | undefined)
    const archived = own.find((task) => task.kind === 'archive')
    return {
      target: target.name,
      partial: target.partial,
      state: last.state === 'fresh' && worked ? 'done' : last.state,
      platforms: own.flatMap((task) => (task.kind === 'discover' ? [platformOf(task, results, answerOf)] : [])),
      directory: target.directory,
      failures: failuresBefore(target, byId, results),
      ...(image === undefined ? {} : { digest: image.digest, image: reportImage(image) }),
      ...(archived?.kind === 'archive' && last.output !== undefined ? { archive: archived.file } : {}),
    }
  })
  const ok = counts.failed + counts.blocked + counts.cancelled === 0
  return { ok, keepGoing, interrupted, targets, counts, duration }
}

function platformOf(task: DiscoverTask, results: Results, answerOf: AnswerOf): TargetPlatform {
  const found = results.get(task.id)?.output as Outputs['discover'] | undefined
  const platform = found?.image.platform ?? knownPlatform(task, answerOf(task))
  return { key: task.platformKey, ...(platform && { platform: formatPlatform(platform) }) }
}

function failuresBefore(target: PlannedTarget, byId: ReadonlyMap<TaskId, Task>, results: Results): TargetFailure[] {
  return failedBefore(target.last, byId, results).flatMap((task) => {
    const all = results.get(task)!.problems.map((problem) => ({
      task,
      problem,
      ofAnother: !isAbout(problem, target.name),
    }))
    const own = all.filter(({ ofAnother }) => !ofAnother)
    return own.length > 0 ? own : all
  })
}

/** What names no target is about all that need the task. */
function isAbout(problem: Problem, target: string): boolean {
  if ('images' in problem && problem.images.length > 0) return problem.images.some((image) => image.target === target)
  return !('target' in problem) || problem.target === target
}

function failedBefore(id: TaskId, byId: ReadonlyMap<TaskId, Task>, results: Results): TaskId[] {
  if (results.get(id)?.state === 'failed') return [id]
  const needed = byId.get(id)?.dependsOn ?? []
  return [...new Set(needed.flatMap((other) => failedBefore(other, byId, results)))]
}
