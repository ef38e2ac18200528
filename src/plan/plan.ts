/** Targets to tasks: a function of its arguments, the same for the same ones. */
import path from 'node:path'
import { platformsLabel } from '../targets/resolve.js'
import { platformLabel, type Source, type Target } from '../targets/target.js'
import { canonicalJson, compareCodeUnits } from '../util/json.js'
import { distinctImages } from '../problem/bitbake-problem.js'
import type { BitbakeRequest, BitbakeTask, Plan, PlannedTarget, Task, TaskId } from './task.js'

export interface PlanOptions {
  /** Use what is deployed: BitBake is not in the plan. */
  readonly noBuild?: boolean
}

export function createPlan(targets: readonly Target[], options: PlanOptions = {}): Plan {
  const tasks = new TaskList()
  const builds = options.noBuild === true ? new Map<string, TaskId>() : addBuilds(targets, tasks)
  const planned = targets.map((target) => addTarget(target, builds, tasks))
  return { version: 1, targets: planned, tasks: tasks.all }
}

/** Makes cycles impossible: a task may depend only on tasks that are in the list already. */
class TaskList {
  readonly all: Task[] = []
  readonly #ids = new Set<TaskId>()

  add(task: Task): TaskId {
    const unknown = task.dependsOn.find((id) => !this.#ids.has(id))
    if (unknown !== undefined) throw new Error(`${task.id} depends on ${unknown}, which is not planned before it`)
    if (this.#ids.has(task.id)) throw new Error(`two tasks with the id ${task.id}`)
    this.#ids.add(task.id)
    this.all.push(task)
    return task.id
  }
}

type BitbakeSource = Extract<Source, { kind: 'bitbake' }>

function buildKey(source: BitbakeSource): string {
  const { directory, command, args, environment, init, kas } = source.build
  return canonicalJson({ directory, command, args, environment, init, kas })
}

function addBuilds(targets: readonly Target[], tasks: TaskList): Map<string, TaskId> {
  const byBuild = new Map<string, { source: BitbakeSource; root: string; requests: Map<string, BitbakeRequest> }>()
  for (const target of targets) {
    for (const platform of target.platforms) {
      const { source } = platform
      if (source.kind !== 'bitbake') continue
      const build = byBuild.get(buildKey(source)) ?? { source, root: target.root, requests: new Map() }
      byBuild.set(buildKey(source), build)
      const { multiconfig, recipe, task } = source
      const key = requestKey({ multiconfig, recipe, task })
      const before = build.requests.get(key)
      const needed = { target: target.name, platform: platformLabel(platform) }
      const sources = target.sources ?? null
      build.requests.set(key, {
        multiconfig,
        recipe,
        task,
        neededBy: distinctImages([...(before?.neededBy ?? []), needed]),
        sources: before === undefined ? sources : joinSources(before.sources, sources),
      })
    }
  }
  const ids = new Map<string, TaskId>()
  for (const [key, { source, root, requests }] of byBuild) {
    const task: BitbakeTask = {
      id: `bitbake:${path.relative(root, source.build.directory) || '.'}`,
      kind: 'bitbake',
      dependsOn: [],
      build: source.build,
      requests: [...requests.values()].toSorted((a, b) => compareCodeUnits(requestKey(a), requestKey(b))),
      root,
    }
    ids.set(key, tasks.add(task))
  }
  return ids
}

/**
 * Two targets that say different things of one recipe: its files are those of both, exclusions only where both have
 * them, since a file that one of them counts does count.
 */
function joinSources(a: readonly string[] | null, b: readonly string[] | null): readonly string[] | null {
  if (a === null || b === null) return null
  const included = [...a, ...b].filter((pattern) => !pattern.startsWith('!'))
  const excluded = a.filter((pattern) => pattern.startsWith('!') && b.includes(pattern))
  return [...new Set([...included, ...excluded])]
}

/** As on BitBake's command line: `mc:<multiconfig>:<recipe>:do_<task>`, `mc::…` for the default configuration. */
export function requestKey(request: Pick<BitbakeRequest, 'multiconfig' | 'recipe' | 'task'>): string {
  return `mc:${request.multiconfig}:${request.recipe}:do_${request.task}`
}

function addTarget(target: Target, builds: ReadonlyMap<string, TaskId>, tasks: TaskList): PlannedTarget {
  const { name, output } = target
  const label = target.partial ? `${name}[${platformsLabel(target.platforms)}]` : name
  const discovered = target.platforms.map(({ key, platform, source }) => {
    const build = source.kind === 'bitbake' ? builds.get(buildKey(source)) : undefined
    const reference = (source.kind === 'layout' ? source.reference : undefined) ?? target.reference
    return tasks.add({
      id: `discover:${label}:${key}`,
      kind: 'discover',
      dependsOn: build === undefined ? [] : [build],
      ...(build === undefined ? {} : { bitbake: build }),
      target: name,
      platformKey: key,
      ...(platform === undefined ? {} : { platform }),
      source,
      ...(reference === undefined ? {} : { reference }),
    })
  })
  const merged = target.platforms.map(({ key, platform }, position) =>
    tasks.add({
      id: `merge:${label}:${key}`,
      kind: 'merge',
      // All platforms' images first, so that nothing is written when one of them is not there.
      dependsOn: [discovered[position]!, ...discovered.filter((_, other) => other !== position)],
      discover: discovered[position]!,
      target: name,
      platformKey: key,
      ...(platform === undefined ? {} : { platform }),
      directory: output.directory,
      link: output.link,
      attestations: output.attestations,
      allowAbsentLayers: target.allowAbsentLayers,
    }),
  )
  const index = tasks.add({
    id: `index:${label}`,
    kind: 'index',
    dependsOn: merged,
    target: name,
    entries: target.platforms.map(({ key, platform, annotations }, position) => ({
      key,
      merge: merged[position]!,
      platform: platform ?? null,
      annotations,
    })),
    output,
  })
  let last = tasks.add({
    id: `verify:${label}`,
    kind: 'verify',
    dependsOn: [index],
    index,
    target: name,
    platforms: target.platforms.map(({ platform }) => platform ?? null),
    directory: output.directory,
    allowAbsentLayers: target.allowAbsentLayers,
  })
  if (output.archive !== undefined) {
    last = tasks.add({
      id: `archive:${label}`,
      kind: 'archive',
      dependsOn: [last],
      verify: last,
      target: name,
      directory: output.directory,
      file: output.archive,
    })
  }
  return {
    name,
    partial: target.partial,
    platforms: target.platforms.map(platformLabel),
    directory: output.directory,
    last,
  }
}
