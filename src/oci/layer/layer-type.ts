/** What a layer's media type says about its bytes (image spec, layer.md; Docker's image manifest v2, schema 2). */
import { blockSize, checksumMatches, isZeroBlock } from '../tar/fields.js'

export type Compression = 'none' | 'gzip' | 'zstd'

const compressions: ReadonlyMap<string, Compression> = new Map([
  ...['layer.v1.tar', 'layer.nondistributable.v1.tar'].flatMap((type) => spellings(`vnd.oci.image.${type}`, '+')),
  ...['diff.tar', 'foreign.diff.tar'].flatMap((type) => spellings(`vnd.docker.image.rootfs.${type}`, '.')),
])

function spellings(type: string, mark: string): [string, Compression][] {
  const base = `application/${type}`
  return [
    [base, 'none'],
    [`${base}${mark}gzip`, 'gzip'],
    [`${base}${mark}zstd`, 'zstd'],
  ]
}

/** `undefined` for what is no tar that can be read here: encrypted layers, file system images, unknown types. */
export function compressionOf(mediaType: string): Compression | undefined {
  return compressions.get(mediaType)
}

/**
 * Decides whether a layer is part of a file system by its media type: all that containerd takes for a layer (`IsLayerType`
 * in its images/mediatypes.go), so also encrypted, nydus and nondistributable layers.
 */
export function isLayerType(mediaType: string): boolean {
  return /^application\/vnd\.(?:oci\.image\.layer|docker\.image\.rootfs)\./.test(mediaType)
}

/** What the first bytes are of, whatever the media type says. */
export function sniffCompression(start: Uint8Array): Compression {
  const magic = Buffer.from(start.subarray(0, 4)).toString('hex')
  if (magic.startsWith('1f8b')) return 'gzip'
  // A frame, or a skippable one (RFC 8878).
  return magic === '28b52ffd' || /^5.2a4d18$/.test(magic) ? 'zstd' : 'none'
}

/** What a blob is by its first block, in words. */
export function describeBytes(start: Buffer): string {
  const compression = sniffCompression(start)
  if (compression !== 'none') return `a ${compression} stream`
  if (start.length === 0) return 'no bytes'
  const isTar = start.length === blockSize && (isZeroBlock(start) || checksumMatches(start))
  return isTar ? 'a plain tar' : `neither gzip, zstd nor a tar: it begins with ${start.toString('hex', 0, 4)}`
}
