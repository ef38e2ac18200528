/** Plans of layouts that are there, run in this process, with their events kept. */
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { validateConfig } from '../../src/config/validate.js'
import type { Event, RunReport, TaskState } from '../../src/execute/event.js'
import { runPlan } from '../../src/execute/run-plan.js'
import { createPlan } from '../../src/plan/plan.js'
import type { UserConfig } from '../../src/config/types.js'
import { resolveTargets } from '../../src/targets/resolve.js'
import type { Problem } from '../../src/problem/problem.js'
import { temporaryDirectory } from '../rig/temp.js'

export interface Ran {
  readonly report: RunReport
  readonly events: readonly Event[]
  readonly problems: readonly Problem[]
  /** By task id. */
  readonly states: Readonly<Record<string, TaskState>>
}

export interface RunSettings {
  readonly keepGoing?: boolean
  readonly jobs?: number
  readonly force?: boolean
  readonly stop?: AbortController
  onEvent?(event: Event): void
}

export class Workspace {
  readonly root = temporaryDirectory()

  path(...parts: readonly string[]): string {
    return path.join(this.root, ...parts)
  }

  /** The platforms `arm64` and `amd64` come from the layouts `in/arm64` and `in/amd64`. */
  config(targets: UserConfig['targets']): UserConfig {
    mkdirSync(this.path('in'), { recursive: true })
    return {
      platforms: {
        arm64: { source: { kind: 'layout', path: 'in/arm64' } },
        amd64: { source: { kind: 'layout', path: 'in/amd64' } },
      },
      targets,
    }
  }

  async run(config: UserConfig, settings: RunSettings = {}): Promise<Ran> {
    const checked = validateConfig(config, this.path('multiarch.config.json'))
    if (!checked.ok) throw new Error(JSON.stringify(checked.problems))
    const targets = resolveTargets(checked.value, { targets: [], platforms: [] }, { directory: this.root })
    if (!targets.ok) throw new Error(JSON.stringify(targets.problems))
    const events: Event[] = []
    const stop = settings.stop ?? new AbortController()
    const report = await runPlan(createPlan(targets.value), {
      stateDirectory: this.path('.mab'),
      keepGoing: settings.keepGoing ?? false,
      jobs: settings.jobs ?? 2,
      force: settings.force ?? false,
      environment: process.env,
      sourceDate: 0,
      verbose: false,
      stop: stop.signal,
      stopNow: new AbortController().signal,
      emit: (event) => {
        events.push(event)
        settings.onEvent?.(event)
      },
    })
    if (!report.ok) throw new Error(JSON.stringify(report.problems))
    const finished = events.filter((event) => event.kind === 'task-finished')
    return {
      report: report.value,
      events,
      problems: finished.flatMap(({ problems }) => problems),
      states: Object.fromEntries(finished.map(({ id, state }) => [id, state])),
    }
  }
}
