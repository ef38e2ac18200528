/** Where an `mcdepends` is written that BitBake names without its recipe. */
import { promises as fs } from 'node:fs'
import type { BitbakeProblem } from '../../problem/bitbake-problem.js'
import type { Answer } from '../query/answer.js'

/**
 * Adds the place of the `mcdepends` that names an unknown multiconfig, if one of the files has it that BitBake read for
 * the recipes of the call.
 */
export async function withMcdependsPlace(problem: BitbakeProblem, answers: Iterable<Answer>): Promise<BitbakeProblem> {
  if (problem.code !== 'unknown-multiconfig' || problem.dependency === undefined) return problem
  const files = new Set([...answers].flatMap(({ BBINCLUDED = '', FILE }) => [FILE ?? '', ...BBINCLUDED.split(/\s+/)]))
  for (const file of files) {
    const text = await fs.readFile(file, 'utf8').catch(() => '')
    const found = findMcdepends(text, problem.multiconfig)
    if (found !== undefined) return { ...problem, declared: { file, ...found } }
  }
  return problem
}

function findMcdepends(text: string, multiconfig: string): { line: number; task?: string } | undefined {
  // A backslash at its end continues a line.
  for (const statement of text.matchAll(/(?:[^\n]*\\\n)*[^\n]+/g)) {
    const [found] = statement
    if (/^\s*#/.test(found) || !found.includes('mcdepends') || !found.includes(`:${multiconfig}:`)) continue
    const line = text.slice(0, statement.index).split('\n').length
    const [, flag, call] = /(do_\w+)\[mcdepends\]|["'](do_\w+)["'],\s*["']mcdepends/.exec(found) ?? []
    const task = flag ?? call
    return { line, ...(task && { task }) }
  }
  return undefined
}
