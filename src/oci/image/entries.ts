/** The manifests that a name in a layout leads to, through whatever indexes lie between. */
import { fail, ok, type LayoutProblem, type Result, type TreePath } from '../../problem/problem.js'
import { findArtifactType } from './artifact.js'
import { annotationKeys, isAttestation, isIndexType, isManifestType, subjectOf, type Descriptor } from '../documents.js'
import { indexSchema } from '../json/schemas.js'
import type { Layout } from '../read/layout.js'
import { isAbsentEntry, readDocument } from '../read/read-blob.js'
import { indexSteps, maximumIndexDepth, type Step } from '../read/references.js'

export interface FoundManifest {
  readonly descriptor: Descriptor
  readonly at: TreePath
}

/** Each manifest once. */
export interface FoundManifests {
  /** Those that the layout holds. */
  readonly manifests: readonly FoundManifest[]
  /** Never images, though they stand in the same lists. */
  readonly attestations: readonly FoundManifest[]
  /** Manifests and indexes that a sparse layout lists and does not hold. */
  readonly absent: readonly FoundManifest[]
  /** Entries of media types that are neither a manifest's nor an index's. */
  readonly others: readonly FoundManifest[]
}

/** What `reference` names. Without one, the entry named `latest`, or else the only image there is. */
export function manifestsOf(layout: Layout, reference: string | undefined): Result<FoundManifests, LayoutProblem> {
  const roots = indexSteps(layout.index)
  if (roots.length === 0) {
    return fail(noEntries(layout, 'at least one image', 'none: the layout is empty'))
  }
  const named = entriesOf(layout, roots, reference)
  return named === undefined ? fail(missingReference(layout, reference)) : collect(layout, named)
}

/** `index.json` leads to nothing. */
export function noEntries({ path, whenEmpty }: Layout, expected: string, found: string): LayoutProblem {
  return { code: 'manifests-empty', layout: path, at: ['index.json', 'manifests'], expected, found, ...whenEmpty }
}

/** No entry has the name, or without one none can be chosen. */
export function missingReference({ path, index }: Layout, reference: string | undefined): LayoutProblem {
  const names = indexSteps(index).map(({ descriptor }) => referenceOf(descriptor) ?? 'one without a name')
  return {
    code: 'reference-missing',
    layout: path,
    at: ['index.json'],
    expected: reference === undefined ? 'the reference "latest", or a single image' : `the reference "${reference}"`,
    found: [...new Set(names)].join(', ') || 'none',
    next: `set the target's \`reference\` to the image that you mean`,
  }
}

export function referenceOf({ annotations }: Descriptor): string | undefined {
  return annotations?.[annotationKeys.reference]
}

/** The entries of `index.json` with the name, or all of them. */
export function entriesNamed({ index }: Layout, reference: string | undefined): readonly Step[] {
  const steps = indexSteps(index)
  return reference === undefined ? steps : steps.filter(({ descriptor }) => referenceOf(descriptor) === reference)
}

function entriesOf(layout: Layout, roots: readonly Step[], reference: string | undefined): readonly Step[] | undefined {
  const withName = (name: string): readonly Step[] => roots.filter(({ descriptor }) => referenceOf(descriptor) === name)
  if (reference !== undefined) {
    const matches = withName(reference)
    return matches.length > 0 ? matches : undefined
  }
  const latest = withName('latest')
  if (latest.some((step) => leadsToImage(layout, step))) return latest
  const images = roots.filter((step) => leadsToImage(layout, step))
  const isOne = new Set(images.map(({ descriptor }) => descriptor.digest)).size === 1
  return isOne || isFlat(images) ? roots : undefined
}

/** Decides whether there is an image to choose. What cannot be read counts, or its problem would not be reported. */
function leadsToImage(layout: Layout, step: Step): boolean {
  const found = collect(layout, [step])
  if (!found.ok || found.value.absent.length > 0) return true
  return found.value.manifests.some(({ descriptor }) => findArtifactType(layout, descriptor) === undefined)
}

/** Whether `index.json` is itself the index of one image. */
function isFlat(images: readonly Step[]): boolean {
  return images.every(
    ({ descriptor }) =>
      isManifestType(descriptor.mediaType) &&
      descriptor.platform !== undefined &&
      referenceOf(descriptor) === undefined,
  )
}

/** All that these entries lead to. */
export function collect(layout: Layout, steps: readonly Step[]): Result<FoundManifests, LayoutProblem> {
  const found: FoundManifest[] = []
  const problem = expand(layout, steps, ['index.json'], found, new Set())
  if (problem !== undefined) return problem
  const distinct = new Map<string, FoundManifest>()
  for (const one of found) {
    const { descriptor } = one
    // One attestation manifest may be about several images: it has an entry for each.
    const subject = isAttestation(descriptor) ? subjectOf(descriptor) : undefined
    distinct.set(JSON.stringify([descriptor.digest, subject]), one)
  }
  const lists = { manifests: [], attestations: [], absent: [], others: [] }
  for (const one of distinct.values()) (lists[kindOf(layout, one.descriptor)] as FoundManifest[]).push(one)
  return ok(lists)
}

function kindOf(layout: Layout, descriptor: Descriptor): keyof FoundManifests {
  const isListed = isManifestType(descriptor.mediaType) || isIndexType(descriptor.mediaType)
  if (!isListed) return 'others'
  if (isAttestation(descriptor)) return 'attestations'
  return isAbsentEntry(layout, descriptor) ? 'absent' : 'manifests'
}

/**
 * Adds to `found`.
 * @param expanded the indexes that were met so far: each is read once, or a few that list one another never end.
 */
function expand(
  layout: Layout,
  steps: readonly Step[],
  at: TreePath,
  found: FoundManifest[],
  expanded: Set<string>,
): { readonly ok: false; readonly problems: readonly LayoutProblem[] } | undefined {
  for (const { descriptor, label } of steps) {
    const place = [...at, label]
    if (!isIndexType(descriptor.mediaType) || isAbsentEntry(layout, descriptor)) {
      found.push({ descriptor, at: place })
      continue
    }
    if (expanded.has(descriptor.digest)) continue
    expanded.add(descriptor.digest)
    if (at.length > maximumIndexDepth) {
      const expected = `at most ${maximumIndexDepth} levels of indexes`
      return fail({ code: 'index-too-deep', layout: layout.path, at: place, expected, found: 'one more' })
    }
    const index = readDocument(layout, descriptor, place, indexSchema)
    if (!index.ok) return index
    const problem = expand(layout, indexSteps(index.value.value), place, found, expanded)
    if (problem !== undefined) return problem
  }
  return undefined
}
