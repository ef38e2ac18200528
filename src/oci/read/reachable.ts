/** Which blobs an image needs: a walk over documents alone, layers are not read. */
import { parseDigest, type Digest } from '../digest.js'
import { isIndexType, isManifestType } from '../documents.js'
import { indexSchema, manifestSchema } from '../json/schemas.js'
import type { Layout } from './layout.js'
import { readDocument } from './read-blob.js'
import { indexSteps, manifestSteps, maximumIndexDepth, type Step } from './references.js'

/** Every digest that can be reached from `index.json`; `undefined` when a document on the way cannot be read. */
export function reachableDigests(layout: Layout): ReadonlySet<Digest> | undefined {
  const reached = new Set<Digest>()
  /** With the media type: bytes that are a layer of one image may be the manifest of another. */
  const visited = new Set<string>()
  const visit = (steps: readonly Step[], depth: number): boolean => {
    for (const { descriptor } of steps) {
      const digest = parseDigest(descriptor.digest)
      if (digest === undefined || depth > maximumIndexDepth) return false
      reached.add(digest)
      const entry = `${descriptor.mediaType} ${digest}`
      if (visited.has(entry)) continue
      visited.add(entry)
      if (isIndexType(descriptor.mediaType)) {
        const index = readDocument(layout, descriptor, [], indexSchema)
        if (!index.ok || !visit(indexSteps(index.value.value), depth + 1)) return false
      } else if (isManifestType(descriptor.mediaType)) {
        const manifest = readDocument(layout, descriptor, [], manifestSchema)
        if (!manifest.ok || !visit(manifestSteps(manifest.value.value), depth + 1)) return false
      }
    }
    return true
  }
  return visit(indexSteps(layout.index), 0) ? reached : undefined
}
