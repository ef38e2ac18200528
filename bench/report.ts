/** Tables, in Markdown. */
import type { Judged } from './goals.js'
import type { Outcome, Race } from './race.js'
import { ratioOf, spreadOf, type Spread } from './statistics.js'

export function formatRace(race: Race, outcomes: readonly Outcome[]): string {
  const rows = outcomes.map((outcome) => {
    const { name, runs, baseline } = outcome
    const other = outcomes.find((candidate) => candidate.name === baseline)
    const ratios = (['wall', 'cpu'] as const).map((metric) => formatRatio(other && ratioOf(outcome, other, metric)))
    return [
      name,
      formatTime(spreadOf(runs, 'wall')),
      formatTime(spreadOf(runs, 'cpu')),
      spreadOf(runs, 'rss')?.max.toFixed(0) ?? '',
      ...ratios,
      other === undefined ? '' : other.name,
      String(runs.length),
    ]
  })
  const head = ['command', 'wall ms', 'CPU ms', 'RSS MiB', 'wall x', 'CPU x', 'of', 'runs']
  const loads = outcomes.flatMap(({ runs }) => runs.map(({ load }) => load))
  const range = loads.length === 0 ? '' : `, load ${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}`
  return [
    `${race.name}: ${race.title} (median, min to max${range})`,
    '',
    formatTable([head, ...rows]),
    ...race.absent.map((reason) => `absent: ${reason}`),
    ...outcomes.flatMap(({ name, wrong }) =>
      wrong.length === 0 ? [] : [`WRONG: ${name}: ${wrong.length} runs; the first: ${wrong[0]}`],
    ),
    '',
  ].join('\n')
}

export function formatGoals(judged: readonly Judged[]): string {
  const rows = judged.map(({ race, name, to, metric, limit, found }) => {
    const unit = metric === 'rss' ? ' MiB' : ''
    const what = to === undefined ? `peak memory (${name})` : `${name} / ${to}`
    const verdict = found === undefined ? 'not measured' : found <= limit ? 'met' : 'missed'
    const digits = metric === 'rss' ? 0 : 2
    return [race, what, metric, `${limit}${unit}`, found === undefined ? '' : found.toFixed(digits) + unit, verdict]
  })
  return formatTable([['race', 'goal', 'in', 'at most', 'measured', ''], ...rows])
}

function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(3, ...rows.map((row) => row[column]!.length)))
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`
  const [head, ...rest] = rows
  return [line(head!), line(widths.map((width) => '-'.repeat(width))), ...rest.map(line)].join('\n')
}

function formatTime(spread: Spread | undefined): string {
  if (spread === undefined) return ''
  const digits = spread.median < 100 ? 1 : 0
  const [median, min, max] = [spread.median, spread.min, spread.max].map((value) => value.toFixed(digits))
  return `${median} (${min} to ${max})`
}

function formatRatio(spread: Spread | undefined): string {
  return spread === undefined ? '' : spread.median.toFixed(2)
}
