import fs from 'node:fs'
import path from 'node:path'

/** Nothing of a file that cannot be read: a survey takes what there is. */
export function readText(root: string, file: string): string {
  try {
    return fs.readFileSync(path.resolve(root, file), 'utf8')
  } catch {
    return ''
  }
}
