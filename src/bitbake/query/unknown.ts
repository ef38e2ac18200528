/** Recipes that BitBake does not know, and what recipes lack: hundreds of names, where a layer is missing. */
import { distinctImages, type BitbakeProblem, type WantedImage } from '../../problem/bitbake-problem.js'
import type { BitbakeTarget } from '../command.js'
import { recipeOf } from '../recipe.js'
import { taskKey, type Transcript, type UnknownRecipe } from '../output/transcript.js'

interface UnknownOptions {
  readonly keepGoing: boolean
  readonly log: string
  neededBy(target: BitbakeTarget): readonly WantedImage[]
}

export function explainUnknown(
  { begun, unbuildable, unknownRecipes }: Transcript,
  targets: readonly BitbakeTarget[],
  { keepGoing, log, neededBy }: UnknownOptions,
): BitbakeProblem[] {
  const imagesOf = (holds: (target: BitbakeTarget) => boolean): readonly WantedImage[] =>
    distinctImages(targets.filter(holds).flatMap(neededBy))
  const names = new Set(targets.map(({ recipe }) => recipe))
  const missing = unknownRecipes.filter(({ recipe }) => !names.has(recipe))
  const asked = unknownRecipes.filter(({ recipe }) => names.has(recipe))
  const bereft = missing.length === 0 ? [] : asked.filter(isBereft)
  const unknown = asked.filter((one) => !bereft.includes(one))

  // With -k BitBake says the same for each multiconfig, and names none.
  const problems = [...new Set(unknown.map(({ recipe }) => recipe))].map((recipe): BitbakeProblem => {
    const said = unknown.filter((one) => one.recipe === recipe)
    const images = imagesOf((target) => target.recipe === recipe && !(keepGoing && begun.has(taskKey(target))))
    const { closeMatches } = said[0]!
    return { code: 'unknown-recipe', recipe, images, closeMatches, ...reasonOf(said), log }
  })

  const [first] = missing
  if (first === undefined) return problems
  const lacking = new Set([...unbuildable, ...bereft].map(({ recipe }) => recipe))
  const requiring = new Set(missing.flatMap(({ requiredBy }) => requiredBy.map(recipeKey)))
  const chain = unbuildable.find((one) => one.chain.includes(first.recipe))?.chain
  problems.push({
    code: 'unknown-dependency',
    names: [...new Set(missing.map(({ recipe }) => recipe))],
    closeMatches: first.closeMatches,
    ...reasonOf([first]),
    ...(chain === undefined ? {} : { chain }),
    images: imagesOf(
      ({ multiconfig, recipe }) => lacking.has(recipe) || requiring.has(JSON.stringify([multiconfig, recipe])),
    ),
    log,
  })
  return problems
}

/** It is there, but cannot be built for want of another. */
function isBereft({ reasons }: UnknownRecipe): boolean {
  return reasons.some((reason) => reason.startsWith('No eligible RPROVIDERs exist'))
}

/** @param file as BitBake writes it: `mc:<multiconfig>:<file>` */
function recipeKey(file: string): string {
  const [, multiconfig = '', path = ''] = /^(?:mc:([^:]+):)?(.+)$/.exec(file) ?? []
  return JSON.stringify([multiconfig, recipeOf(path)])
}

function reasonOf(said: readonly UnknownRecipe[]): { reason?: string } {
  const reasons = said.flatMap(({ requiredBy, reasons: others }) => [
    ...(requiredBy.length === 0 ? [] : [`required by ${requiredBy.join(', ')}`]),
    ...others,
  ])
  return reasons.length === 0 ? {} : { reason: [...new Set(reasons)].join('; ') }
}
