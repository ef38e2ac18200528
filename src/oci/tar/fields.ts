/** The fields of a tar header, read as Go's archive/tar reads them. */

export const blockSize = 512

/** Bytes that fill up the last block of a content. */
export function paddingOf(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize
}

export function isZeroBlock(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0)
}

/** The sum of all bytes, its own field taken as blanks; some old programs add them up as signed ones. */
export function checksumMatches(header: Buffer): boolean {
  let sum = 0
  let signed = 0
  for (let index = 0; index < blockSize; index++) {
    const byte = index >= 148 && index < 156 ? 0x20 : header[index]!
    sum += byte
    signed += byte < 128 ? byte : byte - 256
  }
  const stated = fieldNumber(header, 148, 8)
  return sum === stated || signed === stated
}

/** Returns the name in the header itself, with the prefix of the formats that have one. */
export function headerName(header: Buffer): string {
  const prefix = prefixOf(header)
  const plain = textOf(header.subarray(0, 100))
  return prefix === '' ? plain : `${prefix}/${plain}`
}

export function hasOldFormat(header: Buffer): boolean {
  return header.toString('latin1', 257, 263) !== 'ustar\0' && !hasGnuFormat(header)
}

function hasGnuFormat(header: Buffer): boolean {
  return header.toString('latin1', 257, 265) === 'ustar  \0'
}

function prefixOf(header: Buffer): string {
  // star has times at the end of the prefix.
  const end = header.toString('latin1', 508, 512) === 'tar\0' ? 476 : 500
  if (header.toString('latin1', 257, 263) === 'ustar\0') return textOf(header.subarray(345, end))
  if (!hasGnuFormat(header)) return ''
  // GNU's format has times in this place. Go before 1.8 wrote a prefix there, and Go reads it if the times are not numbers.
  const isTime = [345, 357].every((start) => header[start] === 0 || !Number.isNaN(fieldNumber(header, start, 12)))
  const prefix = isTime ? '' : textOf(header.subarray(345, 500))
  return /^[\0-\x7f]*$/.test(prefix) ? prefix : ''
}

/** Octal between blanks or NULs, or GNU's base-256 if the first bit is set; NaN for anything else. */
export function fieldNumber(header: Buffer, start: number, length: number): number {
  let [at, end, value] = [start, start + length, 0]
  if ((header[at]! & 0x80) !== 0) {
    value = header[at]! & 0x7f
    for (at++; at < end; at++) value = value * 256 + header[at]!
    return value
  }
  while (at < end && isBlank(header[at]!)) at++
  while (at < end && isBlank(header[end - 1]!)) end--
  for (; at < end && header[at] !== 0; at++) {
    const digit = header[at]! - 0x30
    if (digit < 0 || digit > 7) return Number.NaN
    value = value * 8 + digit
  }
  return value
}

function isBlank(byte: number): boolean {
  return byte === 0 || byte === 0x20
}

/** Returns what comes before the first NUL. */
export function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0)
  return decode(end < 0 ? bytes : bytes.subarray(0, end))
}

/**
 * Decodes UTF-8. In a part of a path that is not UTF-8 each byte from 0x80 on becomes a lone surrogate, U+DC00 and the
 * byte, so that names that differ stay different (Python's "surrogateescape" does the same).
 */
function decode(bytes: Buffer): string {
  const text = bytes.toString('utf8')
  if (!text.includes('\ufffd') || Buffer.from(text).equals(bytes)) return text
  const parts = bytes.toString('latin1').split('/')
  return parts.map(decodePart).join('/')
}

function decodePart(latin1: string): string {
  const bytes = Buffer.from(latin1, 'latin1')
  const text = bytes.toString('utf8')
  if (Buffer.from(text).equals(bytes)) return text
  return latin1.replaceAll(/[\x80-\xff]/g, (byte) => String.fromCharCode(0xdc00 + byte.charCodeAt(0)))
}

const escapedBytes = /[\udc80-\udcff]/gu

/** Returns the number of bytes that a decoded name has in the tar. */
export function byteLengthOf(name: string): number {
  return Buffer.byteLength(name.replaceAll(escapedBytes, '.'))
}

/** Returns a decoded name for people: bytes that are not UTF-8 as `\xe9`. */
export function showName(name: string): string {
  return name.replaceAll(escapedBytes, (byte) => `\\x${(byte.charCodeAt(0) - 0xdc00).toString(16)}`)
}

/**
 * PAX records: `<length> <key>=<value>\n`, the length counting the whole record in bytes (POSIX pax, "pax Header Block").
 * @returns `undefined` when they are malformed.
 */
export function parsePax(content: Buffer): Map<string, string> | undefined {
  const records = new Map<string, string>()
  let start = 0
  while (start < content.length) {
    const [, digits] = /^([1-9]\d*) /.exec(content.toString('latin1', start, start + 10)) ?? []
    const end = start + Number(digits)
    if (digits === undefined || end > content.length || content[end - 1] !== 0x0a) return undefined
    const record = decode(content.subarray(start + digits.length + 1, end - 1))
    const equals = record.indexOf('=')
    const [key, value] = [record.slice(0, equals), record.slice(equals + 1)]
    // The one name that stands several times: GNU's first sparse format, whose second has all of them in one record.
    if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes') {
      const map = records.get('GNU.sparse.map')
      records.set('GNU.sparse.map', map === undefined ? value : `${map},${value}`)
    } else if (equals > 0) records.set(key, value)
    start = end
  }
  return records
}
