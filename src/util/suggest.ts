/** "Did you mean …?" */
import { distance } from 'fastest-levenshtein'

/** The option that `word` most likely stands for, or `undefined` when none is close. */
export function suggest(word: string, options: Iterable<string>): string | undefined {
  // Two for longer words: letters that changed places count as two edits.
  const limit = Math.max(word.length > 3 ? 2 : 1, Math.floor(word.length / 3))
  let best: string | undefined
  let least = limit + 1
  for (const option of options) {
    const edits = distance(word.toLowerCase(), option.toLowerCase())
    if (edits < least) [best, least] = [option, edits]
  }
  return best
}
