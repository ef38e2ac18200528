/** What the log of a task that failed says. */
import { promises as fs } from 'node:fs'
import type { BitbakeProblem } from '../../problem/bitbake-problem.js'
import { findTaskCause } from './cause.js'
import { missingProgram } from './error-text.js'

/** Lines of a task's log that a failure is shown with. */
const shownLines = 8

/** Lines in which the reason is looked for: of a parallel build the other jobs end after the one that failed. */
const searchedLines = 60

/** The end of the log says why, nearly always; BitBake's own lines in it only say that. */
export async function withTaskOutput<P extends BitbakeProblem>(problem: P): Promise<P> {
  if (problem.code !== 'bitbake-task-failed' || problem.taskLog === undefined) return problem
  const content = await fs.readFile(problem.taskLog, 'utf8').catch(() => '')
  const lines = content.split('\n').filter((line) => line.trim() !== '' && !/^(DEBUG|NOTE): /.test(line))
  const told = lines.filter((line) => !isRepeated(line, problem.errors))
  const taskOutput = told.slice(-shownLines)
  const program = missingProgram(lines.slice(-searchedLines))
  const cause =
    problem.cause ??
    findTaskCause(told.slice(-searchedLines)) ??
    (program === undefined ? undefined : { kind: 'program-missing', programs: [program] })
  return { ...problem, taskOutput, ...(cause === undefined ? {} : { cause }) }
}

/** Whether it is one of the errors that the failure is shown with anyhow. */
function isRepeated(line: string, errors: readonly string[]): boolean {
  const text = /^ERROR: (.+)$/.exec(line)?.[1]
  return text !== undefined && errors.some((error) => error.includes(text))
}
