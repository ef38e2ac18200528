/**
 * Where the entries of a layer would land, and whether container engines take them. docs/verify.md has the table of what
 * each engine does with each kind.
 *
 * An absolute name is one below the root, as every unpacker has it (ko writes such layers). A link may point anywhere,
 * since it is followed inside the container's root; but nothing in the layer may be put, or hard-linked, through one that
 * climbs above that root.
 */
import { byteLengthOf } from '../tar/fields.js'
import type { TarEntry } from '../tar/headers.js'
import { belowOther, escapes, refused, repeatedFault, unportable, type EntryFault } from './entry-faults.js'
import type { LayerLimit } from './layer-limits.js'
import { ancestorsOf, createNames, lookUp, mark, says } from './layer-names.js'

/** What no file system that runs containers takes (Linux's PATH_MAX with its NUL, NAME_MAX). */
const maximumName = 4095
const maximumPart = 255
/** As Linux follows at most (path_resolution(7)). */
const maximumHops = 40
/** Characters of links that are remembered: ten times what large distributions have in one layer. */
const maximumLinks = 32 * 1024 * 1024
/** Characters of places that depend on lower layers and are remembered: most tools write the directories of what they pack. */
const maximumOuter = 512 * 1024

/** Characters of the directories above entries that are looked up: a hundred times what large distributions need. */
const maximumWalked = 1024 ** 3

const whiteout = '.wh.'
const opaque = '.wh..wh..opq'

const limitsOfPaths = ['places', 'symbolic-links', 'lower-places', 'depth'] as const

/** A place that a layer needs and does not have. Whether lower layers have it, an image decides. */
export interface OuterPlace {
  readonly entry: string
  readonly place: string
  /** What the entry needs it for: to be linked, as a directory behind a symbolic link, as a directory without an entry. */
  readonly as: 'hard-link' | 'linked-directory' | 'implied-directory'
}

export class EntryPaths {
  readonly names = createNames()
  readonly outerPlaces: OuterPlace[] = []
  /** Where the last entry lands, with the symbolic links of its layer followed. */
  place = ''
  /** The place that the last entry is a hard link to. */
  linked: string | undefined
  /** By place: where the symbolic links so far point. */
  readonly #links = new Map<string, string>()
  #linksSize = 0
  #outerSize = 0
  #walked = 0
  /** The directory of the entry before, which as a rule is that of the next one too. */
  #last: { readonly directory: string; readonly followed: Followed } | undefined

  /** @returns the limits that were exceeded. */
  limits(): LayerLimit[] {
    const isOver: Readonly<Record<(typeof limitsOfPaths)[number], boolean>> = {
      places: this.names.isFull,
      'symbolic-links': this.#linksSize > maximumLinks,
      'lower-places': this.#outerSize > maximumOuter,
      depth: this.#walked > maximumWalked,
    }
    return limitsOfPaths.filter((limit) => isOver[limit])
  }

  /** @returns what is wrong with the entry. */
  add(entry: TarEntry): EntryFault | undefined {
    this.place = placeOf(entry.name)
    this.linked = undefined
    if (entry.type === 'global-header') return unportable('a global PAX header (type flag "g")')
    const wrongName = checkName(entry.name)
    if (wrongName !== undefined) return wrongName
    const { place } = this
    const slash = place.lastIndexOf('/')
    const [directory, base] = [place.slice(0, Math.max(0, slash)), place.slice(slash + 1)]
    const followed = this.#follow(directory)
    if (typeof followed !== 'string') return followed
    if (base.startsWith(whiteout)) return this.#addWhiteout(directory, base)
    const resolved = join(followed, base)
    this.place = resolved
    const fault = this.#check(entry, place, resolved)
    if (followed !== directory && lookUp(this.names, followed) === 0) {
      this.#addOuter({ entry: entry.name, place: followed, as: 'linked-directory' })
    }
    const repeated = this.#remember(entry, place, resolved)
    return fault ?? (repeated ? repeatedFault : undefined)
  }

