/** The view on a terminal: listr2 shows the list, the events drive it. */
import { DefaultRenderer, Listr, ListrLogger, ListrTaskState, ProcessOutput, type ListrTaskWrapper } from 'listr2'
import type { Event } from '../execute/event.js'
import type { Task } from '../plan/task.js'
import { formatDuration } from '../util/format.js'
import type { Problem } from '../problem/problem.js'
import { progressLines, type ProgressEvent } from './progress-text.js'
import { formatProblems, untoldProblems } from './words/problems.js'
import type { Renderer } from './renderer.js'
import type { Style } from './style.js'
import { wordNotice } from './words/notice-words.js'
import { wordReason } from './words/reason-words.js'
import { taskTitle } from './task-title.js'
import { pathShower, visibleLine } from './words/wording.js'
import { wordProblem } from './words/words.js'

export interface ListrOptions {
  readonly cwd: string
  readonly style: Style
  /** Show why each task is not fresh. */
  readonly explain: boolean
  readonly stream: NodeJS.WriteStream
}

/** ms between two frames. */
const frameTime = 80
/** Columns that listr2 leaves empty before and behind what is below a task. */
const indentation = 6
/** Of what failed while a task goes on. */
const shownFailureLines = 6
/** Rows of the terminal that are left for a prompt and the summary line. */
const sparedRows = 4

/** What `WindowRenderer` uses of listr2's tasks. */
interface Row {
  readonly output?: string
  isStarted(): boolean
  hasFailed(): boolean
  isCompleted(): boolean
  isSkipped(): boolean
}

/**
 * listr2's default renderer redraws the whole list at each change, which costs the square of its length. This one
 * draws at most a frame in 80 ms, and of a list longer than the terminal only what runs or failed, with a count.
 */
function windowRenderer(stream: NodeJS.WriteStream): typeof DefaultRenderer {
  return class WindowRenderer extends DefaultRenderer {
    readonly #rows: readonly Row[]
    #lastFrame = 0
    #timer: NodeJS.Timeout | undefined
    #ended = false

    constructor(...args: ConstructorParameters<typeof DefaultRenderer>) {
      super(...args)
      this.#rows = (this as unknown as { tasks: readonly Row[] }).tasks
    }

    override update(): void {
      const wait = this.#lastFrame + frameTime - Date.now()
      if (wait > 0 && !this.#ended) {
        this.#timer ??= setTimeout(() => {
          this.#timer = undefined
          this.update()
        }, wait)
        return
      }
      this.#lastFrame = Date.now()
      super.update()
    }

    override create(options?: Parameters<DefaultRenderer['create']>[0]): string {
      const below = this.#rows.filter((row) => row.isStarted()).map((row) => row.output?.split('\n').length ?? 0)
      const room = Math.max(5, stream.rows - sparedRows - below.reduce((sum, lines) => sum + lines, 0))
      if (this.#ended || this.#rows.length <= room) return super.create(options)
      const inner = this as unknown as { tasks: readonly Row[] }
      const completed = this.#rows.filter((row) => row.isCompleted()).length
      const skipped = this.#rows.filter((row) => row.isSkipped()).length
      const failed = this.#rows.filter((row) => row.hasFailed()).length
      const waiting = this.#rows.length - completed - skipped - failed
      inner.tasks = this.#rows.filter((row) => row.isStarted() || row.hasFailed()).slice(-room)
      try {
        return `${super.create(options)}\n  ${completed} done or fresh, ${skipped} not begun, ${waiting} to go`
      } finally {
        inner.tasks = this.#rows
      }
    }

    override end(): void {
      this.#ended = true
      clearTimeout(this.#timer)
      super.end()
    }
  }
}

interface Entry {
  readonly task: Task
  finish(): void
  readonly finished: Promise<void>
  /** ms since 1970. */
  started?: number
  progress?: ProgressEvent
  /** Lines for each part of the task that failed. */
  failures: string[]
  wrapper?: ListrTaskWrapper<unknown, typeof DefaultRenderer, typeof DefaultRenderer>
  end?: Extract<Event, { kind: 'task-finished' }>
}

