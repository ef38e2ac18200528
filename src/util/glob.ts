/** Checks globs for what a matcher would take without a word, and match nothing with. */

const closing: Readonly<Record<string, string>> = { '[': ']', '{': '}', '(': ')' }

/** The first bracket of a glob that has no end: it would match nothing, or what nobody meant. */
function unclosed(pattern: string): string | undefined {
  const open: string[] = []
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]!
    const last = open.at(-1)
    if (character === '\\') at++
    else if (last !== undefined && character === closing[last]) open.pop()
    // In a class the others are characters.
    else if (last !== '[' && character in closing) open.push(character)
  }
  return open[0]
}

/** The first range of a class that runs backwards: no character is in it. */
function reversed(pattern: string): string | undefined {
  for (const [characters] of pattern.matchAll(/(?<!\\)\[[!^]?\]?(?:\\.|[^\\\]])*\]/g)) {
    for (const [range, first, last] of characters.slice(1, -1).matchAll(/\\?(.)-\\?(.)/gu)) {
      if (first!.codePointAt(0)! > last!.codePointAt(0)!) return range
    }
  }
  return undefined
}

/** What is wrong with a glob, in words. */
export function malformedGlob(pattern: string): string | undefined {
  const open = unclosed(pattern)
  if (open !== undefined) return `"${open}" is never closed; a backslash before it means the character`
  const range = reversed(pattern)
  return range === undefined ? undefined : `the range "${range}" runs backwards, and no character is in it`
}

/** What is wrong with a glob of paths inside an image, in words. */
export function malformedImageGlob(pattern: string): string | undefined {
  if (/^\/*$/.test(pattern)) return 'it is empty'
  if (pattern.startsWith('!')) return 'exclusions are not known here: name what to allow'
  if (/^\/*\.{1,2}\/|\/\.\.(?:\/|$)/.test(pattern))
    return 'paths start at the root of the image, without "./" or "..", for example usr/lib/**'
  return malformedGlob(pattern)
}
