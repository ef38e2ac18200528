/** How each task ended, and what that means for each target. */
import { formatPlatform } from '../oci/platform.js'
import type { Plan, PlannedTarget, Task, TaskId, TaskKind } from '../plan/task.js'
import type { Problem } from '../util/problem.js'
import type { RunReport, TargetReport, TaskState } from './event.js'
import type { Outputs } from './handler.js'

export interface TaskResult {
  readonly state: TaskState
  readonly detail: string
  readonly problems: readonly Problem[]
  readonly output?: Outputs[TaskKind]
}

type Results = ReadonlyMap<TaskId, TaskResult>

/** @param duration ms */
export function reportRun(plan: Plan, results: Results, interrupted: boolean, duration: number): RunReport {
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
      platforms: platformsOf(target, own, results),
      directory: target.directory,
      failed: failedBefore(target.last, byId, results),
      ...(image === undefined
        ? {}
        : { digest: image.digest, image: { index: image.index, manifests: image.manifests } }),
      ...(archived?.kind === 'archive' && last.output !== undefined ? { archive: archived.file } : {}),
    }
  })
  const ok = counts.failed + counts.blocked + counts.cancelled === 0
  return { ok, interrupted, targets, counts, duration }
}

/** As they turned out, where the config leaves it to BitBake. */
function platformsOf({ platforms }: PlannedTarget, own: readonly Task[], results: Results): readonly string[] {
  const discovered = own.filter((task) => task.kind === 'discover')
  return platforms.map((planned, position) => {
    const task = discovered[position]
    if (task === undefined || task.platform !== undefined) return planned
    const found = results.get(task.id)?.output as Outputs['discover'] | undefined
    return found === undefined ? planned : formatPlatform(found.image.platform)
  })
}

function failedBefore(id: TaskId, byId: ReadonlyMap<TaskId, Task>, results: Results): TaskId[] {
  if (results.get(id)?.state === 'failed') return [id]
  const needed = byId.get(id)?.dependsOn ?? []
  return [...new Set(needed.flatMap((other) => failedBefore(other, byId, results)))]
}
