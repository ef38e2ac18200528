/**
 * Reading what BitBake prints on a pipe. The lines and where they go were recorded from real runs (test/transcripts);
 * prefixes are matched anywhere in a line, because BitBake writes `Initialising tasks...` without a newline.
 */
import { targetArgument } from '../command.js'
import { errorText, missingProgram } from './error-text.js'
import { recipeOf } from '../recipe.js'

export interface FailedTask {
  readonly multiconfig: string
  readonly recipe: string
  /** Without `do_`. */
  readonly task: string
  readonly log?: string
}

/** An `ERROR:` message with the lines that belong to it. */
export interface ErrorMessage {
  /** Of the task that said it; absent when no task did. */
  readonly multiconfig?: string
  /** `<recipe>-<version> do_<task>`. */
  readonly task?: string
  readonly text: string
  /** The program that could not be started, if that was the reason. */
  readonly program?: string
}

export interface Summary {
  readonly attempted: number
  /** Tasks that did not need to be rerun. */
  readonly upToDate: number
  readonly failed: number
}

export interface UnknownMulticonfig {
  readonly multiconfig: string
  /** The entry of a task's `mcdepends` that names it; absent when a target of the command line does. */
  readonly dependency?: string
}

export interface UnknownRecipe {
  readonly recipe: string
  readonly closeMatches: readonly string[]
  /** Who needs it, as BitBake writes a recipe file: `mc:<multiconfig>:<file>`. */
  readonly requiredBy: readonly string[]
  readonly reasons: readonly string[]
}

const running = /(?:^|\.\.\.)NOTE: Running (?:setscene |noexec )?task \d+ of \d+ \((?:mc:([^:]+):)?(.+):do_(\w+)\)/
const summaryLine =
  /(?:^|\.\.\.)NOTE: Tasks Summary: Attempted (\d+) tasks? of which (\d+) didn't need to be rerun and (?:all succeeded|(\d+) failed)\./
const taskFailed = /ERROR: Task \((?:mc:([^:]+):)?(.+):do_(\w+)\) failed with exit code/
const taskLog = /ERROR: Logfile of failure stored in: (\S+)/
const taskError = /^ERROR: (?:mc:([^:\s]+):)?(\S+ do_\w+): /
/** `Summary: N tasks failed:` lists them with their logs; BitBake 2.0 without. */
const summaryTask = /^ {2}(?:mc:([^:]+):)?((?:virtual:[^/]*)?\/.+):do_(\w+)$/
const summaryTaskLog = /^ {4}log: (\S+)$/
const anyMessage = /^(NOTE|WARNING|ERROR|Summary|DEBUG|Loading|Loaded|Parsing|Initialising|Checking|done)\b/
/** BitBake writes `named configuration <name>` when an `mcdepends` is wrong (prepareTreeData of cooker.py, 2.0 to 2.19). */
const noMulticonfig =
  /Multiconfig dependency (\S+) depends on nonexistent multiconfig configuration named (?:configuration )?(\S+)/
