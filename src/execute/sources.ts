/** The content of a target's declared sources, for its fingerprint. */
import { createHash } from 'node:crypto'
import { promises as fs } from 'node:fs'
import path from 'node:path'
import glob from 'fast-glob'
import { compareCodeUnits } from '../util/json.js'
import { errorText } from '../util/fs.js'
import { fail, ok, type Result, type StateProblem } from '../util/problem.js'

export interface SourceFiles {
  /** By path relative to the root: SHA-256 of the content; of a link, where it points to. */
  readonly files: Readonly<Record<string, string>>
  /** Patterns that match no file. */
  readonly empty: readonly string[]
}

/** Reads every file that the patterns match. One that cannot be read is an error, never "unchanged". */
export async function readSources(
  root: string,
  patterns: readonly string[],
): Promise<Result<SourceFiles, StateProblem>> {
  const ignore = patterns.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1))
  const problems: StateProblem[] = []
  const empty: string[] = []
  const files = new Map<string, string>()
  for (const pattern of patterns.filter((candidate) => !candidate.startsWith('!'))) {
    let names: string[]
    try {
      // Not `onlyFiles`, which leaves dangling links out: one that begins to point somewhere is a change too.
      const entries = await glob(pattern, { cwd: root, ignore, dot: true, onlyFiles: false, objectMode: true })
      names = entries.filter(({ dirent }) => !dirent.isDirectory()).map((entry) => entry.path)
    } catch (error) {
      problems.push({ code: 'source-unreadable', pattern, path: root, found: errorText(error) })
      continue
    }
    if (names.length === 0) empty.push(pattern)
    for (const name of names) {
      if (files.has(name)) continue
      try {
        files.set(name, await contentOf(path.join(root, name)))
      } catch (error) {
        problems.push({ code: 'source-unreadable', pattern, path: name, found: errorText(error) })
      }
    }
  }
  if (problems.length > 0) return fail(...problems)
  const sorted = [...files].toSorted(([a], [b]) => compareCodeUnits(a, b))
  return ok({ files: Object.fromEntries(sorted), empty })
}

async function contentOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  const stat = await fs.lstat(file)
  if (stat.isSymbolicLink()) {
    hash.update(`link ${await fs.readlink(file)}\n`)
    const target = await fs.stat(file).catch(() => undefined)
    if (target?.isFile() !== true) return hash.digest('hex')
  }
  return hash.update(await fs.readFile(file)).digest('hex')
}
