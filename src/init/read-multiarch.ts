/** Recipes of oci-multiarch.bbclass as their text says them, where BitBake cannot be asked or skips them. */
import type { LeftOut, MultiarchRecipe } from './survey.js'

export interface MultiarchTexts {
  /** Of the recipe; lines that a backslash continues are joined, here and in the others. */
  readonly recipe: string
  /** Of oci-multiarch.bbclass: its defaults. */
  readonly bbclass: string
  /** Of conf/local.conf, which may set what the recipe sets with `?=`. */
  readonly local: string
}

export interface MultiarchFound {
  readonly recipes: readonly MultiarchRecipe[]
  readonly leftOut: readonly LeftOut[]
}

/**
 * One recipe, or one for each variant `mcextend:<image>` of BBCLASSEXTEND: then MCNAME is the image, and PN is
 * `<name>-<image>` (mcextend.bbclass of OpenEmbedded-Core). Present versions of oci-multiarch.bbclass skip a recipe that
 * has no variants, but what it says still tells which images belong together.
 * @param name the recipe's, from its file name
 */
export function readMultiarch(name: string, texts: MultiarchTexts): MultiarchFound {
  const recipes: MultiarchRecipe[] = []
  const leftOut: LeftOut[] = []
  const images = variantsOf(texts)
  const variants = images.length === 0 ? [{ name }] : images.map((image) => ({ name: `${name}-${image}`, image }))
  for (const variant of variants) {
    const known = { BPN: name, PN: variant.name, ...('image' in variant ? { MCNAME: variant.image } : {}) }
    const values = { recipe: 'OCI_MULTIARCH_RECIPE', platforms: 'OCI_MULTIARCH_PLATFORMS' } as const
    const recipe = expand(assigned(values.recipe, texts), texts, known)
    const platforms = expand(assigned(values.platforms, texts), texts, known)
    const open = recipe === '' || recipe.includes('${') ? ([values.recipe, recipe] as const) : undefined
    const unclear = open ?? (platforms === '' || platforms.includes('${') ? [values.platforms, platforms] : undefined)
    if (unclear !== undefined) {
      const [variable, value] = unclear
      const why = value === '' ? `${variable} is not set` : `${variable} is "${value}", which only BitBake can expand`
      leftOut.push({ name: variant.name, why })
      continue
    }
    recipes.push({
      name: variant.name,
      recipe,
      platforms: wordsOf(platforms).map((key) => ({ key, multiconfig: multiconfigOf(key, texts) })),
    })
  }
  return { recipes, leftOut }
}

/** The images of `mcextend:<image>`, written out or joined by Python from the words of a variable, as upstream has it. */
function variantsOf(texts: MultiarchTexts): string[] {
  const extend = assigned('BBCLASSEXTEND', texts)
  const written = [...extend.matchAll(/(?<!['"])\bmcextend:([\w.+-]+)/g)].map(([, image]) => image!)
  if (!/['"]mcextend:['"]/.test(extend)) return written
  const computed = [...extend.matchAll(/getVar\(['"](\w+)['"]/g)].flatMap(([, variable]) =>
    wordsOf(expand(assigned(variable!, texts), texts, {})),
  )
  return [...new Set([...written, ...computed])].filter((image) => !image.includes('$'))
}

function wordsOf(value: string): string[] {
  return value.split(/\s+/).filter((word) => word !== '')
}

/** An assignment, and what is appended to it; conf/local.conf, which is read first, beats a `?=` of the recipe. */
function assigned(variable: string, { recipe, local }: MultiarchTexts): string {
  const find = (text: string, operators: string): string[] =>
    [...text.matchAll(new RegExp(`^${variable}${operators}\\s*(?:"([^"]*)"|'([^']*)')`, 'gm'))].map(
      ([, double, single]) => double ?? single ?? '',
    )
  const [last] = [
    ...find(local, String.raw`\s*\?{0,2}:?=`).slice(-1),
    ...find(recipe, String.raw`\s*\?{1,2}=`).slice(0, 1),
  ]
  const base = find(recipe, String.raw`\s*:?=`).at(-1) ?? last ?? ''
  const appended = [recipe, local].flatMap((text) => find(text, String.raw`(?::append\s*\+?=|\s*\+=|\s*\.=)`))
  return [base, ...appended].join(' ').trim()
}

/** Leaves `${…}` where nothing says what it stands for. */
function expand(value: string, texts: MultiarchTexts, known: Readonly<Record<string, string>>, depth = 0): string {
  return value.replaceAll(/\$\{(\w+)\}/g, (reference, variable: string) => {
    const meant = known[variable] ?? assigned(variable, texts)
    return meant === '' || depth > 8 ? reference : expand(meant, texts, known, depth + 1)
  })
}

/** OCI_MULTIARCH_MC[key]. */
function multiconfigOf(key: string, { recipe, bbclass }: MultiarchTexts): string {
  const flags = [...`${recipe}\n${bbclass}`.matchAll(/^OCI_MULTIARCH_MC\[([^\]\n]+)\]\s*\??=\s*["']([^"'\n]*)["']/gm)]
  return flags.find(([, flag]) => flag === key)?.[2] ?? `container-${key.replaceAll('_', '-')}`
}
