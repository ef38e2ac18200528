/** `merge`: the blobs of one platform's image into the output. */
import path from 'node:path'
import { blobPath, parseDigest } from '../../oci/digest.js'
import { mergeImage } from '../../oci/merge.js'
import { formatPlatform } from '../../oci/platform.js'
import type { Image } from '../../oci/image.js'
import { isKnownWhole, isWhole } from '../../oci/store.js'
import { manifestSteps } from '../../oci/walk.js'
import { compareFingerprints, fingerprint, type Fingerprint } from '../../plan/fingerprint.js'
import type { Reason } from '../../plan/reason.js'
import type { MergeTask } from '../../plan/task.js'
import { count, formatBytes } from '../../util/format.js'
import { exists } from '../../util/fs.js'
import type { Json } from '../../util/json.js'
import type { Handler, Outputs, TaskContext } from '../handler.js'
import type { BlobRecord } from '../image-record.js'
import { checkApart, checkOutput } from '../output.js'

export const merge: Handler<'merge'> = {
  async check(task, context) {
    const image = imageOf(task, context)
    const stamp = context.state.stamps.read(task.id)
    if (stamp === undefined) return { fresh: false, reasons: [{ code: 'never-done' }] }
    const reasons = compareFingerprints(stamp.fingerprint, fingerprintOf(task, image, context))
    if (reasons.length > 0) return { fresh: false, reasons }
    const blobs = stamp.output as unknown as BlobRecord[]
    const altered = await alteredBlobs(task.directory, blobs, context)
    if (altered.length > 0) return { fresh: false, reasons: altered }
    const evidence = { identities: blobFiles(task.directory, blobs) }
    return { fresh: true, output: outputOf(image, blobs), detail: count(blobs.length, 'blob'), evidence }
  },

  async run(task, context) {
    const image = imageOf(task, context)
    const strange = (await checkApart(task.directory, image.layout.path)) ?? (await checkOutput(task.directory))
    if (strange !== undefined) return { ok: false, problems: [strange] }
    context.state.stamps.drop(task.id)
    const merged = await mergeImage(image, task.directory, task.link, context.verified, context.stop)
    if (!merged.ok) return merged
    const { blobs, arrivals, bytes } = merged.value
    context.state.stamps.write(task.id, {
      fingerprint: fingerprintOf(task, image, context),
      output: toJson(blobs),
    })
    const ways = [
      arrivals.reflink > 0 ? `${arrivals.reflink} reflinked` : '',
      arrivals.hardlink > 0 ? `${arrivals.hardlink} hard-linked` : '',
      arrivals.copy > 0 ? `${arrivals.copy} copied` : '',
      arrivals.present > 0 ? `${arrivals.present} already there` : '',
    ].filter((way) => way !== '')
    const detail = `${count(blobs.length, 'blob')}, ${formatBytes(bytes)}: ${ways.join(', ')}`
    return { ok: true, output: outputOf(image, blobs), detail }
  },

  async foresee(task, context) {
    const image = imageOf(task, context)
    const descriptors = [...manifestSteps(image.manifest).map(({ descriptor }) => descriptor), image.descriptor]
    const blobs = new Map(descriptors.map(({ digest, size }) => [digest, { digest, size }]))
    return outputOf(image, [...blobs.values()])
  },
}

/** Interfaces are not assignable to index signatures, so each record is spelled out. */
function toJson(blobs: readonly BlobRecord[]): Json {
  return blobs.map(({ digest, size }) => ({ digest, size }))
}

/** The first dependency is the platform's own discover task; the others are there to hold back a useless merge. */
function imageOf(task: MergeTask, context: TaskContext): Image {
  return context.outputOf(task.dependsOn[0]!, 'discover').image
}

function fingerprintOf(task: MergeTask, image: Image, context: TaskContext): Fingerprint {
  return fingerprint({
    'output.directory': context.state.relative(task.directory),
    'output.link': task.link,
    manifests: { [formatPlatform(image.platform)]: image.digest },
  })
}

function outputOf(image: Image, blobs: readonly BlobRecord[]): Outputs['merge'] {
  const { mediaType, digest, size } = image.descriptor
  return { platform: image.platform, manifest: { mediaType, digest, size }, blobs }
}

/** Where the blobs are. */
export function blobFiles(directory: string, blobs: readonly BlobRecord[]): string[] {
  return blobs.flatMap(({ digest: text }) => {
    const digest = parseDigest(text)
    return digest === undefined ? [] : [path.join(directory, blobPath(digest))]
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
    const file = path.join(directory, blobPath(digest))
    if (isKnownWhole(file, digest, size, context.verified)) continue
    if (await isWhole(file, digest, size, context.verified)) continue
    return [{ code: exists(file) ? 'output-altered' : 'output-missing', file }]
  }
  return []
}
