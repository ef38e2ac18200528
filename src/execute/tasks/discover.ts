/** `discover`: a few stats and three small documents, so they are looked at each time. */
import { shortDigest } from '../../oci/digest.js'
import type { Image } from '../../oci/image/image.js'
import type { SelectedImage } from '../../oci/image/select.js'
import { formatPlatform } from '../../oci/platform.js'
import { compareFingerprints, fingerprint, type Fingerprint } from '../../plan/fingerprint.js'
import type { DiscoverTask } from '../../plan/task.js'
import type { Handler } from '../handler.js'
import { findSameImage } from '../../discover/shared-place.js'

export const discover: Handler<'discover'> = {
  async check(task, context) {
    const found = await context.image(task)
    if (!found.ok) return { fresh: false, reasons: [{ code: 'image-missing' }] }
    const { image, notices, evidence } = found.value
    // Said by `run`.
    if ((await findSameImage(task, context)).length > 0) return { fresh: false, reasons: [{ code: 'image-missing' }] }
    const stamp = context.state.stamps.read(task.id)
    if (stamp === undefined) return { fresh: false, reasons: [{ code: 'never-done' }] }
    const reasons = compareFingerprints(stamp.fingerprint, fingerprintOf(task, image))
    if (reasons.length > 0) return { fresh: false, reasons }
    for (const notice of notices) context.notice(notice)
    return { fresh: true, output: { image }, detail: describe(task, image), evidence: { files: evidence } }
  },

  async run(task, context) {
    const found = await context.image(task)
    if (!found.ok) return { ok: false, problems: found.problems }
    const shared = await findSameImage(task, context)
    if (shared.length > 0) return { ok: false, problems: shared }
    const { image, notices } = found.value
    for (const notice of notices) context.notice(notice)
    context.state.stamps.write(task.id, { fingerprint: fingerprintOf(task, image), output: null })
    return { ok: true, output: { image }, detail: describe(task, image) }
  },

  async foresee(task, context) {
    const found = await context.image(task)
    return found.ok ? { image: found.value.image } : undefined
  },
}

function fingerprintOf(task: DiscoverTask, image: Image): Fingerprint {
  return fingerprint({ manifests: { [formatPlatform(task.platform ?? image.platform)]: image.digest } })
}

/** With the platform, where the task's title cannot say it. */
function describe(task: DiscoverTask, { layout, digest, platform }: SelectedImage): string {
  const found = `${layout.path} ${shortDigest(digest)}`
  return task.platform === undefined ? `${found} ${formatPlatform(platform)}` : found
}
