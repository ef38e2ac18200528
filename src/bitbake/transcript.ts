/**
 * Reading what BitBake prints on a pipe. The lines and where they go were recorded from real runs (test/transcripts);
 * prefixes are matched anywhere in a line, because BitBake writes `Initialising tasks...` without a newline.
 */

export interface Progress {
  /** Tasks that were begun, those up to date among them; it jumps. */
  readonly done?: number
  readonly total?: number
  readonly text: string
}

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
  readonly text: string
}

export interface Summary {
  readonly attempted: number
  /** Tasks that did not need to be rerun. */
  readonly upToDate: number
  readonly failed: number
}

const running = /NOTE: Running (?:setscene |noexec )?task (\d+) of (\d+) \((?:mc:([^:]+):)?(.+):do_(\w+)\)/
const summaryLine =
  /NOTE: Tasks Summary: Attempted (\d+) tasks? of which (\d+) didn't need to be rerun and (?:all succeeded|(\d+) failed)\./
const phase = /^(Loading cache|Parsing recipes|Initialising tasks|Checking sstate)/
const taskFailed = /ERROR: Task \((?:mc:([^:]+):)?(.+):do_(\w+)\) failed with exit code/
const taskLog = /ERROR: Logfile of failure stored in: (\S+)/
const taskError = /^ERROR: (?:mc:([^:\s]+):)?\S+ do_\w+: /
const anyMessage = /^(NOTE|WARNING|ERROR|Summary|DEBUG|Loading|Parsing|Initialising|Checking|done)\b/
const noMulticonfig = /depends on nonexistent multiconfig configuration named (\S+)/
const nothingProvides = /^ERROR: Nothing (?:R?PROVIDES|provides) '([^']+)'/
const noTask = /^ERROR: Task do_(\S+) does not exist for target (\S+)/
/** What follows an error: enough for a short traceback. */
const maximumErrorLines = 12

/** Takes the lines of one BitBake invocation, in order, and holds what they said. */
export class Transcript {
  readonly failedTasks: FailedTask[] = []
  readonly errors: ErrorMessage[] = []
  readonly unknownMulticonfigs: string[] = []
  readonly unknownRecipes: { readonly recipe: string; readonly closeMatches: string[]; readonly reasons: string[] }[] =
    []
  readonly unknownTasks: { readonly recipe: string; readonly task: string }[] = []
  summary: Summary | undefined
  warnings = 0
  readonly #logs: string[] = []
  readonly #open: Record<'stdout' | 'stderr', { lines: string[]; close(): void } | undefined> = {
    stdout: undefined,
    stderr: undefined,
  }

  /** @returns what to show, when the line is about progress. */
  line(line: string, stream: 'stdout' | 'stderr'): Progress | undefined {
    const open = this.#open[stream]
    if (open !== undefined) {
      if (!anyMessage.test(line) && line.trim() !== '' && open.lines.length < maximumErrorLines) open.lines.push(line)
      else this.#close(stream)
    }
    if (/(^|\.)WARNING: /.test(line)) this.warnings++
    if (/^(ERROR|FATAL): /.test(line)) this.#error(line, stream)
    const summary = summaryLine.exec(line)
    if (summary !== null) {
      this.summary = { attempted: Number(summary[1]), upToDate: Number(summary[2]), failed: Number(summary[3] ?? 0) }
    }
    return progressOf(line)
  }

  /** To be called after the last line. */
  end(): void {
    this.#close('stdout')
    this.#close('stderr')
  }

  #error(line: string, stream: 'stdout' | 'stderr'): void {
    const log = taskLog.exec(line)
    if (log !== null) return void this.#logs.push(log[1]!)
    const failed = taskFailed.exec(line)
    if (failed !== null) {
      const [, multiconfig = '', file = '', task = ''] = failed
      const index = this.#logs.findLastIndex((name) => name.includes(`/log.do_${task}.`))
      const [found] = index < 0 ? [] : this.#logs.splice(index, 1)
      this.failedTasks.push({
        multiconfig,
        recipe: recipeOf(file),
        task,
        ...(found === undefined ? {} : { log: found }),
      })
      return
    }
    const lines = [line.replace(/^(ERROR|FATAL): /, '')]
    const unknown = nothingProvides.exec(line)
    const multiconfig = noMulticonfig.exec(line)
    const task = noTask.exec(line)
    const said = taskError.exec(line)
    const close = (): void => {
      if (multiconfig !== null) this.unknownMulticonfigs.push(multiconfig[1]!)
      else if (task !== null) this.unknownTasks.push({ task: task[1]!, recipe: task[2]! })
      else if (unknown !== null) {
        const rest = lines.slice(1).map((text) => text.trim())
        const matches = /Close matches:/.test(line) ? rest : []
        this.unknownRecipes.push({
          recipe: unknown[1]!,
          closeMatches: matches,
          reasons: matches.length > 0 ? [] : rest,
        })
      } else {
        this.errors.push({ ...(said === null ? {} : { multiconfig: said[1] ?? '' }), text: lines.join('\n') })
      }
    }
    this.#open[stream] = { lines, close }
  }

  #close(stream: 'stdout' | 'stderr'): void {
    this.#open[stream]?.close()
    this.#open[stream] = undefined
  }
}

function progressOf(line: string): Progress | undefined {
  const task = running.exec(line)
  if (task !== null) {
    const [, done, total, multiconfig, file = '', name = ''] = task
    const where = multiconfig === undefined ? '' : `${multiconfig}: `
    return { done: Number(done), total: Number(total), text: `${where}${recipeOf(file)} do_${name}` }
  }
  const begun = phase.exec(line)
  return begun === null ? undefined : { text: begun[1]!.toLowerCase() }
}

/** The recipe's name from its file's: up to the first `_`, as BitBake's `vars_from_file`. */
function recipeOf(file: string): string {
  const base = file.slice(file.lastIndexOf('/') + 1).replace(/\.bb$/, '')
  return base.split('_')[0]!
}
