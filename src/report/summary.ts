/** How a run ended, one line a target. */
import type { RunReport, TargetReport, TaskState } from '../execute/event.js'
import { formatDuration } from '../util/format.js'
import type { Style, Tone } from './style.js'
import { pathShower, visibleLine } from './words/wording.js'
import { wordProblem } from './words/words.js'

export const stateTones: Readonly<Record<TaskState, Tone>> = {
  fresh: 'dim',
  done: 'good',
  failed: 'bad',
  blocked: 'warn',
  cancelled: 'warn',
}

type Show = (file: string) => string

/** For stdout: what was asked for. */
export function formatTargets(report: RunReport, cwd: string, style: Style): string {
  const show = pathShower(cwd)
  const width = Math.max(...report.targets.map(({ target }) => target.length))
  return report.targets
    .map((target) => {
      const { state, platforms, directory, digest, archive, partial } = target
      const name = target.target.padEnd(width)
      if (digest === undefined || (state !== 'fresh' && state !== 'done')) {
        const why = wordFailure(target, report, show)
        if (digest !== undefined) return `${name}  ${style('bad', 'image in place')}  ${digest}${why}\n`
        return `${name}  ${style(stateTones[state], state === 'cancelled' ? 'cancelled' : 'not built')}${why}\n`
      }
      const labels = platforms.map(({ key, platform }) => platform ?? key).join(', ')
      const what = `${labels}${partial ? style('warn', ' (partial: not all platforms of the target)') : ''}`
      const files = [show(directory), ...(archive === undefined ? [] : [show(archive)])].join(', ')
      return `${name}  ${style(stateTones[state], state === 'done' ? 'built' : 'fresh')}  ${digest}\n${' '.repeat(width)}  ${files}: ${what}\n`
    })
    .join('')
}

/** In a line: the problems themselves were told in full when they came up. */
function wordFailure({ failures, state }: TargetReport, report: RunReport, show: Show): string {
  const hint = report.keepGoing ? '' : '; -k goes on with the others'
  const [first, ...more] = failures
  if (first === undefined) return state === 'cancelled' && !report.interrupted ? `: another target failed${hint}` : ''
  const others = more.length > 0 ? ` (+${more.length} more)` : ''
  const headline = visibleLine(wordProblem(first.problem, show).headline) + others
  return first.ofAnother ? `: BitBake gave up: ${headline}${hint}` : `: ${headline}`
}

/** For stderr: one line about the run as a whole. */
export function formatRun(report: RunReport): string {
  const counts = (['done', 'fresh', 'failed', 'blocked', 'cancelled'] as const)
    .filter((state) => report.counts[state] > 0)
    .map((state) => `${report.counts[state]} ${state}`)
    .join(', ')
  const time = formatDuration(report.duration)
  if (report.interrupted) return `interrupted after ${time}: ${counts}\n`
  if (report.counts.fresh > 0 && counts === `${report.counts.fresh} fresh`) return `everything is fresh (${time})\n`
  const changed = report.targets.some(({ state }) => state !== 'fresh')
  return report.ok && !changed ? `no image changed: ${counts} (${time})\n` : `${counts} (${time})\n`
}
