/** A layer's stored bytes to those of its tar, in pieces: memory does not grow with the layer. */
import { createGunzip } from 'node:zlib'
import { breathe } from '../../util/breathe.js'
import type { Compression } from './layer-type.js'

/** Bytes given out at once; larger ones do not make it quicker. */
const pieceSize = 256 * 1024
/** Bytes of the smallest zstd frame, a skippable one without content (RFC 8878). It unpacks to nothing. */
const smallestFrame = 8

/** Takes a piece, which is gone afterwards; `false` ends the unpacking. */
export type Take = (piece: Uint8Array) => boolean

/**
 * @param chunks the stored bytes in order; a chunk may be overwritten once the next one is asked for.
 * @param size of the stored bytes together.
 * @returns what is wrong with the compression, or `undefined`. What follows the stream is wrong too: some readers pass
 *   over it, and others refuse it (Go's compress/gzip).
 */
export async function unpack(
  chunks: Iterable<Buffer>,
  size: number,
  compression: Compression,
  take: Take,
): Promise<string | undefined> {
  switch (compression) {
    case 'none':
      for (const chunk of chunks) {
        if (!take(chunk)) return undefined
        await breathe()
      }
      return undefined
    case 'gzip':
      return gunzip(chunks, size, take)
    case 'zstd':
      return unzstd(chunks, take)
  }
}

/** Several members are one stream (RFC 1952). Inflating goes on in another thread while a piece is taken. */
async function gunzip(chunks: Iterable<Buffer>, size: number, take: Take): Promise<string | undefined> {
  const stream = createGunzip({ chunkSize: pieceSize })
  let stopped = false
  const finished = new Promise<string | undefined>((resolve) => {
    stream.on('data', (piece: Buffer) => {
      if (!stopped && !take(piece)) {
        stopped = true
        resolve(undefined)
      }
      release(piece)
    })
    stream.on('end', () => resolve(undefined))
    // The first header was checked: such an error is of what follows a whole member.
    stream.on('error', ({ message }) => resolve(isHeaderError(message) ? afterEnd : message))
  })
  try {
    for (const chunk of chunks) {
      const written = new Promise<'written'>((resolve) => {
        stream.write(chunk, () => resolve('written'))
      })
      const fault = await Promise.race([written, finished])
      if (fault !== 'written') return stopped ? undefined : (fault ?? after(size - stream.bytesWritten))
    }
    stream.end()
    const fault = await finished
    if (stopped || fault !== undefined) return fault
    return after(size - stream.bytesWritten)
  } finally {
    stream.destroy()
  }
}

/**
 * Gives the memory back now, as V8 would some 100 MiB later. zlib fills a buffer with one piece or several before it
 * takes the next one. Node 20 has no `transfer`, and collects earlier.
 */
function release({ buffer, byteOffset, length }: Buffer): void {
  if (byteOffset + length === buffer.byteLength) (buffer as { transfer?(size: number): void }).transfer?.(0)
}

const afterEnd = 'bytes that are not gzip after the end of the compressed stream'

/** zlib's words for a header that it cannot read. */
function isHeaderError(message: string): boolean {
  return /^(?:incorrect header check|unknown compression method|unknown header flags set)$/.test(message)
}

function after(bytes: number): string | undefined {
  return bytes > 0 ? `${bytes} bytes after the end of the compressed stream` : undefined
}

async function unzstd(chunks: Iterable<Buffer>, take: Take): Promise<string | undefined> {
  const { ZSTDDecoder } = await import('zstddec/stream')
  const decoder = new ZSTDDecoder()
  await decoder.init()
  let mayBeEmpty = 0
  const counted = function* (): Generator<Buffer> {
    for (const chunk of chunks) {
      mayBeEmpty = 2 * Math.ceil(chunk.length / smallestFrame) + 10
      yield chunk
    }
  }
  try {
    for (const piece of decoder.decodeStreaming(counted())) {
      // The decoder tries what it cannot read again and again, and does not say how far it came.
      if (piece.length === 0 && mayBeEmpty-- === 0) {
        return 'corrupt, or something after the end, or a window of more than 128 MiB'
      }
      if (piece.length > 0 && !take(piece)) return undefined
      await breathe()
    }
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('Incomplete stream')) throw error
    return 'unexpected end of file'
  }
  return undefined
}
