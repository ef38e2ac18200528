/** `merge`: the blobs of one platform's image into the output. */
import { blobFile, parseDigest } from '../../oci/digest.js'
import { locateParts, mergeImage, type PartOptions } from '../../oci/write/merge.js'
import { formatPlatform } from '../../oci/platform.js'
import { isAbsentEntry } from '../../oci/read/read-blob.js'
import type { SelectedImage } from '../../oci/image/select.js'
import { isKnownWhole, isWhole } from '../../oci/write/store.js'
import { compareFingerprints, fingerprint, type Fingerprint } from '../../plan/fingerprint.js'
import type { Reason } from '../../plan/reason.js'
import type { MergeTask } from '../../plan/task.js'
import { count, formatBytes } from '../../util/format.js'
import { exists } from '../../util/fs.js'
import type { Json } from '../../util/json.js'
import type { StateProblem } from '../../problem/problem.js'
import type { Handler, Outputs, TaskContext } from '../handler.js'
import type { AttestationRecord, BlobRecord } from '../output/image-record.js'
import { checkApart, checkOutput } from '../output/output.js'
import { recordedMerge, type RecordedMerge } from '../output/recorded.js'

export const merge: Handler<'merge'> = {
  async check(task, context) {
    const image = imageOf(task, context)
    const stamp = context.state.stamps.read(task.id)
    if (stamp === undefined) return { fresh: false, reasons: [{ code: 'never-done' }] }
    const reasons = compareFingerprints(stamp.fingerprint, fingerprintOf(task, image, context))
    if (reasons.length > 0) return { fresh: false, reasons }
    const recorded = recordedMerge(stamp.output)
    if (recorded === undefined) return { fresh: false, reasons: [{ code: 'never-done' }] }
    const { blobs, absent } = recorded
    if (!isComplete(image, recorded)) return { fresh: false, reasons: [{ code: 'never-done' }] }
    const altered = await alteredBlobs(task.directory, blobs, context)
    if (altered.length > 0) return { fresh: false, reasons: altered }
    const gone = absent.flatMap((digest) => parseDigest(digest) ?? [])
    const arrived = gone.filter((digest) => image.layout.locate(digest) !== undefined)
    if (arrived.length > 0) {
      const to = absent.length - arrived.length
      return { fresh: false, reasons: [{ code: 'input-changed', input: 'absent layers', from: absent.length, to }] }
    }
    const evidence = {
      files: gone.map((digest) => blobFile(image.layout.path, digest)),
      identities: blobFiles(task.directory, blobs),
    }
    return { fresh: true, output: outputOf(task, image, blobs), detail: count(blobs.length, 'blob'), evidence }
  },

  async run(task, context) {
    const image = imageOf(task, context)
    const strange = checkPlaces(task, image, context) ?? (await checkOutput(task.directory))
    if (strange !== undefined) return { ok: false, problems: [strange] }
    context.state.stamps.drop(task.id)
    context.state.notePlace(task.target, 'output.directory', task.directory)
    const dropped = image.attestations.filter(({ descriptor }) => !isAbsentEntry(image.layout, descriptor)).length
    if (task.attestations === 'drop' && dropped > 0) {
      const platform = formatPlatform(image.platform)
      context.notice({ code: 'attestations-dropped', target: task.target, platform, count: dropped })
    }
    if (image.strayAttestations.length > 0) {
      context.notice({ code: 'attestations-stray', layout: image.layout.path, count: image.strayAttestations.length })
    }
    const merged = await mergeImage(image, task.directory, {
      ...partOptions(task),
      link: task.link,
      verified: context.verified,
      signal: context.stop,
    })
    if (!merged.ok) return merged
    const { blobs, absent, arrivals, bytes } = merged.value
    context.state.stamps.write(task.id, {
      fingerprint: fingerprintOf(task, image, context),
      output: { blobs: toJson(blobs), absent: absent.map(({ digest }) => digest) },
    })
    const ways = [
      arrivals.reflink > 0 ? `${arrivals.reflink} reflinked` : '',
      arrivals.hardlink > 0 ? `${arrivals.hardlink} hard-linked` : '',
      arrivals.copy > 0 ? `${arrivals.copy} copied` : '',
      arrivals.present > 0 ? `${arrivals.present} already there` : '',
      absent.length > 0 ? count(absent.length, 'absent layer') : '',
    ].filter((way) => way !== '')
    const detail = `${count(blobs.length, 'blob')}, ${formatBytes(bytes)}: ${ways.join(', ')}`
    return { ok: true, output: outputOf(task, image, blobs), detail }
  },

  async foresee(task, context) {
    const image = imageOf(task, context)
    const parts = locateParts(image, partOptions(task))
    if (!parts.ok) return undefined
    return outputOf(
      task,
      image,
      parts.value.blobs.map(({ digest, descriptor: { size } }) => ({ digest, size })),
    )
  },
}

