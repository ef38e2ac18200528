/** NDJSON: each event as one line. */
import type { Event } from '../execute/event.js'
import type { TaskForecast } from '../execute/execute.js'
import type { Plan } from '../plan/task.js'
import type { Problem } from '../problem/problem.js'
import { withoutSecrets } from './plan-text.js'
import type { Renderer } from './renderer.js'
import { pathShower } from './words/wording.js'
import { wordProblem } from './words/words.js'

/** What a run would do, in the form of its events. */
export function forecastEvents(plan: Plan, forecasts: ReadonlyMap<string, TaskForecast>): string {
  const events = [
    { kind: 'run-started', plan: withoutSecrets(plan) },
    ...[...forecasts].map(([id, forecast]) => ({ kind: 'task-forecast', id, ...forecast })),
  ]
  return events.map((event) => `${JSON.stringify(event)}\n`).join('')
}

/** Problems get a `message` beside their data, so that a reader of the stream need not word them. */
export function jsonRenderer(write: (text: string) => void, cwd: string): Renderer {
  const show = pathShower(cwd)
  const worded = (problem: Problem): object => ({ ...problem, message: wordProblem(problem, show).headline })
  const prepare = (event: Event): object => {
    if (event.kind === 'run-started') return { ...event, plan: withoutSecrets(event.plan) }
    if (event.kind === 'task-problem') return { ...event, problem: worded(event.problem) }
    if (event.kind === 'task-finished') return { ...event, problems: event.problems.map(worded) }
    if (event.kind !== 'run-finished') return event
    const targets = event.report.targets.map(({ failures, ...target }) => ({
      ...target,
      failures: failures.map((failure) => ({ ...failure, problem: worded(failure.problem) })),
    }))
    return { ...event, report: { ...event.report, targets } }
  }
  return {
    handle(event: Event) {
      write(`${JSON.stringify(prepare(event))}\n`)
    },
    async end() {},
  }
}
