/** One line for each thing that happened: for pipes, files and CI. No spinner, no cursor moves. */
import type { Event } from '../execute/event.js'
import type { Notice } from '../problem/notice.js'
import type { Task } from '../plan/task.js'
import { formatDuration } from '../util/format.js'
import { formatProblems, untoldProblems } from './words/problems.js'
import type { Renderer } from './renderer.js'
import type { Style } from './style.js'
import { formatRunning, formatStep, type ProgressEvent } from './progress-text.js'
import { stateTones } from './summary.js'
import { wordNotice } from './words/notice-words.js'
import { wordReason } from './words/reason-words.js'
import { taskTitle } from './task-title.js'
import { pathShower } from './words/wording.js'

export interface PlainOptions {
  readonly cwd: string
  readonly style: Style
  /** Print why each task is not fresh. */
  readonly explain: boolean
  /** Failures only. */
  readonly quiet: boolean
  /** ms without a line after which what runs is told again; by default a minute: CI ends jobs that are silent. */
  readonly heartbeat?: number
  /** Also what is fresh. */
  readonly verbose: boolean
  write(text: string): void
}

/** Not between the lines of other tasks, where nobody would look for them. */
const atTheEnd: ReadonlySet<Notice['code']> = new Set([
  'bitbake-warnings',
  'bitbake-errors-accepted',
  'bitbake-tainted',
] as const)

export function plainRenderer(options: PlainOptions): Renderer {
  const { style, write } = options
  const show = pathShower(options.cwd)
  const tasks = new Map<string, Task>()
  const shownProgress = new Map<string, string>()
  const title = (id: string): string => {
    const task = tasks.get(id)
    return task === undefined ? id : taskTitle(task)
  }
  const running = new Map<string, ProgressEvent>()
  const later: Notice[] = []
  const untold = untoldProblems()
  let spoken = true
  const say = (text: string): void => {
    spoken = true
    if (!options.quiet) write(`${text}\n`)
  }
  const heartbeat = setInterval(() => {
    for (const event of spoken ? [] : running.values()) {
      if ((event.running ?? []).length > 0)
        say(style('dim', `      ${title(event.id)}: ${formatRunning(event, Date.now())}`))
    }
    spoken = false
  }, options.heartbeat ?? 60_000)
  heartbeat.unref()
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
          const text = `      ${title(event.id)}: ${formatStep(event)}`
          if (shownProgress.get(event.id) !== text) say(style('dim', text))
          shownProgress.set(event.id, text)
          running.set(event.id, event)
          break
        }
        case 'task-output':
          say(`${title(event.id)} | ${event.line}`)
          break
        case 'task-problem':
          spoken = true
          write(formatProblems(untold([event.problem]), options.cwd, style))
          break
        case 'notice':
          if (atTheEnd.has(event.notice.code)) {
            later.push(event.notice)
            break
          }
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
          running.delete(event.id)
          // The result says what was not built and why; each task on the way would only repeat it.
          if (event.state === 'blocked' || event.state === 'cancelled') break
          if (event.state === 'fresh' && !options.verbose) break
          const mark = style(stateTones[event.state], marks[event.state])
          const detail = event.detail === '' ? '' : `: ${show(event.detail)}`
          const time = event.state === 'done' ? style('dim', ` (${formatDuration(event.duration)})`) : ''
          say(`${mark} ${title(event.id)}${detail}${time}`)
          write(formatProblems(untold(event.problems), options.cwd, style))
          break
        }
        case 'run-finished':
          break
      }
    },
    async end() {
      clearInterval(heartbeat)
      for (const notice of later) write(`${style('warn', 'note:')} ${wordNotice(notice, show)}\n`)
    },
  }
}

const marks = { done: 'ok   ', fresh: 'fresh', failed: 'FAIL ' } as const
