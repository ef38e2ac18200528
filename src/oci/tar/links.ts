/** The members of an archive by name, with links followed as far as they lead to members of the same archive. */
import type { TarMember } from './members.js'

/** As many links as Linux follows, and names as long as it takes (path_resolution(7), PATH_MAX): an archive may hold any. */
const maximumLinks = 40
const maximumName = 4096
/** Of a blob behind links; each is a look-up. */
const maximumSteps = 1000

/**
 * @param members in archive order: the last of one name counts.
 * @returns the file that a name leads to; `undefined` when there is none, or a link leads out of the archive or in a circle.
 */
export function memberFinder(members: readonly TarMember[]): (name: string) => TarMember | undefined {
  const byName = new Map(members.map((member) => [member.name, member]))
  return (name) => {
    const place: string[] = []
    const rest = name.split('/').toReversed()
    let [followed, steps] = [0, 0]
    while (rest.length > 0) {
      if (++steps > maximumSteps) return undefined
      const part = rest.pop()!
      if (part === '' || part === '.') continue
      if (part === '..') {
        if (place.pop() === undefined) return undefined
        continue
      }
      place.push(part)
      const link = byName.get(place.join('/'))?.link
      if (link === undefined) continue
      if (link.to.startsWith('/') || link.to.length > maximumName || ++followed > maximumLinks) return undefined
      if (link.hard) place.length = 0
      else place.pop()
      for (const step of link.to.split('/').toReversed()) rest.push(step)
    }
    const found = byName.get(place.join('/'))
    return found?.type === 'file' ? found : undefined
  }
}
