/** A plan as a table, and as pictures in the two languages that render everywhere. */
import type { TaskForecast } from '../execute/execute.js'
import type { Plan, Task } from '../plan/task.js'
import type { Style } from './style.js'
import { wordReason } from './words/reason-words.js'
import { taskTitle } from './task-title.js'
import { pathShower } from './words/wording.js'

/** For printing: the values of `build.environment` may be secrets. */
export function withoutSecrets(plan: Plan): Plan {
  const tasks = plan.tasks.map((task): Task => {
    if (task.kind === 'bitbake') return { ...task, build: hideEnvironment(task.build) }
    if (task.kind !== 'discover' || task.source.kind !== 'bitbake') return task
    return { ...task, source: { ...task.source, build: hideEnvironment(task.source.build) } }
  })
  return { ...plan, tasks }
}

function hideEnvironment<B extends { readonly environment: Readonly<Record<string, string>> }>(build: B): B {
  return { ...build, environment: Object.fromEntries(Object.keys(build.environment).map((name) => [name, '***'])) }
}

type Forecasts = ReadonlyMap<string, TaskForecast>

/** The plan, and by task what a run would do and why. */
export function planDocument(plan: Plan, forecasts: Forecasts): object {
  return { ...withoutSecrets(plan), forecasts: Object.fromEntries(forecasts) }
}

export function formatPlanTable(plan: Plan, forecasts: Forecasts, cwd: string, style: Style): string {
  const show = pathShower(cwd)
  const rows = plan.tasks.map((task) => {
    const forecast = forecasts.get(task.id)
    const state = forecast?.state ?? 'stale'
    const reasons = forecast?.state === 'stale' ? forecast.reasons.map((reason) => wordReason(reason, show)) : []
    return { task, state, reasons, what: describe(task, show) }
  })
  const width = Math.max(...rows.map(({ task }) => taskTitle(task).length))
  return rows
    .map(({ task, state, reasons, what }) => {
      const head = `${taskTitle(task).padEnd(width)}  ${style(state === 'fresh' ? 'dim' : 'warn', state.padEnd(5))}  ${what}`
      return [head.trimEnd(), ...reasons.map((reason) => style('dim', `${' '.repeat(width)}    ${reason}`)), ''].join(
        '\n',
      )
    })
    .join('')
}

function describe(task: Task, show: (file: string) => string): string {
  switch (task.kind) {
    case 'bitbake':
      return task.requests
        .map(({ multiconfig, recipe, task: name }) => `mc:${multiconfig}:${recipe}:do_${name}`)
        .join(' ')
    case 'discover':
      return task.source.kind === 'layout'
        ? `layout ${task.source.path.pattern}`
        : `multiconfig ${task.source.multiconfig || '(default)'}`
    case 'merge':
    case 'verify':
      return show(task.directory)
    case 'index':
      return `${show(task.output.directory)} (${task.output.format}${task.output.reference === undefined ? '' : `, reference ${task.output.reference}`})`
    case 'archive':
      return show(task.file)
  }
}

/** Graphviz. */
export function formatPlanDot(plan: Plan): string {
  const quote = (text: string): string => JSON.stringify(text)
  return [
    'digraph plan {',
    '  rankdir=LR',
    '  node [shape=box, style=rounded]',
    ...plan.tasks.map((task) => `  ${quote(task.id)} [label=${quote(taskTitle(task))}]`),
    ...plan.tasks.flatMap((task) => task.dependsOn.map((id) => `  ${quote(id)} -> ${quote(task.id)}`)),
    '}',
    '',
  ].join('\n')
}

export function formatPlanMermaid(plan: Plan): string {
  const names = new Map(plan.tasks.map((task, position) => [task.id, `t${position}`]))
  return [
    'flowchart LR',
    ...plan.tasks.map(
      (task) =>
        `  ${names.get(task.id)}["${taskTitle(task).replaceAll('#', '#35;').replaceAll('"', '#quot;').replaceAll('<', '#lt;')}"]`,
    ),
    ...plan.tasks.flatMap((task) => task.dependsOn.map((id) => `  ${names.get(id)} --> ${names.get(task.id)}`)),
    '',
  ].join('\n')
}
