/**
 * What a layer says about places of the file system, by place: 9 bytes each instead of a name, so that layers of any
 * image fit in memory, and can be sent between threads. Places are known by 64 bits of a hash.
 */

/** Bits: what a layer says about one place. */
export const says = {
  /** An entry has this name. */
  entry: 1,
  /** The entry is a directory. */
  directory: 2,
  /** The entry is a symbolic link. */
  link: 4,
  /** Entries lie below it. */
  parent: 8,
  /** A whiteout removes it. */
  removed: 16,
  /** An opaque whiteout removes all below it. */
  emptied: 32,
} as const

export interface LayerNames {
  low: Uint32Array
  high: Uint32Array
  /** 0 in a free slot. */
  bits: Uint8Array
  count: number
  /** Whether there were more places than are remembered. */
  isFull: boolean
}

/** Places that are remembered of one layer: large distributions have 200 000. Nothing is known about later ones. */
export const maximumPlaces = 750_000

export function createNames(): LayerNames {
  return tableOf(1024)
}

function tableOf(size: number): LayerNames {
  return {
    low: new Uint32Array(size),
    high: new Uint32Array(size),
    bits: new Uint8Array(size),
    count: 0,
    isFull: false,
  }
}

/** Bytes of memory. */
export function memoryOf({ bits }: LayerNames): number {
  return 9 * bits.length
}

/**
 * What the layer says about a place: names joined by "/", and "" for the root.
 * @param end of the part of `place` that is meant.
 */
export function lookUp(names: LayerNames, place: string, end = place.length): number {
  return names.bits[slotOf(names, hash(place, end))]!
}

/** Adds to what the layer says about a place. @returns what it said before. */
export function mark(names: LayerNames, place: string, bits: number, end = place.length): number {
  const key = hash(place, end)
  const slot = slotOf(names, key)
  const before = names.bits[slot]!
  if (before === 0) {
    if (names.count >= maximumPlaces) {
      names.isFull = true
      return 0
    }
    names.count++
    names.low[slot] = key.low
    names.high[slot] = key.high
  }
  names.bits[slot] = before | bits
  if (names.count * 4 > names.bits.length * 3) grow(names)
  return before
}

/** The ends of the directories above a place, outermost first, without the root. */
export function* ancestorsOf(place: string): Generator<number> {
  for (let end = place.indexOf('/'); end > 0; end = place.indexOf('/', end + 1)) yield end
}

/** Whether the layer removes or replaces what lower layers have at a place. */
export function hides(names: LayerNames, place: string): boolean {
  if ((lookUp(names, place) & (says.entry | says.removed)) !== 0) return true
  if ((lookUp(names, '') & says.emptied) !== 0) return true
  for (const end of ancestorsOf(place)) {
    const bits = lookUp(names, place, end)
    if ((bits & (says.removed | says.emptied)) !== 0) return true
    if ((bits & says.entry) !== 0 && (bits & says.directory) === 0) return true
  }
  return false
}

interface Key {
  readonly low: number
  readonly high: number
}

/** Two sums by multiplication, as in FNV-1a, with the finish of MurmurHash3. */
function hash(place: string, end: number): Key {
  let [low, high] = [0x811c9dc5, 0x2545f491]
  for (let at = 0; at < end; at++) {
    const code = place.charCodeAt(at)
    low = Math.imul(low ^ code, 0x01000193)
    high = Math.imul(high ^ code, 0x5bd1e995)
  }
  return { low: finish(low ^ (high >>> 13)), high: finish(high ^ end) }
}

function finish(sum: number): number {
  let mixed = Math.imul(sum ^ (sum >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

/** The slot that has the key, or the free one for it. */
function slotOf({ low, high, bits }: LayerNames, key: Key): number {
  const mask = bits.length - 1
  let slot = key.low & mask
  while (bits[slot] !== 0 && (low[slot] !== key.low || high[slot] !== key.high)) slot = (slot + 1) & mask
  return slot
}

function grow(names: LayerNames): void {
  const { low, high, bits } = names
  const larger = tableOf(2 * bits.length)
  for (let from = 0; from < bits.length; from++) {
    if (bits[from] === 0) continue
    const slot = slotOf(larger, { low: low[from]!, high: high[from]! })
    larger.low[slot] = low[from]!
    larger.high[slot] = high[from]!
    larger.bits[slot] = bits[from]!
  }
  names.low = larger.low
  names.high = larger.high
  names.bits = larger.bits
}
