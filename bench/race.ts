/** Commands that are run in turns, so that whatever else the machine does hits all of them alike. */
import os from 'node:os'
import path from 'node:path'
import { measure, type Usage } from './measure.js'
import { runUntimed } from './tools.js'

export interface Contender {
  readonly name: string
  readonly argv: readonly string[]
  /** Where it runs; the race's own directory by default. */
  readonly directory?: string
  /** The contender that its ratios are to. */
  readonly baseline?: string
  /** A slow one joins the first rounds only. */
  readonly rounds?: number
  /** Throws when the run did not make what it should have. */
  check(output: string): void
  /** Before each run, outside the timing: what others did since the last one is made good. */
  prepare?(): void
  /** After each run, outside the timing: back to how things were before it. */
  reset?(): void
}

export interface Race {
  readonly name: string
  readonly title: string
  readonly directory: string
  readonly rounds: number
  /** A round before the first that does not count: it brings programs and files into the page cache. */
  readonly warmUp: boolean
  readonly contenders: readonly Contender[]
  /** Before each round: makes what all of its contenders are given. */
  renew?(round: number): void
  /** Contenders whose program is not installed. */
  readonly absent: readonly string[]
}

export interface Run extends Usage {
  readonly round: number
  /** Load average of the last minute when it began. */
  readonly load: number
}

export interface Outcome {
  readonly name: string
  readonly baseline?: string
  readonly runs: readonly Run[]
  /** Runs that failed or made something wrong: they do not count. */
  readonly wrong: readonly string[]
}

/** Every round in another order. */
export function runRace(race: Race, progress: (text: string) => void): Outcome[] {
  const runs = new Map<string, Run[]>(race.contenders.map(({ name }) => [name, []]))
  const wrong = new Map<string, string[]>(race.contenders.map(({ name }) => [name, []]))
  for (let round = race.warmUp ? 0 : 1; round <= race.rounds; round++) {
    progress(`${race.name}: ${round === 0 ? 'warm-up' : `round ${round} of ${race.rounds}`}`)
    race.renew?.(round)
    const joining = race.contenders.filter(({ rounds }) => rounds === undefined || (round > 0 && round <= rounds))
    for (const contender of shuffle(joining)) {
      contender.prepare?.()
      // What an earlier command left to be written would be written at the expense of this one.
      runUntimed(['sync'])
      const load = os.loadavg()[0]!
      const { argv, directory = race.directory } = contender
      const { code, output, ...usage } = measure(argv, directory, path.join(race.directory, 'printed'))
      try {
        if (code !== 0) throw new Error(`it ended with ${code}: ${output.slice(-2000)}`)
        contender.check(output)
        if (round > 0) runs.get(contender.name)!.push({ round, load, ...usage })
      } catch (error) {
        wrong.get(contender.name)!.push(`round ${round}: ${error instanceof Error ? error.message : String(error)}`)
      }
      contender.reset?.()
    }
  }
  return race.contenders.map(({ name, baseline }) => ({
    name,
    ...(baseline === undefined ? {} : { baseline }),
    runs: runs.get(name)!,
    wrong: wrong.get(name)!,
  }))
}

function shuffle<T>(items: readonly T[]): T[] {
  const shuffled = [...items]
  for (let last = shuffled.length - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1))
    ;[shuffled[last], shuffled[other]] = [shuffled[other]!, shuffled[last]!]
  }
  return shuffled
}