/** Whether the record lists all that the image consists of: a damaged one may have the right shape. */
function isComplete({ digest, manifest }: SelectedImage, { blobs, absent }: RecordedMerge): boolean {
  const listed = new Set([...absent, ...blobs.map((blob) => blob.digest)])
  return [digest, manifest.config.digest, ...manifest.layers.map((layer) => layer.digest)].every((part) =>
    listed.has(part),
  )
}

function partOptions({ allowAbsentLayers, attestations }: MergeTask): PartOptions {
  return { allowAbsentLayers, keepAttestations: attestations === 'keep' }
}

/** Interfaces are not assignable to index signatures, so each record is spelled out. */
function toJson(blobs: readonly BlobRecord[]): Json {
  return blobs.map(({ digest, size }) => ({ digest, size }))
}

/** Neither the output nor its archive may take the place of what it is made from. */
function checkPlaces(task: MergeTask, image: SelectedImage, context: TaskContext): StateProblem | undefined {
  const archives = context.plan.tasks.flatMap((other) =>
    other.kind === 'archive' && other.directory === task.directory ? [other.file] : [],
  )
  for (const place of [task.directory, ...archives]) {
    const problem = checkApart(place, image.layout.path)
    if (problem !== undefined) return problem
  }
  return undefined
}

function imageOf(task: MergeTask, context: TaskContext): SelectedImage {
  return context.outputOf(task.discover, 'discover').image
}

function fingerprintOf(task: MergeTask, image: SelectedImage, context: TaskContext): Fingerprint {
  return fingerprint({
    allowAbsentLayers: task.allowAbsentLayers,
    attestations: attestationsOf(task, image).map(({ digest }) => digest),
    'output.directory': context.state.relative(task.directory),
    'output.link': task.link,
    manifests: { [formatPlatform(image.platform)]: image.digest },
  })
}

function outputOf(task: MergeTask, image: SelectedImage, blobs: readonly BlobRecord[]): Outputs['merge'] {
  const { mediaType, digest, size } = image.descriptor
  const attestations = attestationsOf(task, image)
  return { platform: image.platform, manifest: { mediaType, digest, size }, attestations, blobs }
}

function attestationsOf(task: MergeTask, image: SelectedImage): AttestationRecord[] {
  if (task.attestations === 'drop') return []
  return image.attestations.map(({ descriptor }) => {
    const { mediaType, digest, size, annotations = {} } = descriptor
    return { mediaType, digest, size, annotations }
  })
}

/** Where the blobs are. */
export function blobFiles(directory: string, blobs: readonly BlobRecord[]): string[] {
  return blobs.flatMap(({ digest: text }) => {
    const digest = parseDigest(text)
    return digest === undefined ? [] : [blobFile(directory, digest)]
  })
}

/** Blobs that are gone or hold other bytes. One that was touched since it was last found good is read. */
export async function alteredBlobs(
  directory: string,
  blobs: readonly BlobRecord[],
  context: Pick<TaskContext, 'verified'>,
): Promise<Reason[]> {
  for (const { digest: text, size } of blobs) {
    const digest = parseDigest(text)
    if (digest === undefined) return [{ code: 'never-done' }]
    const file = blobFile(directory, digest)
    if (isKnownWhole(file, digest, size, context.verified)) continue
    if (await isWhole(file, digest, size, context.verified)) continue
    return [{ code: exists(file) ? 'output-altered' : 'output-missing', file }]
  }
  return []
}
