/** Errors of the system as problems. */
import fs from 'node:fs'
import path from 'node:path'
import { errorCode, errorText } from '../util/fs.js'
import type { StateProblem } from './problem.js'

/** An error of the system (disk full, no permission), which is the machine's; `undefined` for anything else, a bug. */
export function systemProblem(error: unknown): StateProblem | undefined {
  if (!(error instanceof Error) || !('syscall' in error)) return undefined
  const where = 'path' in error && typeof error.path === 'string' ? error.path : ''
  const code = errorCode(error)
  const found = errorText(error).replace(`${code}: `, '')
  const owner = code === 'EACCES' || code === 'EPERM' ? otherOwner(where) : {}
  return { code: 'file-system', operation: String(error.syscall), path: where, found: `${found} (${code})`, ...owner }
}

/** Whom the file, or the nearest directory above it that is there, belongs to when that is another user. */
function otherOwner(file: string): { readonly owner?: { readonly place: string; readonly uid: number } } {
  if (!path.isAbsolute(file)) return {}
  for (let place = file; ; place = path.dirname(place)) {
    try {
      const { uid } = fs.lstatSync(place)
      return uid === process.geteuid?.() ? {} : { owner: { place, uid } }
    } catch {
      if (place === path.dirname(place)) return {}
    }
  }
}
