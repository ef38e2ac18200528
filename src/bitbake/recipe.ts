/** The names that BitBake's messages give to recipes. */

/** The recipe's name from its file's: up to the first `_`, as BitBake's `vars_from_file`. */
export function recipeOf(file: string): string {
  const base = file.slice(file.lastIndexOf('/') + 1).replace(/\.bb$/, '')
  return base.split('_')[0]!
}
