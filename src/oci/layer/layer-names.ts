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
  /** Of the hash. */
  readonly secret: readonly [number, number]
  /** Whether there were more places than are remembered. */
  isFull: boolean
}

/** Places that are remembered of one layer: large distributions have 200 000. Nothing is known about later ones. */
export const maximumPlaces = 750_000

export function createNames(): LayerNames {
  const [first = 0, second = 0] = crypto.getRandomValues(new Int32Array(2))
  return tableOf(1024, [first, second])
}

function tableOf(size: number, secret: LayerNames['secret']): LayerNames {
  const [low, high, bits] = [new Uint32Array(size), new Uint32Array(size), new Uint8Array(size)]
  return { low, high, bits, count: 0, secret, isFull: false }
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
  return names.bits[slotOf(names, hash(names, place, end))]!
}

/** Adds to what the layer says about a place. @returns what it said before. */
export function mark(names: LayerNames, place: string, bits: number, end = place.length): number {
  const key = hash(names, place, end)
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

/**
 * HalfSipHash-1-3 with 64 bits of output (Aumasson and Bernstein, "SipHash"; the variant is in the authors' reference code),
 * over UTF-16 code units in pairs. The secret is another one for each layer, so nobody can choose two names that are taken
 * for one, or names that all come to one slot.
 */
function hash({ secret: [k0, k1] }: LayerNames, place: string, end: number): Key {
  let [v0, v1, v2, v3] = [k0, k1 ^ 0xee, k0 ^ 0x6c796765, k1 ^ 0x74656462]
  // The pairs, and last the length with the code unit that is left over: one word each.
  for (let at = 0; at <= end; at += 2) {
    const isLast = at + 2 > end
    const left = at < end ? place.charCodeAt(at) : 0
    const word = isLast ? left | (end << 16) : left | (place.charCodeAt(at + 1) << 16)
    v3 ^= word
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
    v0 ^= word
  }
  let low = 0
  v2 ^= 0xee
  for (let round = 1; round <= 6; round++) {
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
    if (round !== 3) continue
    low = v1 ^ v3
    v1 ^= 0xdd
  }
  return { low: low >>> 0, high: (v1 ^ v3) >>> 0 }
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
  const larger = tableOf(2 * bits.length, names.secret)
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
