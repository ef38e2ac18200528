/** "Did you mean …?" */
import { distance } from 'fastest-levenshtein'

/** The option that `word` most likely stands for, or `undefined` when none is close (a third of its letters). */
export function suggest(word: string, options: Iterable<string>): string | undefined {
  const limit = Math.max(1, Math.floor(word.length / 3))
  let best: string | undefined
  let least = limit + 1
  for (const option of options) {
    const edits = distance(word.toLowerCase(), option.toLowerCase())
    if (edits < least) [best, least] = [option, edits]
  }
  return best
}
