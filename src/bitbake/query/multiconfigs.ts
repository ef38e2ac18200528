/** Which multiconfigs BitBake has, as its answers say: asking for others would start it in vain. */
import { distinctImages, type BitbakeProblem, type WantedImage } from '../../problem/bitbake-problem.js'
import type { Answer } from './answer.js'
import { recipeArgument, type BitbakeTarget } from '../command.js'

/** Returns the targets whose multiconfig is not in BBMULTICONFIG; none while no answer says that variable. */
export function inUnknownMulticonfig<T extends Pick<BitbakeTarget, 'multiconfig' | 'recipe'>>(
  targets: readonly T[],
  answers: ReadonlyMap<string, Answer>,
): T[] {
  const known = knownMulticonfigs(answers)
  if (known.length === 0) return []
  return targets.filter(
    (target) =>
      target.multiconfig !== '' && !known.includes(target.multiconfig) && !answers.has(recipeArgument(target)),
  )
}

/** Returns a problem for each multiconfig of targets that `inUnknownMulticonfig` gave. */
export function explainUnknownMulticonfigs<T extends Pick<BitbakeTarget, 'multiconfig'>>(
  targets: readonly T[],
  answers: ReadonlyMap<string, Answer>,
  directory: string,
  neededBy: (target: T) => readonly WantedImage[],
): BitbakeProblem[] {
  const known = knownMulticonfigs(answers)
  return [...new Set(targets.map(({ multiconfig }) => multiconfig))].map((multiconfig) => {
    const images = distinctImages(targets.filter((target) => target.multiconfig === multiconfig).flatMap(neededBy))
    return { code: 'unknown-multiconfig', multiconfig, images, directory, known }
  })
}

function knownMulticonfigs(answers: ReadonlyMap<string, Answer>): string[] {
  const names = [...answers.values()].flatMap(({ BBMULTICONFIG = '' }) => BBMULTICONFIG.split(/\s+/))
  return [...new Set(names)].filter((name) => name !== '')
}
