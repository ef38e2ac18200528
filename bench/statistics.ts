/** From the runs of commands to numbers. */
import type { Outcome, Run } from './race.js'

export type Metric = 'wall' | 'cpu' | 'rss'

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** `undefined` when there is no run. */
export function spreadOf(runs: readonly Run[], metric: Metric): Spread | undefined {
  return spread(runs.map((run) => run[metric]))
}

/** Of the ratios of the two in each round that both took part in. */
export function ratioOf(outcome: Outcome, baseline: Outcome, metric: Metric): Spread | undefined {
  const ratios = outcome.runs.flatMap((run) => {
    const same = baseline.runs.find(({ round }) => round === run.round)
    return same === undefined ? [] : [run[metric] / same[metric]]
  })
  return spread(ratios)
}

function spread(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const median = (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2
  return { median, min: sorted[0]!, max: sorted.at(-1)! }
}
