/** JSON files that may be lost or damaged at any time. */
import { readFileIfThere } from '../util/fs.js'

/** Nothing for a file that is not there, cannot be read, or holds something else. */
export function readJsonRecord(file: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(readFileIfThere(file)?.toString('utf8') ?? '{}')
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : {}
  } catch {
    return {}
  }
}
