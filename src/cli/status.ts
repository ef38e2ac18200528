/** How each target stands: what is there, and whether a run would leave it as it is. */
import type { TaskForecast } from '../execute/execute.js'
import { sha256 } from '../oci/digest.js'
import { isIndexType } from '../oci/documents.js'
import { openLayout } from '../oci/read/layout.js'
import type { Reason } from '../plan/reason.js'
import type { Plan, PlannedTarget, Task } from '../plan/task.js'

/** `unknown`: only BitBake knows whether something changed, and it is not asked here. */
export type Freshness = 'fresh' | 'stale' | 'missing' | 'unknown'

export interface Status {
  readonly state: Freshness
  /** Of the image index that is there. */
  readonly digest?: string
  /** Of the first task that is stale. */
  readonly reasons: readonly Reason[]
}

export function statusOf(target: PlannedTarget, plan: Plan, forecasts: ReadonlyMap<string, TaskForecast>): Status {
  const own = plan.tasks.filter((task) => isFor(task, target.name))
  const stale = own.map(({ id }) => forecasts.get(id)).find((forecast) => forecast?.state === 'stale')
  const reasons = stale?.state === 'stale' ? stale.reasons : []
  const digest = digestIn(target.directory)
  if (digest === undefined) return { state: 'missing', reasons }
  const isUnknown = reasons.length > 0 && reasons.every(({ code }) => code === 'asks-bitbake')
  return { state: reasons.length === 0 ? 'fresh' : isUnknown ? 'unknown' : 'stale', digest, reasons }
}

function isFor(task: Task, target: string): boolean {
  return task.kind === 'bitbake'
    ? task.requests.some(({ neededBy }) => neededBy.some((image) => image.target === target))
    : task.target === target
}

function digestIn(directory: string): string | undefined {
  const layout = openLayout(directory)
  if (!layout.ok) return undefined
  const [first] = layout.value.index.manifests ?? []
  return first !== undefined && isIndexType(first.mediaType) ? first.digest : sha256(layout.value.indexBytes)
}
