/** The rules of `sources`. */
import { parseSourcePattern } from '../util/source-pattern.js'
import type { Add, Place } from './rules.js'
import type { Config } from './types.js'

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
function malformed(pattern: string): string | undefined {
  const open = unclosed(pattern)
  if (open !== undefined) return `"${open}" is never closed; a backslash before it means the character`
  const range = reversed(pattern)
  return range === undefined ? undefined : `the range "${range}" runs backwards, and no character is in it`
}

export function checkSources(target: Config['targets'][string], at: Place, add: Add): void {
  target.sources?.forEach((pattern, index) => {
    const plain = pattern.startsWith('!') ? pattern.slice(1) : pattern
    const place = [...at, 'sources', index]
    if (plain === '') {
      add(place, 'the pattern is empty')
      return
    }
    const fault = malformed(plain)
    if (fault !== undefined) {
      add(place, `"${pattern}" is malformed: ${fault}`)
      return
    }
    const parsed = parseSourcePattern(pattern)
    if ('error' in parsed) add(place, `"${pattern}": ${parsed.error}`)
    else if (parsed.below === '') add(place, `"${pattern}" is a directory: write "${pattern.replace(/\/*$/, '')}/**"`)
  })
  if (target.sources?.every((pattern) => pattern.startsWith('!'))) {
    add([...at, 'sources'], 'only exclusions: name what to include first')
  }
}
