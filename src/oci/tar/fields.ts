/** The fields of a tar header, as POSIX (ustar, pax) and GNU tar write them. */

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

/** The name in the header itself. GNU's own format says `ustar` and a space, and has times in the place of the prefix. */
export function headerName(header: Buffer): string {
  const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? textOf(header.subarray(345, 500)) : ''
  const plain = textOf(header.subarray(0, 100))
  return prefix === '' ? plain : `${prefix}/${plain}`
}

/** Octal between blanks or NULs, or GNU's base-256 if the first bit is set; NaN for anything else. */
export function fieldNumber(header: Buffer, start: number, length: number): number {
  const field = header.subarray(start, start + length)
  if ((field[0]! & 0x80) === 0) {
    const digits = field
      .toString('latin1')
      .replace(/^[ \0]+/, '')
      .replace(/[ \0].*$/s, '')
    return /^[0-7]*$/.test(digits) ? Number.parseInt(digits || '0', 8) : Number.NaN
  }
  let value = field[0]! & 0x7f
  for (const byte of field.subarray(1)) value = value * 256 + byte
  return value
}

/** Up to the first NUL. */
export function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0)
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end)
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
    const record = content.toString('utf8', start + digits.length + 1, end - 1)
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