export function listrRenderer(options: ListrOptions): Renderer {
  const { style, stream, cwd } = options
  const show = pathShower(cwd)
  const entries = new Map<string, Entry>()
  // listr2 captures what is written while it draws: these come after it.
  const later: string[] = []
  const problems: Problem[] = []
  const untold = untoldProblems()
  let begun = false
  let drawn: Promise<unknown> = Promise.resolve()

  const expect = (tasks: readonly Task[]): void => {
    for (const task of tasks) {
      let finish = (): void => {}
      const finished = new Promise<void>((resolve) => (finish = resolve))
      entries.set(task.id, { task, finish, finished, failures: [] })
    }
  }

  /** Only when there is something to do: a list of what is fresh says nothing. */
  const begin = (): void => {
    if (begun) return
    begun = true
    const list = new Listr(
      [...entries.values()].map((entry) => ({
        title: taskTitle(entry.task),
        task: async (_context: unknown, wrapper: NonNullable<Entry['wrapper']>) => {
          entry.wrapper = wrapper
          // PAUSED would print "undefined" behind the title. Events may have come before listr2 came here.
          wrapper.task.state$ = entry.started === undefined ? ListrTaskState.WAITING : ListrTaskState.STARTED
          showProgress(entry)
          await entry.finished
          wrapper.task.state$ = ListrTaskState.STARTED
          conclude(entry, wrapper)
        },
      })),
      {
        concurrent: true,
        exitOnError: false,
        collectErrors: false,
        registerSignalListeners: false,
        renderer: windowRenderer(stream),
        rendererOptions: {
          logger: new ListrLogger({ useIcons: true, toStderr: [], processOutput: new ProcessOutput(stream, stream) }),
          collapseSkips: true,
          collapseErrors: true,
        },
      },
    )
    drawn = list.run().catch(() => {})
  }

  /** A line that wrapped would move the others up and down. */
  const cut = (line: string): string => {
    const room = Math.max(20, stream.columns - indentation)
    return line.length > room ? `${line.slice(0, room - 1)}…` : line
  }
  const showProgress = ({ wrapper, progress, failures, started, end }: Entry): void => {
    if (wrapper === undefined || progress === undefined || end !== undefined) return
    const now = Date.now()
    wrapper.output = [...progressLines(progress, now, started ?? now), ...failures.slice(-shownFailureLines)]
      .map(cut)
      .join('\n')
  }
  // The times go on.
  const clock = setInterval(() => {
    for (const entry of entries.values()) showProgress(entry)
  }, 1_000)
  clock.unref()

  /** The details come in the end. */
  const failureLines = (problem: Problem): string[] => {
    const log = 'taskLog' in problem && problem.taskLog !== undefined ? [`  task log: ${show(problem.taskLog)}`] : []
    return [visibleLine(wordProblem(problem, show).headline), ...log]
  }

  const headlineOf = ({ end }: Entry): string => {
    const [problem] = end?.problems ?? []
    return problem === undefined ? 'failed' : wordProblem(problem, show).headline
  }

  const conclude = (entry: Entry, wrapper: NonNullable<Entry['wrapper']>): void => {
    const { state = 'cancelled', detail = '', duration = 0 } = entry.end ?? {}
    const title = taskTitle(entry.task)
    const shown = detail === '' ? '' : `: ${show(detail)}`
    switch (state) {
      case 'done':
        wrapper.title = `${title}${shown} ${style('dim', `(${formatDuration(duration)})`)}`
        return
      case 'failed':
        // listr2 shows the message in place of the title.
        throw new Error(`${title}: ${headlineOf(entry)}`)
      case 'fresh':
        wrapper.title = style('dim', `${title}: fresh`)
        return
      case 'blocked':
      case 'cancelled':
        return wrapper.skip(`${title}: ${state}${detail === '' ? '' : ` (${detail})`}`)
    }
  }

  return {
    handle(event: Event) {
      switch (event.kind) {
        case 'run-started':
          expect(event.plan.tasks)
          break
        case 'task-started': {
          const entry = entries.get(event.id)
          if (entry === undefined) break
          begin()
          entry.started = Date.now()
          if (entry.wrapper !== undefined) entry.wrapper.task.state$ = ListrTaskState.STARTED
          if (options.explain) {
            const why = event.reasons.map((reason) => wordReason(reason, show)).join('; ')
            later.push(style('dim', `why ${taskTitle(entry.task)}: ${why}\n`))
          }
          break
        }
        case 'task-progress': {
          const entry = entries.get(event.id)
          if (entry === undefined) break
          entry.progress = event
          showProgress(entry)
          break
        }
        case 'task-output': {
          const wrapper = entries.get(event.id)?.wrapper
          if (wrapper !== undefined) wrapper.output = event.line
          break
        }
        case 'task-problem': {
          const entry = entries.get(event.id)
          if (entry === undefined) break
          entry.failures.push(...failureLines(event.problem))
          showProgress(entry)
          break
        }
        case 'notice':
          // Before there is a list, nothing is in the way: what is waited for is to be seen while it lasts.
          if (entries.size === 0) stream.write(`${style('warn', 'note:')} ${wordNotice(event.notice, show)}\n`)
          else later.push(`${style('warn', 'note:')} ${wordNotice(event.notice, show)}\n`)
          break
        case 'stopping':
          for (const { wrapper, task } of entries.values()) {
            if (wrapper === undefined || task.kind !== 'bitbake' || !wrapper.task.isStarted()) continue
            const how =
              event.how === 'now' ? 'stopping now' : 'stopping after the running tasks; Ctrl-C again stops them too'
            wrapper.title = `${taskTitle(task)}: ${how}`
          }
          break
        case 'task-finished': {
          const entry = entries.get(event.id)
          if (entry === undefined) break
          entry.end = event
          if (event.state !== 'fresh') begin()
          problems.push(...untold(event.problems))
          entry.finish()
          break
        }
        case 'run-finished':
          break
      }
    },
    async end() {
      clearInterval(clock)
      for (const entry of entries.values()) entry.finish()
      await drawn
      stream.write(later.join('') + formatProblems(problems, cwd, style))
    },
  }
}
