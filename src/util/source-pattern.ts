/** A glob of `sources`: where it begins, and what it matches below that. */

export interface SourcePattern {
  /** It begins with `!`. */
  readonly excludes: boolean
  /** It begins at the root of the file system. */
  readonly absolute: boolean
  /** How many directories above the config it begins. */
  readonly up: number
  /** The rest, without `.` and `..`. */
  readonly below: string
}

const special = /[*?[\]{}()!+@|\\]/

/** Returns what is wrong, in words, for a pattern whose beginning no reader of it could name. */
export function parseSourcePattern(pattern: string): SourcePattern | { readonly error: string } {
  const excludes = pattern.startsWith('!')
  const plain = excludes ? pattern.slice(1) : pattern
  const absolute = plain.startsWith('/')
  const segments: string[] = []
  let [up, fixed] = [0, true]
  for (const segment of plain.split('/')) {
    if (segment === '' || segment === '.') continue
    if (segment !== '..') {
      segments.push(segment)
      fixed &&= !special.test(segment)
    } else if (!fixed) return { error: 'write ".." before the first wildcard' }
    else if (segments.length > 0) segments.pop()
    else if (!absolute) up++
  }
  // fast-glob expands braces first: `{../a,../b}` would lead out of where the exclusions of `.git` and `.mab` hold.
  if (segments.some((segment) => /(?:^|[{(,|])\.\.(?:$|[,|)}])/.test(segment)) || /^!?\{(?:[^}]*,)?\//.test(pattern)) {
    return { error: 'write one pattern for each place instead of ".." or "/" in braces' }
  }
  return { excludes, absolute, up, below: segments.join('/') }
}
