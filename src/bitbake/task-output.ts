/** What the log of a task that failed says. */
import { promises as fs } from 'node:fs'
import type { BitbakeProblem } from '../util/bitbake-problem.js'
import { findCause } from './cause.js'

/** Lines of a task's log that a failure is shown with. */
const shownLines = 8

/** The end of the log says why, nearly always; BitBake's own lines in it only say that. */
export async function withTaskOutput(problem: BitbakeProblem): Promise<BitbakeProblem> {
  if (problem.code !== 'bitbake-task-failed' || problem.taskLog === undefined) return problem
  const content = await fs.readFile(problem.taskLog, 'utf8').catch(() => '')
  const lines = content.split('\n').filter((line) => line.trim() !== '' && !/^(DEBUG|NOTE): /.test(line))
  const told = lines.filter((line) => !isRepeated(line, problem.errors))
  const taskOutput = told.slice(-shownLines)
  const cause = problem.cause ?? findCause(taskOutput)
  return { ...problem, taskOutput, ...(cause === undefined ? {} : { cause }) }
}

/** Whether it is one of the errors that the failure is shown with anyhow. */
function isRepeated(line: string, errors: readonly string[]): boolean {
  const text = /^ERROR: (.+)$/.exec(line)?.[1]
  return text !== undefined && errors.some((error) => error.includes(text))
}
