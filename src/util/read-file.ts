/** Reading files in whose place anything may be: a named pipe, a device, a file without end. Imports no more than fs. */
import fs, { constants } from 'node:fs'

/** Bytes; mab keeps no larger record, so a larger one counts as none. */
export const maximumRecord = 64 * 1024 * 1024

/**
 * Returns the bytes of a regular file of mab's own. Returns undefined if it is missing, is something else (also a
 * symbolic link, which mab never makes), is larger than `limit` bytes, or cannot be read.
 */
export function readOwnFile(file: string, limit = maximumRecord): Buffer | undefined {
  let descriptor: number
  try {
    // Without O_NONBLOCK, opening a named pipe waits for its other end.
    descriptor = fs.openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
  } catch {
    return undefined
  }
  try {
    const stat = fs.fstatSync(descriptor)
    if (!stat.isFile() || stat.size > limit) return undefined
    return readRange(descriptor, 0, stat.size)
  } catch {
    return undefined
  } finally {
    fs.closeSync(descriptor)
  }
}

/** Returns bytes `offset` to `offset + length` of an open file; fewer if the file ends before. */
export function readRange(descriptor: number, offset: number, length: number): Buffer {
  const buffer = Buffer.alloc(length)
  let filled = 0
  while (filled < length) {
    const read = readInto(descriptor, buffer, filled, length - filled, offset + filled)
    if (read === 0) break
    filled += read
  }
  return buffer.subarray(0, filled)
}

/** As `fs.readSync`, and again after EINTR, which libuv does not do for reads (`uv__fs_work`). */
export function readInto(
  descriptor: number,
  buffer: Buffer,
  at: number,
  length: number,
  offset: number | null,
): number {
  for (;;) {
    try {
      return fs.readSync(descriptor, buffer, at, length, offset)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EINTR') throw error
    }
  }
}
