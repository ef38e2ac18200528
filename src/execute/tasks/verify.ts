/** `verify`: reads the written image back, and only when all is right lets it take the place of the one before. */
import path from 'node:path'
import { formatPlatform, type Platform } from '../../oci/platform.js'
import { verifyLayout } from '../../oci/verify/verify.js'
import { compareFingerprints, fingerprint, type Fingerprint } from '../../plan/fingerprint.js'
import type { VerifyTask } from '../../plan/task.js'
import { count, formatBytes } from '../../util/format.js'
import { renameOver, statIfThere } from '../../util/fs.js'
import type { Handler, Outputs, TaskContext } from '../handler.js'
import { collectGarbage } from '../output/output.js'
import { stagedIndexFile } from '../output/output-files.js'

export const verify: Handler<'verify'> = {
  async check(task, context) {
    const index = indexOf(task, context)
    const stamp = context.state.stamps.read(task.id)
    if (stamp === undefined) return { fresh: false, reasons: [{ code: 'never-done' }] }
    // First, so that a plan, in which nothing is staged yet, gives the reason that the run gives.
    const reasons = compareFingerprints(stamp.fingerprint, fingerprintOf(task, index, context))
    if (reasons.length > 0) return { fresh: false, reasons }
    const staged = path.join(task.directory, stagedIndexFile)
    if (statIfThere(staged) !== undefined) return { fresh: false, reasons: [{ code: 'output-staged', file: staged }] }
    // The blobs were looked at by the tasks that put them there.
    return { fresh: true, output: index, detail: count(index.blobs.length, 'blob'), evidence: { files: [staged] } }
  },

  async run(task, context) {
    context.state.stamps.drop(task.id)
    const index = indexOf(task, context)
    const staged = path.join(task.directory, stagedIndexFile)
    const isStaged = statIfThere(staged) !== undefined
    const report = await verifyLayout(task.directory, {
      ...(isStaged ? { indexFile: stagedIndexFile } : {}),
      platforms: platformsOf(task, index),
      allowAbsentLayers: task.allowAbsentLayers,
      verified: context.verified,
      signal: context.stop,
    })
    const problems = report.ok ? report.value.problems : report.problems
    if (problems.length > 0 || !report.ok) return { ok: false, problems }

    if (isStaged) renameOver(staged, path.join(task.directory, 'index.json'))
    const kept = await collectGarbage(task.directory)
    if (kept !== undefined) context.notice({ code: 'garbage-kept', directory: task.directory, found: kept })
    context.state.stamps.write(task.id, { fingerprint: fingerprintOf(task, index, context), output: null })
    const { blobs, bytes, images } = report.value
    const detail = `${count(images.length, 'platform')}, ${count(blobs.length, 'blob')}, ${formatBytes(bytes)}`
    return { ok: true, output: index, detail }
  },

  async foresee(task, context) {
    return indexOf(task, context)
  },
}

function indexOf(task: VerifyTask, context: TaskContext): Outputs['index'] {
  return context.outputOf(task.index, 'index')
}

/** What the plan leaves open is what the images turned out to be. */
function platformsOf(task: VerifyTask, index: Outputs['index']): Platform[] {
  return task.platforms.map((platform, position) => platform ?? index.manifests[position]!.platform)
}

function fingerprintOf(task: VerifyTask, index: Outputs['index'], context: TaskContext): Fingerprint {
  return fingerprint({
    allowAbsentLayers: task.allowAbsentLayers,
    'output.directory': context.state.relative(task.directory),
    index: index.digest,
    indexJson: index.indexJson,
    platforms: platformsOf(task, index).map(formatPlatform),
  })
}
