/** The content of a target's declared sources, for its fingerprint. */
import { createHash } from 'node:crypto'
import fs, { type Stats } from 'node:fs'
import path from 'node:path'
import { sha256 } from '../oci/digest.js'
import { canonicalJson, compareCodeUnits } from '../util/json.js'
import { errorCode, errorText } from '../util/fs.js'
import { tracingFileSystem } from '../util/trace.js'
import { fail, ok, type Result, type StateProblem } from '../util/problem.js'
import type { SourceCache } from './source-cache.js'

export interface SourceFiles {
  /** By path relative to the root: SHA-256 of the content, and whether it can be run; of a link, where it points to. */
  readonly files: Readonly<Record<string, string>>
  /** Of `files` as a whole. */
  readonly digest: string
  /** Patterns that match no file. */
  readonly empty: readonly string[]
  /** The files, and every directory that was looked into. Absolute. */
  readonly evidence: readonly string[]
}

/** What is never a source, whatever the patterns say: it changes by itself. */
const neverSources = ['.mab/**', '**/.git', '**/.git/**']

/**
 * Looks at every file that the patterns match, and reads those that `known` does not know. One that cannot be read is
 * an error, never "unchanged".
 * @param now ms since the epoch
 */
export async function readSources(
  root: string,
  patterns: readonly string[],
  known: SourceCache,
  now = Date.now(),
): Promise<Result<SourceFiles, StateProblem>> {
  // Only now: loading it takes longer than most of what a run without sources does.
  const { default: glob } = await import('fast-glob')
  const excluded = patterns.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1))
  const problems: StateProblem[] = []
  const empty: string[] = []
  const files = new Map<string, string>()
  const evidence = new Set<string>()
  const traced = tracingFileSystem(root, evidence)
  for (const pattern of patterns.filter((candidate) => !candidate.startsWith('!'))) {
    let names: string[]
    try {
      // Not `onlyFiles`, which leaves dangling links out: one that begins to point somewhere is a change too.
      const options = { cwd: root, ignore: [...neverSources, ...excluded], dot: true, onlyFiles: false, fs: traced }
      names = glob
        .sync(pattern, { ...options, objectMode: true })
        .filter(({ dirent }) => !dirent.isDirectory())
        .map((entry) => entry.path)
    } catch (error) {
      const where = (error as NodeJS.ErrnoException).path ?? root
      problems.push({ code: 'source-unreadable', pattern, path: path.relative(root, where), found: errorText(error) })
      continue
    }
    if (names.length === 0) empty.push(pattern)
    for (const name of names) {
      if (files.has(name)) continue
      const file = path.join(root, name)
      evidence.add(file)
      try {
        files.set(name, contentOf(name, file, known, now))
      } catch (error) {
        problems.push({ code: 'source-unreadable', pattern, path: name, found: errorText(error) })
      }
    }
  }
  if (problems.length > 0) return fail(...problems)
  const sorted = Object.fromEntries([...files].toSorted(([a], [b]) => compareCodeUnits(a, b)))
  return ok({ files: sorted, digest: sha256(canonicalJson(sorted)), empty, evidence: [...evidence] })
}

function contentOf(name: string, file: string, known: SourceCache, now: number): string {
  const stat = fs.lstatSync(file)
  if (!stat.isSymbolicLink()) {
    const before = known.get(name, stat)
    if (before !== undefined) return before
    const content = readContent(file, stat)
    known.add(name, stat, content, now)
    return content
  }
  const link = `link ${fs.readlinkSync(file)}`
  // To nowhere, or round in a circle: then that is all there is to it.
  const target = statThrough(file)
  return target?.isFile() === true ? `${readContent(file, target)} ${link}` : link
}

function readContent(file: string, stat: Stats): string {
  // Opening a named pipe would wait for its other end.
  if (!stat.isFile()) throw new Error('neither a file nor a directory')
  const digest = createHash('sha256').update(fs.readFileSync(file)).digest('hex')
  return (stat.mode & 0o111) === 0 ? digest : `${digest} x`
}

function statThrough(file: string): Stats | undefined {
  try {
    return fs.statSync(file)
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ELOOP') return undefined
    throw error
  }
}
