/** `index`: writes the image index, and the `index.json` that is to be, beside the one that is. */
import path from 'node:path'
import { parseDigest, sha256 } from '../../oci/digest.js'
import { mediaTypes } from '../../oci/documents.js'
import { writeIndex, type IndexEntry } from '../../oci/write/image-index.js'
import { layoutVersion } from '../../oci/read/layout.js'
import { formatPlatform } from '../../oci/platform.js'
import { checkTogether } from '../../oci/image/image.js'
import { putBytes } from '../../oci/write/store.js'
import { compareFingerprints, fingerprint, type Fingerprint } from '../../plan/fingerprint.js'
import type { Reason } from '../../plan/reason.js'
import type { IndexTask } from '../../plan/task.js'
import { count } from '../../util/format.js'
import { statIfThere, writeFileAtomic } from '../../util/fs.js'
import { readOwnFile } from '../../util/read-file.js'
import { canonicalJson, type Json } from '../../util/json.js'
import type { Handler, Outputs, TaskContext } from '../handler.js'
import type { BlobRecord, ImageRecord } from '../output/image-record.js'
import { checkArchive, checkOutput } from '../output/output.js'
import { stagedIndexFile } from '../output/output-files.js'
import { alteredBlobs, blobFiles } from './merge.js'

/** The content of `oci-layout`. */
const marker = JSON.stringify({ imageLayoutVersion: layoutVersion })

export const index: Handler<'index'> = {
  async check(task, context) {
    const stamp = context.state.stamps.read(task.id)
    if (stamp === undefined) return { fresh: false, reasons: [{ code: 'never-done' }] }
    const reasons = compareFingerprints(stamp.fingerprint, fingerprintOf(task, context))
    if (reasons.length > 0) return { fresh: false, reasons }
    const { output } = compose(task, context)
    // A damaged stamp may still be JSON of the right shape. What follows from the inputs is not taken from it.
    if (canonicalJson(stamp.output) !== canonicalJson(output as unknown as Json))
      return { fresh: false, reasons: [{ code: 'never-done' }] }
    const staged = path.join(task.output.directory, stagedIndexFile)
    if (statIfThere(staged) !== undefined) return { fresh: false, reasons: [{ code: 'output-staged', file: staged }] }
    const altered = await alteredOutput(task.output.directory, output, context)
    if (altered.length > 0) return { fresh: false, reasons: altered }
    const { directory } = task.output
    const own = output.blobs.filter(({ digest }) => digest === output.digest)
    const files = ['index.json', 'oci-layout'].map((name) => path.join(directory, name))
    return { fresh: true, output, detail: output.digest, evidence: { files, identities: blobFiles(directory, own) } }
  },

  async run(task, context) {
    const { directory, archive } = task.output
    // The archive too: its task comes when the image is in place already.
    const strange =
      (await checkOutput(directory)) ??
      (archive === undefined ? undefined : await checkArchive(archive, context.state.wroteArchive(archive)))
    if (strange !== undefined) return { ok: false, problems: [strange] }
    context.state.stamps.drop(task.id)
    const entries = entriesOf(task, context)
    const problems = checkTogether(entries, directory, (position) => [
      'index.json',
      `manifests[${position}] (${formatPlatform(entries[position]!.platform)})`,
    ])
    for (const { platform, mediaType } of entries) {
      if (task.output.mediaTypes === 'oci' || mediaType === mediaTypes.dockerManifest) continue
      problems.push({
        code: 'media-type',
        layout: directory,
        at: ['index.json', `the image of ${formatPlatform(platform)}`],
        expected: `${mediaTypes.dockerManifest}, as a Docker manifest list needs`,
        found: mediaType,
        next: "have every image made with Docker's media types, or set `output.mediaTypes` to 'oci' (mab merge: --media-types)",
      })
    }
    if (problems.length > 0) return { ok: false, problems }
    const { written, output } = compose(task, context)
    if (task.output.format === 'nested') await putBytes(directory, written.digest, written.bytes, context.verified)
    const markerFile = path.join(directory, 'oci-layout')
    if (readOwnFile(markerFile)?.toString('utf8') !== marker) writeFileAtomic(markerFile, marker)
    writeFileAtomic(path.join(directory, stagedIndexFile), written.indexJson)
    context.state.stamps.write(task.id, {
      fingerprint: fingerprintOf(task, context),
      output: output as unknown as Json,
    })
    return { ok: true, output, detail: `${written.digest} (${count(entries.length, 'platform')})` }
  },

  async foresee(task, context) {
    return compose(task, context).output
  },
}

