/** JSON files that may be lost or damaged at any time. */
import { replaceFile } from '../../util/fs.js'
import { isRecord } from '../../util/json.js'
import { maximumRecord, readOwnFile } from '../../util/read-file.js'

/** Nothing for a file that is not there, cannot be read, or holds something else. */
export function readJsonRecord(file: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(readOwnFile(file)?.toString('utf8') ?? '{}')
    return isRecord(value) ? value : {}
  } catch {
    return {}
  }
}

/** Writes nothing larger than what is read: then there is no record, and each run looks at the files themselves. */
export function writeJsonRecord(file: string, value: Readonly<Record<string, unknown>>): void {
  const text = JSON.stringify(value)
  replaceFile(file, Buffer.byteLength(text) > maximumRecord ? '{}' : text)
}
