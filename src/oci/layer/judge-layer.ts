/** Compares what was read of a layer with what an image says about it. */
import type { LayoutProblem, TreePath } from '../../problem/problem.js'
import type { LayerFacts, LayerFault } from './read-layer.js'

/** A layer that was read, and its place. */
export interface PlacedLayer {
  readonly at: TreePath
  readonly facts: LayerFacts
}

/**
 * @param diffId as the image config has it.
 * @param strict whether what only some container engines refuse is a problem.
 */
export function judgeLayer(
  { at, facts }: PlacedLayer,
  diffId: string,
  layout: string,
  strict: boolean,
): LayoutProblem[] {
  const isMeant = (code: LayerFault['code']): boolean => strict || code !== 'layer-entry-unportable'
  const faults = facts.faults.filter(({ code }) => isMeant(code))
  const problems: LayoutProblem[] = faults.flatMap(({ code, entry, expected, found }, index) => {
    const problem = { code, layout, at: entry === undefined ? at : [...at, entry], expected, found }
    const isLast = faults.findLastIndex((other) => other.code === code) === index
    const more = facts.moreFaults[code]
    return isLast && more !== undefined ? [problem, { ...problem, at, found: `${more} more` }] : [problem]
  })
  if (facts.diffId !== undefined && facts.diffId !== diffId) {
    problems.push({ code: 'layer-diff-id', layout, at, expected: diffId, found: facts.diffId })
  }
  return problems
}
