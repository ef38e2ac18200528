/** Bringing one image's blobs, and only those reachable from its manifest, into the layout that is being written. */
import { breathe } from '../../util/breathe.js'
import { ok, type LayoutProblem, type Result, type TreePath } from '../../problem/problem.js'
import type { AbsentLayers, Descriptor, ManifestDocument } from '../documents.js'
import { isAbsentAsAllowed, locateBlob, readDocument, type LocatedBlob } from '../read/read-blob.js'
import { manifestSchema } from '../json/schemas.js'
import type { SelectedImage } from '../image/select.js'
import { putBlob, type Arrival, type LinkMode } from './store.js'
import type { VerifiedFiles } from '../verified.js'
import { manifestSteps } from '../read/references.js'

export interface MergeSummary {
  /** Every blob of the image, the manifest among them, each once. */
  readonly blobs: readonly { readonly digest: string; readonly size: number }[]
  readonly arrivals: Readonly<Record<Arrival, number>>
  /** Layers that the source lacks, as was allowed. */
  readonly absent: readonly { readonly digest: string; readonly size: number }[]
  /** Bytes in `blobs`. */
  readonly bytes: number
}

type Arriving = Result<Arrival, LayoutProblem> | { readonly thrown: unknown }

/** What of an image is brought. */
export interface PartOptions {
  /** Layers that the source may lack: the output then lacks them too. `none` by default. */
  readonly allowAbsentLayers?: AbsentLayers
  /** Also what is attested of the image. */
  readonly keepAttestations?: boolean
}

export interface MergeOptions extends PartOptions {
  readonly link: LinkMode
  readonly verified: VerifiedFiles
  readonly signal?: AbortSignal
}

/**
 * Copies or links all blobs of `image` into `root`. Source manifests go as bytes, so no digest changes.
 * Reports every missing or damaged blob, not only the first. Idempotent.
 */
export async function mergeImage(
  image: SelectedImage,
  root: string,
  options: MergeOptions,
): Promise<Result<MergeSummary, LayoutProblem>> {
  const { link, verified, signal } = options
  const parts = locateParts(image, options)
  if (!parts.ok) return parts
  const { blobs, absent } = parts.value
  const problems: LayoutProblem[] = []
  const manifest = blobs.find(({ digest }) => digest === image.digest)!
  const arrivals: Record<Arrival, number> = { present: 0, reflink: 0, hardlink: 0, copy: 0 }
  const put = async (blob: LocatedPart): Promise<Arriving> => {
    try {
      return await putBlob(root, blob, { layout: image.layout.path, at: blob.at }, link, verified, signal)
    } catch (error) {
      return { thrown: error }
    }
  }
  const count = (arrival: Arriving): void => {
    if ('thrown' in arrival) throw arrival.thrown
    if (arrival.ok) arrivals[arrival.value]++
    else for (const problem of arrival.problems) problems.push(problem)
  }
  const underway: Promise<Arriving>[] = []
  for (const blob of blobs) {
    if (blob === manifest) continue
    if (signal?.aborted === true) break
    underway.push(put(blob))
    await breathe()
  }
  // Of all of them, before one's failure is thrown: nothing is still being written then.
  const arrived = await Promise.all(underway)
  signal?.throwIfAborted()
  for (const arrival of arrived) count(arrival)
  // The manifest last: once it is there, what it points to is there too.
  if (problems.length === 0) count(await put(manifest))
  if (problems.length > 0) return { ok: false, problems }
  return ok({
    blobs: blobs.map(({ digest, descriptor }) => ({ digest, size: descriptor.size })),
    absent,
    arrivals,
    bytes: blobs.reduce((sum, { descriptor }) => sum + descriptor.size, 0),
  })
}

type LocatedPart = LocatedBlob & { readonly at: TreePath }

interface LocatedParts {
  /** Each once. */
  readonly blobs: readonly LocatedPart[]
  /** Layers that are allowed to be absent, and are. */
  readonly absent: readonly { readonly digest: string; readonly size: number }[]
}

/** Finds the blobs that `mergeImage` would bring; reports all that are missing. */
export function locateParts(image: SelectedImage, options: PartOptions): Result<LocatedParts, LayoutProblem> {
  const parts = partsOf(image, options.keepAttestations === true)
  if (!parts.ok) return parts
  const problems: LayoutProblem[] = []
  const blobs = new Map<string, LocatedPart>()
  const absent = new Map<string, { digest: string; size: number }>()
  for (const { descriptor, at, isLayer } of parts.value) {
    const { digest, size } = descriptor
    if (isLayer && isAbsentAsAllowed(image.layout, descriptor, options.allowAbsentLayers)) {
      absent.set(digest, { digest, size })
      continue
    }
    const located = locateBlob(image.layout, descriptor, at)
    if (!located.ok) problems.push(...located.problems)
    else if (!blobs.has(digest)) blobs.set(digest, { ...located.value, at })
  }
  return problems.length > 0
    ? { ok: false, problems }
    : ok({ blobs: [...blobs.values()], absent: [...absent.values()] })
}

interface Part {
  readonly descriptor: Descriptor
  readonly at: TreePath
  readonly isLayer: boolean
}

/** The blobs of the image, and of what is attested of it. */
function partsOf(image: SelectedImage, withAttestations: boolean): Result<readonly Part[], LayoutProblem> {
  const parts = partsOfManifest(image.manifest, image)
  for (const attestation of withAttestations ? image.attestations : []) {
    const manifest = readDocument(image.layout, attestation.descriptor, attestation.at, manifestSchema)
    if (!manifest.ok) return manifest
    // These layers are statements, and no reader fetches them from elsewhere.
    for (const part of partsOfManifest(manifest.value.value, attestation)) parts.push({ ...part, isLayer: false })
  }
  return ok(parts)
}

function partsOfManifest(
  manifest: ManifestDocument,
  { descriptor, at }: { readonly descriptor: Descriptor; readonly at: TreePath },
): Part[] {
  const steps = manifestSteps(manifest)
  return [
    ...steps.map((step, position) => ({
      descriptor: step.descriptor,
      at: [...at, step.label],
      isLayer: position > 0,
    })),
    { descriptor, at, isLayer: false },
  ]
}
