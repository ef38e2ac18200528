/** What mab is meant to reach, and whether it does. */
import { changeNames } from './change-race.js'
import { names } from './contenders.js'
import { deepNames } from './deep-race.js'
import type { Outcome } from './race.js'
import { startNames } from './start-race.js'
import { ratioOf, spreadOf, type Metric } from './statistics.js'

interface Goal {
  readonly race: string
  readonly name: string
  /** The ratio is to this contender; without it, the goal is a number. */
  readonly to?: string
  readonly metric: Metric
  readonly limit: number
}

export interface Judged extends Goal {
  /** Absent when nothing was measured. */
  readonly found?: number
}

const { first, archive, openssl, tar, python, buildah } = names

const goals: readonly Goal[] = [
  { race: 'W2', name: first, to: openssl, metric: 'wall', limit: 0.75 },
  { race: 'W1', name: first, to: openssl, metric: 'wall', limit: 1.6 },
  { race: 'W3', name: first, to: openssl, metric: 'wall', limit: 1.6 },
  { race: 'W4', name: first, to: python, metric: 'wall', limit: 0.35 },
  ...['W1', 'W2', 'W3', 'W4'].map((race): Goal => ({ race, name: first, to: buildah, metric: 'wall', limit: 0.25 })),
  { race: 'changed', name: changeNames.mab, to: changeNames.openssl, metric: 'wall', limit: 1.3 },
  { race: 'W2', name: archive, to: tar, metric: 'wall', limit: 1.6 },
  { race: 'deep', name: deepNames.mab, to: deepNames.gzip, metric: 'wall', limit: 0.9 },
  ...(['wall', 'cpu'] as const).flatMap((metric): Goal[] => [
    { race: 'start', name: startNames.version, to: startNames.node, metric, limit: 1.05 },
    { race: 'start', name: startNames.one, to: startNames.node, metric, limit: 1.15 },
    { race: 'start', name: startNames.many, to: startNames.node, metric, limit: 2.5 },
    { race: 'start', name: startNames.huge, to: startNames.node, metric, limit: 8 },
  ]),
]

/** MiB, of every run of mab. */
const memoryLimit = 150

/** The goals of the race that was run. */
export function judge(race: string, outcomes: readonly Outcome[]): Judged[] {
  const find = (name: string): Outcome | undefined => outcomes.find((outcome) => outcome.name === name)
  const ratios = goals
    .filter((goal) => goal.race === race)
    .map((goal) => {
      const [own, other] = [find(goal.name), find(goal.to!)]
      const found = own && other && ratioOf(own, other, goal.metric)?.median
      return found === undefined ? goal : { ...goal, found }
    })
  const peaks = outcomes
    .filter(({ name }) => name.startsWith('mab '))
    .flatMap(({ name, runs }) => {
      const peak = spreadOf(runs, 'rss')
      return peak === undefined ? [] : [{ name, found: peak.max }]
    })
  const largest = peaks.toSorted((a, b) => b.found - a.found)[0]
  const memory = largest === undefined ? [] : [{ race, metric: 'rss', limit: memoryLimit, ...largest } as const]
  return [...ratios, ...memory]
}
