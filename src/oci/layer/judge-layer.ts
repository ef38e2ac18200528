/** What was read of a layer, compared with what an image says of it. */
import type { LayoutProblem, TreePath } from '../../util/problem.js'
import { formatPlatform, type Platform } from '../platform.js'
import { isJudged, judge } from './machine.js'
import type { LayerFacts } from './read-layer.js'

/** @param diffId as the image config has it. */
export function judgeLayer(
  facts: LayerFacts,
  diffId: string,
  platform: Platform,
  layout: string,
  at: TreePath,
): LayoutProblem[] {
  const problems: LayoutProblem[] = facts.faults.map(({ code, entry, expected, found }) => ({
    code,
    layout,
    at: entry === undefined ? at : [...at, entry],
    expected,
    found,
  }))
  if (facts.moreFaults > 0) {
    const { code, expected } = problems.at(-1)!
    problems.push({ code, layout, at, expected, found: `${facts.moreFaults} more` })
  }
  if (facts.diffId !== undefined && facts.diffId !== diffId) {
    problems.push({ code: 'layer-diff-id', layout, at, expected: diffId, found: facts.diffId })
  }
  if (!isJudged(platform)) return problems
  for (const { machine, files, count } of facts.machines) {
    const verdict = judge(machine, platform)
    if (typeof verdict === 'string') continue
    const add = (place: TreePath, found: string): void => {
      problems.push({ code: 'file-platform', layout, at: place, expected: verdict.expected, found })
    }
    for (const file of files) add([...at, file], verdict.found)
    if (count > files.length) add(at, `${verdict.found} in ${count - files.length} more files`)
  }
  return problems
}

/** A layer that was read, and its place. */
export interface PlacedLayer {
  readonly at: TreePath
  readonly facts: LayerFacts
}

/** Programs and libraries, for whatever machine. */
export function countPrograms(layers: readonly PlacedLayer[]): number {
  return layers.flatMap(({ facts }) => facts.machines).reduce((sum, { count }) => sum + count, 0)
}

/** An image for amd64 may have programs for 386 as well, but not those alone. */
export function judgeTogether(layers: readonly PlacedLayer[], platform: Platform, layout: string): LayoutProblem[] {
  const judged = layers.flatMap(({ at, facts }) =>
    facts.machines.map(({ machine, files }) => ({ at, machine, files, verdict: judge(machine, platform) })),
  )
  const other = judged.find(({ verdict }) => verdict === 'companion')
  if (other === undefined || !isJudged(platform) || judged.some(({ verdict }) => verdict === 'own')) return []
  const found = `code for ${other.machine.architecture} alone in the image`
  const at = [...other.at, ...other.files.slice(0, 1)]
  return [{ code: 'file-platform', layout, at, expected: `code for ${formatPlatform(platform)}`, found }]
}
