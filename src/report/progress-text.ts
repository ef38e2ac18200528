/** How far a task is. */
import type { Event, RunningBitbakeTask } from '../execute/event.js'
import { formatDuration } from '../util/format.js'

export type ProgressEvent = Extract<Event, { kind: 'task-progress' }>

/** What happened last. */
export function formatStep(event: ProgressEvent): string {
  const { begun, text } = event
  const counted = formatCount(event)
  return `${counted === '' ? '' : `${counted}: `}${begun === undefined ? text : nameTask(begun)}`
}

/** What runs, in one line; what happened last when nothing runs. */
export function formatRunning(event: ProgressEvent, now: number): string {
  const running = listRunning(event, now)
  return running.length === 0 ? formatStep(event) : `${formatCount(event)}: ${running.join('; ')}`
}

/**
 * The same in lines, for a place that is drawn anew.
 * @param since when the task was begun, in ms since 1970
 */
export function progressLines(event: ProgressEvent, now: number, since: number): readonly string[] {
  const running = listRunning(event, now)
  const step = running.length === 0 ? formatStep(event) : formatCount(event)
  return [`${step} (${formatDuration(Math.max(0, now - since))})`, ...running]
}

/** The rest is counted. */
const shownTasks = 4

/** The oldest first, each with its time. */
function listRunning({ running = [] }: ProgressEvent, now: number): string[] {
  const oldest = running.toSorted((a, b) => a.started - b.started)
  const shown = oldest
    .slice(0, shownTasks)
    .map((task) => `${nameTask(task)} (${formatDuration(Math.max(0, now - task.started))})`)
  const more = oldest.length - shown.length
  return more > 0 ? [...shown, `${more} more`] : shown
}

function formatCount({ phase, done, total }: ProgressEvent): string {
  if (done === undefined || total === undefined) return ''
  return `${phase === 'setscene' ? 'setscene ' : ''}${done} of ${total}`
}

/** Two multiconfigs may be of one platform, and one of several: both are named. */
function nameTask({ multiconfig, platforms, recipe, task }: RunningBitbakeTask): string {
  const others = platforms.filter((platform) => platform !== multiconfig).join(', ')
  const where = multiconfig === '' ? others : `${multiconfig}${others === '' ? '' : ` (${others})`}`
  return `${where === '' ? '' : `${where}: `}${recipe} do_${task}`
}
