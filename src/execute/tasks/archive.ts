/** `archive`: the verified image as one file. */
import path from 'node:path'
import { isArchiveOf, writeArchive, type ArchiveOptions } from '../../oci/write/archive.js'
import { sha256, type Digest } from '../../oci/digest.js'
import { compareFingerprints, fingerprint, type Fingerprint } from '../../plan/fingerprint.js'
import type { ArchiveTask } from '../../plan/task.js'
import { formatBytes } from '../../util/format.js'
import { exists, fileIdentity, removeTemporaries, statIfThere } from '../../util/fs.js'
import { canonicalJson } from '../../util/json.js'
import type { Handler, Outputs, TaskContext } from '../handler.js'
import { checkArchive } from '../output/output.js'

export const archive: Handler<'archive'> = {
  async check(task, context) {
    const stamp = context.state.stamps.read(task.id)
    if (stamp === undefined) return { fresh: false, reasons: [{ code: 'never-done' }] }
    const reasons = compareFingerprints(stamp.fingerprint, fingerprintOf(task, context))
    if (reasons.length > 0) return { fresh: false, reasons }
    if (statIfThere(task.file) === undefined) {
      return { fresh: false, reasons: [{ code: 'output-missing', file: task.file }] }
    }
    if (!(await isWritten(task, context))) {
      return { fresh: false, reasons: [{ code: 'output-altered', file: task.file }] }
    }
    return { fresh: true, output: { file: task.file }, detail: task.file, evidence: { identities: [task.file] } }
  },

  async run(task, context) {
    const strange = await checkArchive(task.file, context.state.wroteArchive(task.file))
    if (strange !== undefined) return { ok: false, problems: [strange] }
    context.state.notePlace(task.target, 'output.archive', task.file)
    if (exists(path.dirname(task.file))) removeTemporaries(task.file)
    // The stamp stays until it is replaced: it says whose the file is, and the content decides whether it holds.
    const written = await writeArchive(task.directory, blobsOf(task, context), task.file, optionsOf(context))
    if (!written.ok) return written
    const stat = statIfThere(task.file)
    if (stat !== undefined) context.verified.add(task.file, fileIdentity(stat), contentKey(task, context))
    context.state.stamps.write(task.id, { fingerprint: fingerprintOf(task, context), output: null })
    const detail = `${task.file}, ${formatBytes(written.value.size)}`
    return { ok: true, output: { file: task.file }, detail }
  },

  async foresee(task) {
    return { file: task.file }
  },
}

/** A file of another identity (touched, copied, restored) is compared with what would be written. */
async function isWritten(task: ArchiveTask, context: TaskContext): Promise<boolean> {
  const stat = statIfThere(task.file)
  if (stat?.isFile() !== true) return false
  const key = contentKey(task, context)
  if (context.verified.has(task.file, fileIdentity(stat), key)) return true
  if (!(await isArchiveOf(task.directory, blobsOf(task, context), task.file, optionsOf(context)))) return false
  context.verified.add(task.file, fileIdentity(stat), key)
  return true
}

/** Stands for the archive's bytes, which follow from it: to hash them would cost more than to write them. */
function contentKey(task: ArchiveTask, context: TaskContext): Digest {
  return sha256(canonicalJson(fingerprintOf(task, context).inputs))
}

function blobsOf(task: ArchiveTask, context: TaskContext): string[] {
  return imageOf(task, context).blobs.map(({ digest }) => digest)
}

function optionsOf({ options, verified, stop }: TaskContext): ArchiveOptions {
  return { mtime: options.sourceDate, verified, signal: stop }
}

function imageOf(task: ArchiveTask, context: TaskContext): Outputs['verify'] {
  return context.outputOf(task.verify, 'verify')
}

function fingerprintOf(task: ArchiveTask, context: TaskContext): Fingerprint {
  const { digest, indexJson } = imageOf(task, context)
  return fingerprint({
    'output.archive': context.state.relative(task.file),
    SOURCE_DATE_EPOCH: context.options.sourceDate,
    index: digest,
    indexJson,
  })
}
