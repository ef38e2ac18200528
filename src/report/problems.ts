/** A list of problems as text for people. */
import type { Problem } from '../util/problem.js'
import type { Style } from './style.js'
import { pathShower, visible, wordProblem } from './words.js'

/** Ends with a newline when there is a problem. */
export function formatProblems(problems: readonly Problem[], cwd: string, style: Style): string {
  const show = pathShower(cwd)
  return problems
    .map((problem) => {
      const { headline, details, next } = wordProblem(problem, show)
      const lines = [
        `${style('bad', 'error:')} ${visible(headline)}`,
        ...details.map((detail) => `  ${visible(detail)}`),
      ]
      if (next !== undefined) lines.push(`  ${style('strong', 'next:')} ${visible(next)}`)
      return `${lines.join('\n')}\n`
    })
    .join('')
}