/** `add_mc_dependencies` of runqueue.py, from 2.19. */
const disabledMulticonfig = /Multiconfig '([^']+)' is referenced in multiconfig dependency '([^']+)' but not enabled/
const nothingProvides = /^ERROR: Nothing (?:R?PROVIDES|provides) '([^']+)'(?: \(but (.+) R?DEPENDS on)?/
const noProviders = /^ERROR: Required build target '([^']+)' has no buildable providers/
const noTask = /^ERROR: Task do_(\S+) does not exist for target (\S+)(?: \((?:mc:([^:]+):)?)?/
const warning = /(?:^|\.)WARNING: (?:mc:([^:\s]+):)?(?:(\S+ do_\w+): )?(.*)$/
const tainted = /WARNING: (?:mc:([^:]+):)?(\/.+):do_(\w+) is tainted from a forced run/
/** What follows an error, its tracebacks included. */
const maximumErrorLines = 200

/** Takes the lines of one BitBake invocation, in order, and holds what they said. */
export class Transcript {
  readonly failedTasks: FailedTask[] = []
  readonly errors: ErrorMessage[] = []
  readonly unknownMulticonfigs: UnknownMulticonfig[] = []
  readonly unknownRecipes: UnknownRecipe[] = []
  /** Targets for want of something that they need, each with the way to it. */
  readonly unbuildable: { readonly recipe: string; readonly chain: readonly string[] }[] = []
  readonly unknownTasks: (FailedTask & { readonly closeMatches: string[] })[] = []
  summary: Summary | undefined
  /** As many as BitBake counts; tasks that are tainted are not among them. */
  warnings = 0
  /** Each once. */
  readonly warningTexts = new Set<string>()
  /** `mc:<multiconfig>:<recipe>:do_<task>` of each that was forced (`-f`, `-C`) at some time. */
  readonly tainted = new Set<string>()
  /** The last lines that are none of BitBake's messages: where a wrapper, or BitBake's own start, says why it gave up. */
  lastWords: readonly string[] = []
  /** BitBake gave up parsing for the error of some recipe: it builds none. */
  halted = false
  /** `taskKey` of each task that was not up to date. */
  readonly begun = new Set<string>()
  readonly #logs: string[] = []
  readonly #summaryLogs = new Map<string, string>()
  #summaryTask: string | undefined
  readonly #open: Record<'stdout' | 'stderr', { lines: string[]; close(): void } | undefined> = {
    stdout: undefined,
    stderr: undefined,
  }

  line(line: string, stream: 'stdout' | 'stderr'): void {
    const open = this.#open[stream]
    if (open !== undefined) {
      if (anyMessage.test(line)) this.#close(stream)
      else if (open.lines.length < maximumErrorLines) open.lines.push(line)
    }
    if (/^\S/.test(line) && !anyMessage.test(line)) this.lastWords = [...this.lastWords, line].slice(-3)
    this.#warning(line)
    if (/^(ERROR|FATAL): /.test(line)) this.#error(line, stream)
    if (stream === 'stdout') this.#summary(line)
    const task = running.exec(line)
    if (task !== null) {
      const [, multiconfig = '', file = '', name = ''] = task
      this.begun.add(taskKey({ multiconfig, recipe: recipeOf(file), task: name }))
    }
  }

  /** To be called after the last line. */
  end(): void {
    this.#close('stdout')
    this.#close('stderr')
    for (const [position, failed] of this.failedTasks.entries()) {
      const log = this.#summaryLogs.get(taskKey(failed))
      if (log !== undefined) this.failedTasks[position] = { ...failed, log }
    }
  }

  #warning(line: string): void {
    const forced = tainted.exec(line)
    if (forced !== null) {
      const [, multiconfig = '', file = '', task = ''] = forced
      this.tainted.add(targetArgument({ multiconfig, recipe: recipeOf(file), task }))
      return
    }
    const found = warning.exec(line)
    if (found === null) return
    const [, multiconfig, task, text = ''] = found
    const where = [multiconfig, task].filter((part) => part !== undefined)
    this.warnings++
    this.warningTexts.add(where.length === 0 ? text : `${where.join(': ')}: ${text}`)
  }

  #error(line: string, stream: 'stdout' | 'stderr'): void {
    const log = taskLog.exec(line)
    if (log !== null) return void this.#logs.push(log[1]!)
    const failed = taskFailed.exec(line)
    if (failed !== null) {
      const [, multiconfig = '', file = '', task = ''] = failed
      const recipe = recipeOf(file)
      const found = this.#takeLog(multiconfig, recipe, task)
      this.failedTasks.push({ multiconfig, recipe, task, ...(found === undefined ? {} : { log: found }) })
      return
    }
    const lines = [line.replace(/^(ERROR|FATAL): /, '')]
    const unknown = nothingProvides.exec(line)
    const unbuildable = noProviders.exec(line)
    const multiconfig = readUnknownMulticonfig(line)
    const task = noTask.exec(line)
    const said = taskError.exec(line)
    const close = (): void => {
      if (multiconfig !== undefined) this.unknownMulticonfigs.push(multiconfig)
      else if (task !== null)
        this.unknownTasks.push({
          task: task[1]!,
          recipe: task[2]!,
          multiconfig: task[3] ?? '',
          closeMatches: following(lines),
        })
      else if (unknown !== null) {
        const rest = following(lines)
        const closeMatches = /Close matches:/.test(line) ? rest : []
        const requiredBy = unknown[2]?.split(', ') ?? []
        const reasons = closeMatches.length > 0 ? [] : rest
        this.unknownRecipes.push({ recipe: unknown[1]!, closeMatches, requiredBy, reasons })
      } else if (unbuildable !== null) {
        const chain = [...lines.join('\n').matchAll(/'([^']+)'/g)].map(([, name]) => name!).slice(1)
        this.unbuildable.push({ recipe: unbuildable[1]!, chain })
      } else {
        const by = said === null ? {} : { multiconfig: said[1] ?? '', task: said[2]! }
        const program = missingProgram(lines)
        this.errors.push({ ...by, text: errorText(lines), ...(program !== undefined && { program }) })
        this.halted ||= /Parsing halted due to errors/.test(line)
      }
    }
    this.#open[stream] = { lines, close }
  }

  /** Tasks that fail together mix their lines: first the log that can be no other's. */
  #takeLog(multiconfig: string, recipe: string, task: string): string | undefined {
    const ofTask = this.#logs.filter((log) => log.includes(`/log.do_${task}.`))
    const ofRecipe = ofTask.filter((log) => log.includes(`/${recipe}/`))
    const found = ofRecipe.find((log) => log.includes(multiconfig)) ?? ofRecipe[0] ?? ofTask[0]
    if (found !== undefined) this.#logs.splice(this.#logs.indexOf(found), 1)
    return found
  }

  #summary(line: string): void {
    const task = summaryTask.exec(line)
    const log = summaryTaskLog.exec(line)
    if (log !== null && this.#summaryTask !== undefined) this.#summaryLogs.set(this.#summaryTask, log[1]!)
    this.#summaryTask =
      task === null ? undefined : taskKey({ multiconfig: task[1] ?? '', recipe: recipeOf(task[2]!), task: task[3]! })
    const total = summaryLine.exec(line)
    if (total === null) return
    this.summary = { attempted: Number(total[1]), upToDate: Number(total[2]), failed: Number(total[3] ?? 0) }
  }

  #close(stream: 'stdout' | 'stderr'): void {
    this.#open[stream]?.close()
    this.#open[stream] = undefined
  }
}

function readUnknownMulticonfig(line: string): UnknownMulticonfig | undefined {
  const [, wanted = '', named] = noMulticonfig.exec(line) ?? []
  const [, disabled, dependency] = disabledMulticonfig.exec(line) ?? []
  if (disabled !== undefined) return { multiconfig: disabled, ...(dependency && { dependency }) }
  if (named === undefined) return undefined
  // `mc:<from>:<to>:<recipe>:<task>`; a target of the command line has one part less.
  return { multiconfig: named, ...(wanted.split(':').length === 5 && { dependency: wanted }) }
}

/** What BitBake lists below a message: close matches, or reasons. */
function following(lines: readonly string[]): string[] {
  return lines.slice(1).flatMap((text) => text.trim() || [])
}

/** The same for a target of the command line and for the task that BitBake runs for it. */
export function taskKey({ multiconfig, recipe, task }: FailedTask): string {
  return `${multiconfig}:${recipe}:${task}`
}