  #check(entry: TarEntry, place: string, resolved: string): EntryFault | undefined {
    const { type, flag, target } = entry
    if (type === 'other') return refused(`an entry of the unknown type flag ${JSON.stringify(flag)}`)
    if (flag === 'S') return refused('a sparse file of GNU tar\'s own format (type flag "S")')
    if (flag === '7') return refused('a contiguous file (type flag "7")')
    if (entry.sparse !== undefined) return unportable('a sparse file (PAX records GNU.sparse.*)')
    if (place === '' && type !== 'directory') {
      return unportable('the root of the image as something else than a directory')
    }
    if (type === 'symbolic-link' && target === '') return refused('a symbolic link to an empty name')
    if (type === 'symbolic-link' && byteLengthOf(target) > maximumName) {
      return refused(`a symbolic link to a name of more than ${maximumName} bytes`)
    }
    return type === 'hard-link' ? this.#checkHardLink(entry, resolved) : undefined
  }

  #checkHardLink({ name, target }: TarEntry, resolved: string): EntryFault | undefined {
    const wrong = checkName(target)
    if (wrong !== undefined) return { ...wrong, found: `a hard link to ${wrong.found}` }
    const place = placeOf(target)
    const slash = place.lastIndexOf('/')
    const followed = this.#follow(place.slice(0, Math.max(0, slash)))
    if (typeof followed !== 'string') return { ...followed, found: `a hard link to ${followed.found}` }
    const linked = join(followed, place.slice(slash + 1))
    const bits = lookUp(this.names, linked)
    const isEntry = (bits & says.entry) !== 0
    const isDirectory = (bits & (isEntry ? says.directory : says.parent)) !== 0
    if (linked === '' || isDirectory) return refused('a hard link to a directory')
    if (linked === resolved) return refused('a hard link to itself')
    this.linked = linked
    if (!isEntry) this.#addOuter({ entry: name, place: linked, as: 'hard-link' })
    return undefined
  }

  #addOuter(outer: OuterPlace): void {
    this.#outerSize += outer.entry.length + outer.place.length
    if (this.#outerSize <= maximumOuter) this.outerPlaces.push(outer)
  }

  #addWhiteout(directory: string, base: string): EntryFault | undefined {
    if (base === opaque) {
      return (mark(this.names, directory, says.emptied) & says.emptied) === 0 ? undefined : repeatedFault
    }
    // Other names of aufs: its own records, which engines pass over.
    if (base.startsWith(`${whiteout}${whiteout}`)) return undefined
    const name = base.slice(whiteout.length)
    if (['', '.', '..'].includes(name)) return escapes('a whiteout of no name')
    const before = mark(this.names, join(directory, name), says.removed)
    if ((before & says.removed) !== 0) return repeatedFault
    if ((before & (says.entry | says.parent)) === 0) return undefined
    return unportable('a whiteout after an entry of the same layer that has its name')
  }

  /** @returns the directory once links are followed; a fault if it is outside of the root, or cannot be a directory. */
  #follow(directory: string): Followed {
    if (this.#last?.directory === directory) return this.#last.followed
    if (this.#walked > maximumWalked) return directory
    const followed = this.#links.size === 0 ? this.#checkAbove(directory) : this.#followLinks(directory)
    this.#last = { directory, followed }
    return followed
  }

  /** As `#followLinks`, while there are no links. */
  #checkAbove(directory: string): Followed {
    for (const end of [...ancestorsOf(directory), directory.length]) {
      this.#walked += end
      if (isOther(lookUp(this.names, directory, end))) return belowOther
    }
    return directory
  }

  #followLinks(directory: string): Followed {
    const todo = parts(directory).toReversed()
    const done: string[] = []
    let hops = 0
    for (let part = todo.pop(); part !== undefined; part = todo.pop()) {
      if (part === '..') {
        if (done.pop() === undefined) return escapes('a name that leads out, by the links before it')
        continue
      }
      done.push(part)
      const place = done.join('/')
      if (place.length > maximumName)
        return refused(`an entry that links lead to a name of more than ${maximumName} bytes`)
      this.#walked += place.length
      const target = this.#links.get(place)
      if (target === undefined) {
        if (isOther(lookUp(this.names, place))) return belowOther
        continue
      }
      if (++hops > maximumHops) return refused('an entry below symbolic links that lead round')
      done.pop()
      if (target.startsWith('/')) done.length = 0
      todo.push(...parts(target).toReversed())
    }
    return done.join('/')
  }

  /** @returns whether an entry before has the same name. */
  #remember({ name, type, target }: TarEntry, place: string, resolved: string): boolean {
    const kind = type === 'directory' ? says.directory : type === 'symbolic-link' ? says.link : 0
    const before = mark(this.names, place, says.entry | kind)
    if (resolved !== place) mark(this.names, resolved, says.entry | kind)
    for (let end = place.lastIndexOf('/'); end > 0; end = place.lastIndexOf('/', end - 1)) {
      this.#walked += end
      if (this.#walked > maximumWalked) break
      const above = mark(this.names, place, says.parent, end)
      if (above === 0) this.#addOuter({ entry: name, place: place.slice(0, end), as: 'implied-directory' })
      if ((above & says.parent) !== 0) break
    }
    this.#links.delete(place)
    // A hard link to a symbolic one is the same symbolic link.
    const leads =
      type === 'symbolic-link' ? target : type === 'hard-link' ? this.#links.get(placeOf(target)) : undefined
    if (leads !== undefined && leads.length <= maximumName && this.#linksSize <= maximumLinks) {
      this.#linksSize += place.length + leads.length
      this.#links.set(place, leads)
    }
    return (before & says.entry) !== 0
  }
}

/** The directory, or what is wrong with it. */
type Followed = string | EntryFault

function checkName(name: string): EntryFault | undefined {
  if (name.length * 3 > maximumName && byteLengthOf(name) > maximumName)
    return refused(`a name of more than ${maximumName} bytes`)
  if (name.includes('\0')) return refused('a name with a NUL')
  // Most names are too short for any of the rest.
  if (name.length * 3 <= maximumPart && !name.includes('..')) return undefined
  const names = parts(name)
  if (names.includes('..')) return escapes('a name with ".."')
  const isLong = names.some((part) => part.length * 3 > maximumPart && byteLengthOf(part) > maximumPart)
  return isLong ? refused(`a name with a part of more than ${maximumPart} bytes`) : undefined
}

/** Whether there is an entry that nothing can lie below. */
function isOther(bits: number): boolean {
  return (bits & says.entry) !== 0 && (bits & (says.directory | says.link)) === 0
}

/** "usr/bin/tool" for "./usr//bin/tool" and "/usr/bin/tool"; "" for the root. */
export function placeOf(name: string): string {
  const start = name.startsWith('./') ? 2 : 0
  const plain = name.slice(start, name.endsWith('/') ? Math.max(start, name.length - 1) : name.length)
  return hasEmptyPart.test(plain) ? parts(name).join('/') : plain
}

/** Of a path: no name, or a dot. */
const hasEmptyPart = /(?:^|\/)\.?(?:\/|$)/

function join(directory: string, base: string): string {
  return directory === '' ? base : `${directory}/${base}`
}

function parts(name: string): string[] {
  return name.split('/').filter((part) => part !== '' && part !== '.')
}
