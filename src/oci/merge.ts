/** Bringing one image's blobs, and only those reachable from its manifest, into the layout that is being written. */
import { breathe } from '../util/breathe.js'
import { ok, type LayoutProblem, type Result } from '../util/problem.js'
import { locateBlob, type LocatedBlob } from './read.js'
import type { Image } from './image.js'
import { putBlob, type Arrival, type LinkMode } from './store.js'
import type { VerifiedFiles } from './verified.js'
import { manifestSteps, type Step } from './walk.js'

export interface MergeSummary {
  /** Every blob of the image, the manifest among them, each once. */
  readonly blobs: readonly { readonly digest: string; readonly size: number }[]
  readonly arrivals: Readonly<Record<Arrival, number>>
  /** Bytes in `blobs`. */
  readonly bytes: number
}

type Arriving = Result<Arrival, LayoutProblem> | { readonly thrown: unknown }

/**
 * Copies or links all blobs of `image` into `root`. Source manifests go as bytes, so no digest changes.
 * Reports every missing or damaged blob, not only the first. Idempotent.
 */
export async function mergeImage(
  image: Image,
  root: string,
  mode: LinkMode,
  verified: VerifiedFiles,
  signal?: AbortSignal,
): Promise<Result<MergeSummary, LayoutProblem>> {
  const steps: { step: Step; at: readonly string[] }[] = manifestSteps(image.manifest).map((step) => ({
    step,
    at: [...image.at, step.label],
  }))
  // The manifest last: once it is there, what it points to is there too.
  steps.push({ step: { descriptor: image.descriptor, label: '' }, at: image.at })

  const problems: LayoutProblem[] = []
  const blobs = new Map<string, LocatedBlob>()
  const places = new Map<string, readonly string[]>()
  for (const { step, at } of steps) {
    const located = locateBlob(image.layout, step.descriptor, at)
    if (!located.ok) problems.push(...located.problems)
    else if (!blobs.has(located.value.digest)) {
      blobs.set(located.value.digest, located.value)
      places.set(located.value.digest, at)
    }
  }
  if (problems.length > 0) return { ok: false, problems }

  const manifest = blobs.get(steps.at(-1)!.step.descriptor.digest)!
  const arrivals: Record<Arrival, number> = { present: 0, reflink: 0, hardlink: 0, copy: 0 }
  const put = async (blob: LocatedBlob): Promise<Arriving> => {
    try {
      const at = places.get(blob.digest)!
      return await putBlob(root, blob, { layout: image.layout.path, at }, mode, verified, signal)
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
  for (const blob of blobs.values()) {
    if (blob === manifest) continue
    if (signal?.aborted === true) break
    underway.push(put(blob))
    await breathe()
  }
  // Of all of them, before one's failure is thrown: nothing is still being written then.
  const arrived = await Promise.all(underway)
  signal?.throwIfAborted()
  for (const arrival of arrived) count(arrival)
  if (problems.length === 0) count(await put(manifest))
  if (problems.length > 0) return { ok: false, problems }
  return ok({
    blobs: [...blobs.values()].map(({ digest, descriptor }) => ({ digest, size: descriptor.size })),
    arrivals,
    bytes: [...blobs.values()].reduce((sum, { descriptor }) => sum + descriptor.size, 0),
  })
}
