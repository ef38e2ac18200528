/** Telling the first problems of a kind and counting the rest: who has made an error ten thousand times need not read all. */
import type { LayoutProblem } from '../../problem/problem.js'

/** @param most that are told of each code. */
export function shortenProblems(problems: readonly LayoutProblem[], most: number): LayoutProblem[] {
  const counts = new Map<LayoutProblem['code'], { told: number; more: number }>()
  const kept: LayoutProblem[] = []
  for (const problem of problems) {
    const count = counts.get(problem.code) ?? { told: 0, more: 0 }
    counts.set(problem.code, count)
    if (count.told === most) count.more++
    else {
      count.told++
      kept.push(problem)
    }
  }
  return kept.flatMap((problem, index) => {
    const { more } = counts.get(problem.code)!
    const isLast = kept.findLastIndex(({ code }) => code === problem.code) === index
    return isLast && more > 0 ? [problem, { ...problem, at: [], found: `${more} more` }] : problem
  })
}
