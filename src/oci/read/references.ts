/** The one answer to "what does this document point to?": copying, checking and cleaning up are walks over it. */
import { shortDigest } from '../digest.js'
import type { Descriptor, IndexDocument, ManifestDocument } from '../documents.js'
import type { TreePath } from '../../problem/problem.js'
import { formatPlatform, type Platform } from '../platform.js'

export interface Step {
  readonly descriptor: Descriptor
  /** The step's place in its document, for a tree path: `config sha256:ab…`, `layers[2] sha256:cd…`. */
  readonly label: string
}

/** How deep indexes may nest below `index.json`: two levels are in use, and no reader takes more. */
export const maximumIndexDepth = 4

export function manifestSteps(manifest: ManifestDocument): Step[] {
  return [step('config', manifest.config), ...manifest.layers.map((layer, index) => step(`layers[${index}]`, layer))]
}

export function indexSteps(index: IndexDocument): Step[] {
  return index.manifests.map((entry, position) => step(`manifests[${position}]`, entry))
}

/** The place of an image's manifest, when its platform is known from the image config alone. */
export function withPlatform(at: TreePath, { platform }: Descriptor, found: Platform): TreePath {
  return platform === undefined ? [...at.slice(0, -1), `${at.at(-1)} (${formatPlatform(found)})`] : at
}

function step(place: string, descriptor: Descriptor): Step {
  const platform = descriptor.platform ? ` (${formatPlatform(descriptor.platform)})` : ''
  return { descriptor, label: `${place} ${shortDigest(descriptor.digest.slice(0, 160))}${platform}` }
}
