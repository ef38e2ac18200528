/**
 * Returns a text that is equal for names which Go's `encoding/json` takes for one property: it compares them under
 * Unicode simple case folding (golang.org/src/encoding/json/fold.go), so `K` is also U+212A and `S` also U+017F.
 */
export function foldName(name: string): string {
  return /^[a-z0-9_.-]*$/.test(name) ? name : Array.from(name, foldCharacter).join('')
}

function foldCharacter(character: string): string {
  // Only Turkish folds these two to `i`; simple folding leaves them alone (CaseFolding.txt, status T).
  if (character === '\u0130' || character === '\u0131') return character
  return single(single(character.toUpperCase(), character).toLowerCase(), character)
}

/** Simple folding never changes the number of characters: `ß` is not `SS`. */
function single(changed: string, character: string): string {
  return Array.from(changed).length === 1 ? changed : character
}
