/**
 * Finds what `JSON.parse` hides: names that stand twice in one object, of which it takes the last and other readers the
 * first (RFC 8259, section 4; the image spec demands I-JSON); names that differ only by case, which readers in Go take
 * for one; values nested without end; halves of characters (RFC 7493, section 2.1), for which others read U+FFFD; and
 * sizes written like `418.0`, which it takes for whole numbers and Go refuses.
 */
import type { DocumentShape } from './document-shape.js'
import { foldName } from './fold-name.js'

type Path = readonly (string | number)[]

export type JsonFault =
  | { readonly kind: 'name-twice'; readonly path: Path }
  /** `other` is the name that readers in Go take it for: one that stands in the same object, or one that they know. */
  | { readonly kind: 'name-case'; readonly path: Path; readonly other: string; readonly isThere: boolean }
  | { readonly kind: 'lone-surrogate'; readonly path: Path }
  | { readonly kind: 'no-integer'; readonly path: Path; readonly text: string }
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
  readonly shape: DocumentShape | undefined
  /** Of an object: the names so far, folded where it is decoded into a struct. */
  readonly names: Map<string, string> | undefined
  /** The name or index of the value that is being read. */
  key: string | number
  /** Of an object: a name comes next, and no value. */
  awaitsName: boolean
}

/**
 * Finds the first fault. Only strings and punctuation are looked at: whether the text is JSON is for `JSON.parse` to say,
 * and what it would refuse may be given any answer here.
 * @param bytes UTF-8.
 * @param shape of the document. Objects that it does not describe may be maps, so their names are compared exactly.
 */
export function scanJson(bytes: Uint8Array, limits: JsonLimits, shape?: DocumentShape): JsonFault | undefined {
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
          const clash = addName(top.names, name, top.shape)
          if (clash !== undefined) return { ...clash, path: open.map(({ key }) => key) }
        }
        at = end
        break
      }
      case openArray:
      case openObject:
        if (open.length >= limits.depth) return { kind: 'too-deep', position: at }
        open.push(openAt(bytes[at] === openObject, open.length === 0 ? shape : shapeWithin(open.at(-1)!)))
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
        const top = open.at(-1)
        if (/[.eE]/.test(text) && top !== undefined && shapeWithin(top)?.kind === 'integer') {
          return { kind: 'no-integer', path: open.map(({ key }) => key), text: text.slice(0, 60) }
        }
        at = end - 1
      }
    }
  }
  return undefined
}

type Clash =
  { readonly kind: 'name-twice' } | { readonly kind: 'name-case'; readonly other: string; readonly isThere: boolean }

/**
 * Among the properties of a struct, names that fold to one are refused even where image-spec knows none of them: Docker's
 * readers know many more.
 */
function addName(names: Map<string, string>, name: string, shape: DocumentShape | undefined): Clash | undefined {
  const folded = shape?.kind === 'struct' ? foldName(name) : name
  const other = names.get(folded)
  if (other === name) return { kind: 'name-twice' }
  if (other !== undefined) return { kind: 'name-case', other, isThere: true }
  names.set(folded, name)
  const known = shape?.kind === 'struct' ? shape.properties.get(folded)?.name : undefined
  return known === undefined || known === name ? undefined : { kind: 'name-case', other: known, isThere: false }
}

/** Of the value that is being read. */
function shapeWithin({ shape, key, awaitsName }: Open): DocumentShape | undefined {
  if (shape === undefined || awaitsName) return undefined
  switch (shape.kind) {
    case 'struct':
      return typeof key === 'string' ? shape.properties.get(foldName(key))?.shape : undefined
    case 'map':
      return shape.values
    case 'list':
      return shape.items
    case 'integer':
      return undefined
  }
}

const numberBytes: ReadonlySet<number> = new Set(Buffer.from('0123456789+-.eE'))

function isNumberStart(byte: number): boolean {
  return byte === 0x2d || (byte >= 0x30 && byte <= 0x39)
}

/** UTF-8 itself has none; only an escape can say one. */
function hasLoneSurrogate(bytes: Uint8Array, start: number, end: number): boolean {
  return bytes.subarray(start, end).includes(backslash) && /\p{Surrogate}/u.test(stringOf(bytes, start, end))
}

function openAt(isObject: boolean, shape: DocumentShape | undefined): Open {
  return isObject
    ? { shape: shape?.kind === 'list' ? undefined : shape, names: new Map(), key: '', awaitsName: true }
    : { shape: shape?.kind === 'list' ? shape : undefined, names: undefined, key: 0, awaitsName: false }
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
