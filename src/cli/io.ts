/** What a command sees of the process. Only `main.ts` makes one from the real one. */
import type { EvaluatedConfig } from '../config/evaluate.js'
import type { Interruption } from './interruption.js'

export interface Stream {
  readonly isTTY: boolean
  write(text: string): void
}

export interface Io {
  /** All that followed the program's name. */
  readonly argv: readonly string[]
  readonly cwd: string
  /** Without a `v`. */
  readonly nodeVersion: string
  /** What the plan or a task's freshness hangs on is read by `variable` of project.ts. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** The variables that were read so. */
  readonly variables: Map<string, string | undefined>
  /** The config, when it was evaluated already. */
  readonly evaluated: EvaluatedConfig | undefined
  /** Data: what was asked for. */
  readonly stdout: Stream
  /** Everything else. */
  readonly stderr: Stream
  /** Asks whoever sits at the terminal; absent when nobody does. Empty when the run is stopped meanwhile. */
  readonly ask: ((question: string) => Promise<string>) | undefined
  /** The terminal behind `stderr`, when there is one that can be drawn on. */
  readonly terminal: NodeJS.WriteStream | undefined
  readonly interruption: Interruption
}
