/** One line for each thing that happened: for pipes, files and CI. No spinner, no cursor moves. */
import type { Event } from '../execute/event.js'
import type { Task } from '../plan/task.js'
import { formatDuration } from '../util/format.js'
import { formatProblems } from './problems.js'
import type { Renderer } from './renderer.js'
import type { Style } from './style.js'
import { stateTones } from './summary.js'
import { pathShower, taskTitle, wordNotice, wordReason } from './words.js'

export interface PlainOptions {
  readonly cwd: string
  readonly style: Style
  /** Print why each task is not fresh. */
  readonly explain: boolean
  /** Failures only. */
  readonly quiet: boolean
  write(text: string): void
}

export function plainRenderer(options: PlainOptions): Renderer {
  const { style, write } = options
  const show = pathShower(options.cwd)
  const tasks = new Map<string, Task>()
  const shownProgress = new Map<string, string>()
  const title = (id: string): string => {
    const task = tasks.get(id)
    return task === undefined ? id : taskTitle(task)
  }
  const say = (text: string): void => {
    if (!options.quiet) write(`${text}\n`)
  }
  return {
    handle(event: Event) {
      switch (event.kind) {
        case 'run-started':
          for (const task of event.plan.tasks) tasks.set(task.id, task)
          break
        case 'task-started':
          if (options.explain) {
            for (const reason of event.reasons)
              say(style('dim', `why   ${title(event.id)}: ${wordReason(reason, show)}`))
          }
          break
        case 'task-progress': {
          const counted = event.total === undefined ? '' : `${event.done} of ${event.total}: `
          const text = `      ${title(event.id)}: ${counted}${event.text}`
          if (shownProgress.get(event.id) !== text) say(style('dim', text))
          shownProgress.set(event.id, text)
          break
        }
        case 'task-output':
          say(`${title(event.id)} | ${event.line}`)
          break
        case 'notice':
          write(`${style('warn', 'note:')} ${wordNotice(event.notice, show)}\n`)
          break
        case 'stopping':
          write(
            event.how === 'now'
              ? 'stopping now\n'
              : 'stopping after the tasks that run; interrupt again to stop them too\n',
          )
          break
        case 'task-finished': {
          // The result says what was not built and why; each task on the way would only repeat it.
          if (event.state === 'blocked' || event.state === 'cancelled') break
          const mark = style(stateTones[event.state], marks[event.state])
          const detail = event.detail === '' ? '' : `: ${show(event.detail)}`
          const time = event.state === 'done' ? style('dim', ` (${formatDuration(event.duration)})`) : ''
          say(`${mark} ${title(event.id)}${detail}${time}`)
          if (event.problems.length > 0) write(formatProblems(event.problems, options.cwd, style))
          break
        }
        case 'run-finished':
          break
      }
    },
    async end() {},
  }
}

const marks = { done: 'ok   ', fresh: 'fresh', failed: 'FAIL ' } as const
