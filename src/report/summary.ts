/** How a run ended, one line a target. */
import type { RunReport, TaskState } from '../execute/event.js'
import { formatDuration } from '../util/format.js'
import type { Style, Tone } from './style.js'
import { pathShower } from './words.js'

export const stateTones: Readonly<Record<TaskState, Tone>> = {
  fresh: 'dim',
  done: 'good',
  failed: 'bad',
  blocked: 'warn',
  cancelled: 'warn',
}

/** For stdout: what was asked for. */
export function formatTargets(report: RunReport, cwd: string, style: Style): string {
  const show = pathShower(cwd)
  const width = Math.max(...report.targets.map(({ target }) => target.length))
  return report.targets
    .map(({ target, state, platforms, directory, digest, archive, partial, failed }) => {
      const name = target.padEnd(width)
      if (digest === undefined || (state !== 'fresh' && state !== 'done')) {
        const why = failed.length > 0 ? `: ${failed.join(', ')} failed` : ''
        if (digest !== undefined) return `${name}  ${style('bad', 'image in place')}  ${digest}${why}\n`
        return `${name}  ${style(stateTones[state], state === 'cancelled' ? 'cancelled' : 'not built')}${why}\n`
      }
      const what = `${platforms.join(', ')}${partial ? style('warn', ' (partial: not all platforms of the target)') : ''}`
      const files = [show(directory), ...(archive === undefined ? [] : [show(archive)])].join(', ')
      return `${name}  ${style(stateTones[state], state === 'done' ? 'built' : 'fresh')}  ${digest}\n${' '.repeat(width)}  ${files}: ${what}\n`
    })
    .join('')
}

/** For stderr: one line about the run as a whole. */
export function formatRun(report: RunReport): string {
  const counts = (['done', 'fresh', 'failed', 'blocked', 'cancelled'] as const)
    .filter((state) => report.counts[state] > 0)
    .map((state) => `${report.counts[state]} ${state}`)
  const time = formatDuration(report.duration)
  if (report.interrupted) return `interrupted after ${time}: ${counts.join(', ')}\n`
  const worked = report.targets.some(({ state }) => state !== 'fresh')
  return report.ok && !worked ? `everything is fresh (${time})\n` : `${counts.join(', ')} (${time})\n`
}
