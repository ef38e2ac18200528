/** How far a task is, in one line. */
import type { Event, RunningBitbakeTask } from '../execute/event.js'
import { formatDuration } from '../util/format.js'

export type ProgressEvent = Extract<Event, { kind: 'task-progress' }>

/** What happened last. */
export function formatStep(event: ProgressEvent): string {
  const { begun, text } = event
  return `${formatCount(event)}${begun === undefined ? text : nameTask(begun)}`
}

/** The rest is counted. */
const shownTasks = 4

/** What runs, the oldest first, each with its time; what happened last when nothing runs. */
export function formatRunning(event: ProgressEvent, now: number): string {
  const { running = [] } = event
  if (running.length === 0) return formatStep(event)
  const oldest = running.toSorted((a, b) => a.started - b.started)
  const more = oldest.length - shownTasks
  const tasks = oldest
    .slice(0, shownTasks)
    .map((task) => `${nameTask(task)} (${formatDuration(Math.max(0, now - task.started))})`)
  return `${formatCount(event)}${tasks.join('; ')}${more > 0 ? `; ${more} more` : ''}`
}

function formatCount({ phase, done, total }: ProgressEvent): string {
  if (done === undefined || total === undefined) return ''
  return `${phase === 'setscene' ? 'setscene ' : ''}${done} of ${total}: `
}

/** Two multiconfigs may be of one platform, and one of several: both are named. */
function nameTask({ multiconfig, platforms, recipe, task }: RunningBitbakeTask): string {
  const others = platforms.filter((platform) => platform !== multiconfig).join(', ')
  const where = multiconfig === '' ? others : `${multiconfig}${others === '' ? '' : ` (${others})`}`
  return `${where === '' ? '' : `${where}: `}${recipe} do_${task}`
}
