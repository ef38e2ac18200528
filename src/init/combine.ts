/** What BitBake says of a project, completed by what the texts of recipes say that BitBake skips. */
import type { Asked, LeftOut, MultiarchRecipe, Survey } from './survey.js'

/**
 * Recipes of oci-multiarch.bbclass that BitBake skips (of one without variants the class says: requires MCNAME) still
 * say which images belong together: mab needs the images and the multiconfigs, not the recipe.
 */
export function combine(read: Survey, { skipped, ...asked }: Asked): Survey {
  const multiarch = [...asked.multiarch]
  const leftOut: LeftOut[] = [...asked.leftOut]
  const names = new Set(asked.multiconfigs.map(({ name }) => name))
  for (const recipe of read.multiarch) {
    if (asked.multiarch.some(({ name }) => name === recipe.name)) continue
    const why = unusable(recipe, skipped, { ...asked, multiarch }, names)
    if (why === undefined) multiarch.push(recipe)
    else leftOut.push({ name: recipe.name, why })
  }
  for (const { name, why } of read.leftOut) {
    const reason = skipped[name]
    if (reason !== undefined) leftOut.push({ name, why: `BitBake skips it (${reason}), and ${why}` })
  }
  return { ...read, ...asked, multiarch, leftOut, asked: true }
}

function unusable(
  { name, recipe, platforms }: MultiarchRecipe,
  skipped: Asked['skipped'],
  asked: Pick<Asked, 'known' | 'multiarch'>,
  multiconfigs: ReadonlySet<string>,
): string | undefined {
  const reason = skipped[name]
  if (reason === undefined) return 'BitBake does not know the recipe (BBMASK, or a layer that is not in BBLAYERS)'
  const twin = asked.multiarch.find((other) => other.recipe === recipe)
  if (twin !== undefined) return `BitBake skips it (${reason}), and ${twin.name} combines the same images`
  if (asked.known?.includes(recipe) !== true) return `BitBake skips it (${reason}), and knows no recipe of its images`
  if (platforms.some(({ multiconfig }) => multiconfigs.has(multiconfig))) return undefined
  const wanted = platforms.map(({ multiconfig }) => multiconfig).join(', ')
  return `BitBake skips it (${reason}), and BBMULTICONFIG has none of ${wanted}`
}
