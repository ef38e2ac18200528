/**
 * Where the entries of a layer would land: an unpacker that trusts names and links writes wherever they lead.
 *
 * An absolute name is one below the root, as every unpacker has it (ko writes such layers). A link may point anywhere,
 * since it is followed inside the container's root; but nothing in the layer may be put, or hard-linked, through one that
 * climbs above that root.
 */
import type { TarEntry } from '../tar/headers.js'

/** What no file system that runs containers takes (Linux's PATH_MAX). */
const maximumName = 4096
const maximumParts = 256
/** As Linux follows at most (path_resolution(7)). */
const maximumHops = 40
/** Characters of links that are remembered: ten times what large distributions have in one layer. */
const maximumLinks = 32 * 1024 * 1024

const whiteout = '.wh.'

export class EntryPaths {
  /** By name, in the form that `parts` joins: where the symbolic links so far point. */
  readonly #links = new Map<string, string>()
  #linksSize = 0

  /** @returns what is wrong with the entry's place, or `undefined`. */
  add(entry: TarEntry): string | undefined {
    const fault = this.#check(entry)
    if (fault === undefined) this.#remember(entry)
    return fault
  }

  #check({ name, type, target }: TarEntry): string | undefined {
    const written = this.#checkName(name)
    if (written !== undefined) return written
    const [base = '', ...above] = parts(name).toReversed()
    if (base.startsWith(whiteout) && ['', '.', '..'].includes(base.slice(whiteout.length))) {
      return 'a whiteout of no name'
    }
    if (this.#climbs(above.toReversed())) return 'a name that leads out, by the links before it'
    if (type !== 'hard-link') return undefined
    const linked = this.#checkName(target)
    if (linked !== undefined) return `a hard link to ${linked}`
    return this.#climbs(parts(target).slice(0, -1)) ? 'a hard link that leads out, by the links before it' : undefined
  }

  #checkName(name: string): string | undefined {
    if (Buffer.byteLength(name) > maximumName) return `a name of more than ${maximumName} bytes`
    if (name.includes('\0')) return 'a name with a NUL'
    const names = parts(name)
    if (names.length > maximumParts) return `a name of more than ${maximumParts} parts`
    return names.includes('..') ? 'a name with ".."' : undefined
  }

  /** Whether a directory lies above the root, once links are followed. */
  #climbs(directory: readonly string[]): boolean {
    if (this.#links.size === 0) return false
    const todo = [...directory]
    const done: string[] = []
    let hops = 0
    for (let part = todo.shift(); part !== undefined; part = todo.shift()) {
      if (part === '..') {
        if (done.pop() === undefined) return true
        continue
      }
      done.push(part)
      const target = this.#links.get(done.join('/'))
      if (target === undefined) continue
      if (++hops > maximumHops) return false
      if (todo.length > maximumParts) return true
      done.pop()
      if (target.startsWith('/')) done.length = 0
      todo.unshift(...parts(target))
    }
    return false
  }

  #remember({ name, type, target }: TarEntry): void {
    const place = parts(name).join('/')
    this.#links.delete(place)
    // A hard link to a symbolic one is the same symbolic link.
    const leads = type === 'symbolic-link' ? target : this.#links.get(parts(target).join('/'))
    if (leads === undefined || leads.length > maximumName || this.#linksSize > maximumLinks) return
    this.#linksSize += place.length + leads.length
    this.#links.set(place, leads)
  }
}

function parts(name: string): string[] {
  return name.split('/').filter((part) => part !== '' && part !== '.')
}
