/** The rules of `sources`. */
import { malformedGlob } from '../../util/glob.js'
import { parseSourcePattern } from '../../util/source-pattern.js'
import type { Add, Place } from './rule.js'
import type { Config } from '../types.js'

export function checkSources(target: Config['targets'][string], at: Place, add: Add): void {
  target.sources?.forEach((pattern, index) => {
    const plain = pattern.startsWith('!') ? pattern.slice(1) : pattern
    const place = [...at, 'sources', index]
    if (plain === '') {
      add(place, 'the pattern is empty')
      return
    }
    const fault = malformedGlob(plain)
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
