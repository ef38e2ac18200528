/**
 * How far BitBake is, from what it prints on a pipe. The line that begins a task names its multiconfig, the one that
 * ends it does not: of the same task in several multiconfigs the one that began first is taken, until another line
 * shows better.
 */
import { recipeOf } from '../recipe.js'

export type Phase = 'parsing' | 'preparing' | 'setscene' | 'building'

export interface RunningTask {
  /** '' is the default configuration. */
  readonly multiconfig: string
  readonly recipe: string
  /** Without `do_`. */
  readonly task: string
  /** When it began, in ms since 1970. */
  readonly started: number
}

/** What the shared state cache had of what BitBake looked for. */
export interface Sstate {
  readonly wanted: number
  /** From SSTATE_DIR. */
  readonly local: number
  /** From SSTATE_MIRRORS. */
  readonly mirrors: number
  readonly missed: number
  /** Not looked for: it is there from an earlier build. */
  readonly current: number
}

export interface Progress {
  readonly phase: Phase
  /** Tasks that were begun, those up to date among them; it jumps. In the phase `setscene` of its own tasks. */
  readonly done?: number
  readonly total?: number
  /** What happened last. */
  readonly text: string
  /** When that was the beginning of a task: which. */
  readonly begun?: RunningTask
  readonly running: readonly RunningTask[]
  readonly sstate?: Sstate
}

const phases: Readonly<Record<string, Phase>> = {
  'Loading cache': 'parsing',
  'Parsing recipes': 'parsing',
  'Initialising tasks': 'preparing',
  'Checking sstate': 'preparing',
}
const phaseLine = new RegExp(`^(${Object.keys(phases).join('|')})`)
const begun = /(?:^|\.\.\.)NOTE: Running (setscene |noexec )?task (\d+) of (\d+) \((?:mc:([^:]+):)?(.+):do_(\w+)\)/
const ended = /NOTE: recipe (\S+): task do_(\w+): (?:Succeeded|Failed)/
const sstateLine = /Sstate summary: Wanted (\d+) Local (\d+) Mirrors (\d+) Missed (\d+) Current (\d+)/

interface Guess {
  readonly ended: RunningTask
}

/** Takes BitBake's lines, in order. */
export class ProgressReader {
  readonly #now: () => number
  #running: RunningTask[] = []
  #guesses: Guess[] = []
  #last: Omit<Progress, 'running'> = { phase: 'parsing', text: 'starting' }
  /** Of all that was looked for in this invocation; absent before. */
  sstate: Sstate | undefined

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /** @returns where BitBake is, when the line changes it. */
  line(line: string): Progress | undefined {
    const task = begun.exec(line)
    if (task !== null) return this.#begin(task)
    const over = ended.exec(line)
    if (over !== null) return this.#end(over[1]!, over[2]!)
    const found = sstateLine.exec(line)
    if (found !== null) return this.#addSstate(found.slice(1).map(Number))
    const phase = phaseLine.exec(line)?.[1]
    if (phase === undefined) return undefined
    return this.#say({ phase: phases[phase]!, text: phase.toLowerCase() })
  }

  #begin([, kind, done, total, multiconfig = '', file = '', name = '']: RegExpExecArray): Progress {
    const recipe = recipeOf(file)
    this.#correct(multiconfig, recipe)
    // One without work of its own ends without a word.
    const task = { multiconfig, recipe, task: name, started: this.#now() }
    if (kind !== 'noexec ') this.#running.push(task)
    const phase = kind === 'setscene ' ? 'setscene' : 'building'
    const text = `${multiconfig === '' ? '' : `${multiconfig}: `}${recipe} do_${name}`
    return this.#say({ phase, done: Number(done), total: Number(total), text, begun: task })
  }

  #end(versioned: string, name: string): Progress | undefined {
    const alike = this.#running.filter(({ recipe, task }) => task === name && versioned.startsWith(`${recipe}-`))
    // `gcc-cross-1.0` begins with `gcc-`, too.
    const longest = Math.max(0, ...alike.map(({ recipe }) => recipe.length))
    const candidates = alike.filter(({ recipe }) => recipe.length === longest)
    const [first] = candidates
    if (first === undefined) return undefined
    this.#running = this.#running.filter((one) => one !== first)
    if (candidates.length > 1) this.#guesses.push({ ended: first })
    return this.#say(this.#last)
  }

  /** The recipe goes on in this multiconfig: what was taken to run in it has ended, and what was taken to have ended runs. */
  #correct(multiconfig: string, recipe: string): void {
    const rest: Guess[] = []
    for (const guess of this.#guesses) {
      const { ended: wrong } = guess
      if (wrong.recipe !== recipe) rest.push(guess)
      else if (wrong.multiconfig !== multiconfig) {
        const over = this.#running.findIndex(
          (one) => one.multiconfig === multiconfig && one.recipe === recipe && one.task === wrong.task,
        )
        if (over < 0) rest.push(guess)
        else this.#running.splice(over, 1, wrong)
      }
    }
    this.#guesses = rest
  }

  /** BitBake looks in several rounds, also for nothing when all is up to date. */
  #addSstate([wanted = 0, local = 0, mirrors = 0, missed = 0, current = 0]: readonly number[]): Progress | undefined {
    const before = this.sstate ?? { wanted: 0, local: 0, mirrors: 0, missed: 0, current: 0 }
    this.sstate = {
      wanted: before.wanted + wanted,
      local: before.local + local,
      mirrors: before.mirrors + mirrors,
      missed: before.missed + missed,
      current: Math.max(before.current, current),
    }
    if (wanted === 0) return undefined
    const text = `${local + mirrors} of ${wanted} found in the shared state`
    return this.#say({ phase: 'preparing', text, sstate: this.sstate })
  }

  #say(progress: Omit<Progress, 'running'>): Progress {
    this.#last = progress
    return { ...progress, running: [...this.#running] }
  }
}
