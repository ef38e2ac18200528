/** `archive`: the verified image as one file. */
import { writeArchive } from '../../oci/archive.js'
import { compareFingerprints, fingerprint, type Fingerprint } from '../../plan/fingerprint.js'
import type { ArchiveTask } from '../../plan/task.js'
import { formatBytes } from '../../util/format.js'
import { fileIdentity, sameIdentity, statIfThere } from '../../util/fs.js'
import type { Handler, Outputs, TaskContext } from '../handler.js'
import { checkArchive } from '../output.js'

export const archive: Handler<'archive'> = {
  async check(task, context) {
    const stamp = context.state.stamps.read(task.id)
    if (stamp === undefined) return { fresh: false, reasons: [{ code: 'never-done' }] }
    const reasons = compareFingerprints(stamp.fingerprint, fingerprintOf(task, context))
    if (reasons.length > 0) return { fresh: false, reasons }
    const { identity } = stamp.output as { identity: string }
    const stat = statIfThere(task.file)
    if (stat === undefined) return { fresh: false, reasons: [{ code: 'output-missing', file: task.file }] }
    if (!sameIdentity(identity, fileIdentity(stat))) {
      return { fresh: false, reasons: [{ code: 'output-altered', file: task.file }] }
    }
    return { fresh: true, output: { file: task.file }, detail: task.file, evidence: { identities: [task.file] } }
  },

  async run(task, context) {
    const strange = await checkArchive(task.file)
    if (strange !== undefined) return { ok: false, problems: [strange] }
    context.state.stamps.drop(task.id)
    const blobs = imageOf(task, context).blobs.map(({ digest }) => digest)
    const written = await writeArchive(task.directory, blobs, task.file, {
      mtime: context.options.sourceDate,
      verified: context.verified,
      signal: context.stop,
    })
    if (!written.ok) return written
    const stat = statIfThere(task.file)
    if (stat !== undefined) {
      context.state.stamps.write(task.id, {
        fingerprint: fingerprintOf(task, context),
        output: { identity: fileIdentity(stat) },
      })
    }
    const detail = `${task.file}, ${formatBytes(written.value.size)}`
    return { ok: true, output: { file: task.file }, detail }
  },

  async foresee(task) {
    return { file: task.file }
  },
}

function imageOf(task: ArchiveTask, context: TaskContext): Outputs['verify'] {
  return context.outputOf(task.dependsOn[0]!, 'verify')
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