/** The index as it is to be; nothing is written. */
function compose(
  task: IndexTask,
  context: TaskContext,
): { written: ReturnType<typeof writeIndex>; output: ImageRecord } {
  const entries = entriesOf(task, context)
  const written = writeIndex([...entries, ...attestationsOf(task, context)], task.output)
  const blobs = new Map<string, BlobRecord>()
  for (const { merge } of task.entries) {
    for (const blob of context.outputOf(merge, 'merge').blobs) blobs.set(blob.digest, blob)
  }
  if (task.output.format === 'nested') {
    blobs.set(written.digest, { digest: written.digest, size: written.bytes.length })
  }
  const output: ImageRecord = {
    digest: written.digest,
    indexJson: sha256(written.indexJson),
    index: { mediaType: written.mediaType, digest: written.digest, size: written.bytes.length },
    manifests: entries.map(({ platform, mediaType, digest, size }) => ({
      platform,
      mediaType,
      digest,
      size,
    })),
    blobs: [...blobs.values()],
  }
  return { written, output }
}

function entriesOf(task: IndexTask, context: TaskContext): IndexEntry[] {
  return task.entries.map(({ merge, annotations }) => {
    const { manifest, platform } = context.outputOf(merge, 'merge')
    return { ...manifest, platform, annotations }
  })
}

/** Behind all images, so that the first entry which fits a reader's platform is one. */
function attestationsOf(task: IndexTask, context: TaskContext): IndexEntry[] {
  const attestations = task.entries.flatMap(({ merge }) => context.outputOf(merge, 'merge').attestations)
  return attestations.map((attestation) => ({ ...attestation, platform: { os: 'unknown', architecture: 'unknown' } }))
}

function fingerprintOf(task: IndexTask, context: TaskContext): Fingerprint {
  const { directory, format, mediaTypes: types, reference, references, name, annotations } = task.output
  const entries = entriesOf(task, context)
  return fingerprint({
    'output.annotations': annotations,
    attestations: attestationsOf(task, context).map(({ digest, annotations: own = {} }) => [digest, own]),
    'output.directory': context.state.relative(directory),
    'output.format': format,
    'output.mediaTypes': types,
    'output.name': name ?? null,
    'output.reference': reference ?? null,
    'output.references': references,
    'platform annotations': Object.fromEntries(
      task.entries
        .filter((entry) => Object.keys(entry.annotations).length > 0)
        .map((entry) => [entry.key, entry.annotations]),
    ),
    manifests: Object.fromEntries(entries.map(({ platform, digest }) => [formatPlatform(platform), digest])),
    platforms: entries.map(({ platform }) => formatPlatform(platform)),
    systems: entries.map(({ platform }) => [platform['os.version'] ?? null, platform['os.features'] ?? null]),
  })
}

/** The image in place must be the recorded one: A -> B -> A would otherwise find A's stamp and B's image. */
async function alteredOutput(directory: string, output: Outputs['index'], context: TaskContext): Promise<Reason[]> {
  const expected = { 'index.json': output.indexJson, 'oci-layout': sha256(marker) }
  for (const [name, digest] of Object.entries(expected)) {
    const file = path.join(directory, name)
    const stat = statIfThere(file)
    if (stat === undefined) return [{ code: 'output-missing', file }]
    const content = stat.isFile() ? readOwnFile(file) : undefined
    if (content === undefined || sha256(content) !== digest) return [{ code: 'output-altered', file }]
  }
  const own = output.blobs.filter(({ digest }) => digest === output.digest && parseDigest(digest) !== undefined)
  return alteredBlobs(directory, own, context)
}
