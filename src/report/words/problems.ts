/** A list of problems as text for people. */
import type { Problem } from '../../problem/problem.js'
import type { Style } from '../style.js'
import { pathShower, visible } from './wording.js'
import { wordProblem } from './words.js'

/** Ends with a newline when there is a problem. What to do next is said once for problems in a row that it mends. */
export function formatProblems(problems: readonly Problem[], cwd: string, style: Style, config?: string): string {
  const show = pathShower(cwd)
  const wordings = problems.map((problem) => wordProblem(problem, show, config))
  return wordings
    .map(({ headline, details, next }, index) => {
      const lines = [
        `${style('bad', 'error:')} ${visible(headline)}`,
        ...details.map((detail) => `  ${visible(detail)}`),
      ]
      if (next !== undefined && next !== wordings[index + 1]?.next) {
        lines.push(`  ${style('strong', 'next:')} ${visible(next)}`)
      }
      return `${lines.join('\n')}\n`
    })
    .join('')
}

/** Passes on each problem once: several tasks may fail for the same one. */
export function untoldProblems(): (problems: readonly Problem[]) => readonly Problem[] {
  const told = new Set<string>()
  return (problems) =>
    problems.filter((problem) => {
      const key = keyOf(problem)
      return !told.has(key) && told.add(key)
    })
}

/** A failed BitBake task is reported when it fails, and again in the end, when BitBake may have said more about it. */
function keyOf(problem: Problem): string {
  if (problem.code !== 'bitbake-task-failed') return JSON.stringify(problem)
  return JSON.stringify([problem.code, problem.log, problem.multiconfig, problem.recipe, problem.task])
}
