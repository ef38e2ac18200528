/**
 * What `JSON.parse` does not tell of a text: names that stand twice in one object, of which it takes the last and other
 * readers the first (RFC 8259, section 4; the image spec asks for I-JSON), and values nested without end; halves of
 * characters (RFC 7493, section 2.1), for which others read U+FFFD; and sizes written like `418.0`, which it takes for whole numbers
 * and readers in Go for none.
 */
export type JsonFault =
  | { readonly kind: 'name-twice'; readonly path: readonly (string | number)[] }
  | { readonly kind: 'lone-surrogate'; readonly path: readonly (string | number)[] }
  | { readonly kind: 'no-integer'; readonly path: readonly (string | number)[]; readonly text: string }
  | { readonly kind: 'too-deep'; readonly position: number }
  | { readonly kind: 'too-many'; readonly position: number }

export interface JsonLimits {
  /** Objects and arrays in one another. */
  readonly depth: number
  /** Values of objects and arrays together. */
  readonly values: number
}

const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a]
const [openArray, closeArray, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d]

/** An object or array that is open. */
interface Open {
  /** Of an object: the names so far. */
  readonly names: Set<string> | undefined
  /** The name or index of the value that is being read. */
  key: string | number
  /** Of an object: a name comes next, and no value. */
  awaitsName: boolean
}

/**
 * Finds the first fault. Only strings and punctuation are looked at: whether the text is JSON is for `JSON.parse` to say,
 * and what it would refuse may be given any answer here.
 * @param bytes UTF-8.
 */
export function scanJson(bytes: Uint8Array, limits: JsonLimits): JsonFault | undefined {
  const open: Open[] = []
  let values = 0
  for (let at = 0; at < bytes.length; at++) {
    switch (bytes[at]!) {
      case quote: {
        const end = endOfString(bytes, at)
        const top = open.at(-1)
        if (hasLoneSurrogate(bytes, at, end)) return { kind: 'lone-surrogate', path: open.map(({ key }) => key) }
        if (top?.names !== undefined && top.awaitsName) {
          const name = stringOf(bytes, at, end)
          top.key = name
          if (top.names.has(name)) return { kind: 'name-twice', path: open.map(({ key }) => key) }
          top.names.add(name)
        }
        at = end
        break
      }
      case openArray:
      case openObject:
        if (open.length >= limits.depth) return { kind: 'too-deep', position: at }
        open.push(bytes[at] === openObject ? openedObject() : { names: undefined, key: 0, awaitsName: false })
        break
      case closeArray:
      case closeObject:
        open.pop()
        break
      case colon: {
        const top = open.at(-1)
        if (top !== undefined) top.awaitsName = false
        break
      }
      case comma: {
        const top = open.at(-1)
        if (++values > limits.values) return { kind: 'too-many', position: at }
        if (typeof top?.key === 'number') top.key++
        else if (top !== undefined) top.awaitsName = true
        break
      }
      default: {
        if (!isNumberStart(bytes[at]!)) break
        let end = at + 1
        while (end < bytes.length && numberBytes.has(bytes[end]!)) end++
        const text = Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at).toString('latin1')
        if (/[.eE]/.test(text) && integerNames.has(open.at(-1)?.key)) {
          return { kind: 'no-integer', path: open.map(({ key }) => key), text: text.slice(0, 60) }
        }
        at = end - 1
      }
    }
  }
  return undefined
}

/** Of numbers, in the documents of an image. */
const integerNames: ReadonlySet<unknown> = new Set(['size', 'schemaVersion'])
const numberBytes: ReadonlySet<number> = new Set(Buffer.from('0123456789+-.eE'))

function isNumberStart(byte: number): boolean {
  return byte === 0x2d || (byte >= 0x30 && byte <= 0x39)
}

/** UTF-8 itself has none; only an escape can say one. */
function hasLoneSurrogate(bytes: Uint8Array, start: number, end: number): boolean {
  return bytes.subarray(start, end).includes(backslash) && /\p{Surrogate}/u.test(stringOf(bytes, start, end))
}

function openedObject(): Open {
  return { names: new Set(), key: '', awaitsName: true }
}

/** The position of the closing quote, or of the last byte. */
function endOfString(bytes: Uint8Array, start: number): number {
  let from = start + 1
  for (;;) {
    const end = bytes.indexOf(quote, from)
    if (end < 0) return bytes.length - 1
    let slashes = 0
    while (bytes[end - 1 - slashes] === backslash && end - 1 - slashes > start) slashes++
    if (slashes % 2 === 0) return end
    from = end + 1
  }
}

/** `"\u0061"` and `"a"` are one name. */
function stringOf(bytes: Uint8Array, start: number, end: number): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start + 1).toString()
  try {
    return String(JSON.parse(text))
  } catch {
    return text
  }
}
