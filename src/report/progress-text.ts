/** How far a task is, in one line. */
import type { Event } from '../execute/event.js'
import { formatDuration } from '../util/format.js'

export type ProgressEvent = Extract<Event, { kind: 'task-progress' }>

/** What happened last. */
export function formatStep({ phase, done, total, text }: ProgressEvent): string {
  if (done === undefined || total === undefined) return text
  return `${phase === 'setscene' ? 'setscene ' : ''}${done} of ${total}: ${text}`
}

/** The rest is counted. */
const shownTasks = 4

/** What runs, by platform, each with its time; what happened last when nothing runs. */
export function formatRunning(event: ProgressEvent, now: number): string {
  const { running = [], phase, done, total } = event
  if (running.length === 0) return formatStep(event)
  const oldest = running.toSorted((a, b) => a.started - b.started)
  const more = oldest.length - shownTasks
  const tasks = oldest.slice(0, shownTasks).map(({ multiconfig, platforms, recipe, task, started }) => {
    const where = platforms.length > 0 ? platforms.join(', ') : multiconfig
    return `${where === '' ? '' : `${where}: `}${recipe} do_${task} (${formatDuration(Math.max(0, now - started))})`
  })
  const counted = done === undefined || total === undefined ? '' : `${done} of ${total}: `
  return `${phase === 'setscene' ? 'setscene ' : ''}${counted}${tasks.join('; ')}${more > 0 ? `; ${more} more` : ''}`
}
