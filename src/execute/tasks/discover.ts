/** `discover`: a few stats and three small documents, so it is done each time. */
import { shortDigest } from '../../oci/digest.js'
import { findImage } from '../find-image.js'
import type { Handler } from '../handler.js'

export const discover: Handler<'discover'> = {
  readOnly: true,

  async check() {
    return { fresh: false, reasons: [{ code: 'always-looks' }] }
  },

  async run(task, context) {
    const found = await findImage(task)
    if (!found.ok) return { ok: false, problems: found.problems }
    const { image, notices } = found.value
    for (const notice of notices) context.notice(notice)
    return { ok: true, output: { image }, detail: `${image.layout.path} ${shortDigest(image.digest)}` }
  },
}
