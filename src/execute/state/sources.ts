/** The content of a target's declared sources, for its fingerprint. */
import { createHash } from 'node:crypto'
import fs, { type Stats } from 'node:fs'
import path from 'node:path'
import { sha256 } from '../../oci/digest.js'
import { canonicalJson, compareCodeUnits } from '../../util/json.js'
import { errorCode, errorText, isWithin } from '../../util/fs.js'
import { parseSourcePattern, type SourcePattern } from '../../util/source-pattern.js'
import { tracingFileSystem } from '../../util/trace.js'
import { fail, ok, type Result, type StateProblem } from '../../problem/problem.js'
import type { SourceCache } from './source-cache.js'

export interface SourceFiles {
  /** By path, see `nameFile`: SHA-256 of the content, and whether it can be run; of a link, where it points to. */
  readonly files: Readonly<Record<string, string>>
  /** Of `files` as a whole. */
  readonly digest: string
  /** Patterns that match no file. */
  readonly empty: readonly string[]
  /** The files, and every directory that was looked into. Absolute. */
  readonly evidence: readonly string[]
}

/** What is never a source, whatever the patterns say: it changes by itself. Python keeps compiled code in `__pycache__`. */
const neverSources = ['**/.mab/**', '**/.git', '**/.git/**', '**/__pycache__/**']

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
  const parsed = patterns.map(parsePattern)
  // One directory that all patterns are below: `**` and exclusions do not match the `..` of what is above.
  const top = parsed.reduce(
    (above, pattern) => (isWithin(beginning(root, pattern), above) ? above : beginning(root, pattern)),
    root,
  )
  const place = (pattern: SourcePattern): string => {
    const leading = path.relative(top, beginning(root, pattern))
    return leading === '' ? pattern.below : `${glob.escapePath(leading)}/${pattern.below}`
  }
  const ignore = [...neverSources, ...parsed.filter(({ excludes }) => excludes).map(place)]
  const problems: StateProblem[] = []
  const empty: string[] = []
  const files = new Map<string, string>()
  const evidence = new Set<string>()
  for (const [position, pattern] of patterns.entries()) {
    const one = parsed[position]!
    if (one.excludes) continue
    let names: string[]
    try {
      // Not `onlyFiles`, which leaves dangling links out: one that begins to point somewhere is a change too.
      const options = { cwd: top, ignore, dot: true, onlyFiles: false, objectMode: true } as const
      const traced = tracingFileSystem(beginning(root, one), evidence)
      names = glob
        .sync(place(one), { ...options, fs: traced })
        .filter(({ dirent }) => !dirent.isDirectory())
        .map((entry) => nameFile(path.join(top, entry.path), root, one))
    } catch (error) {
      const where = (error as NodeJS.ErrnoException).path ?? root
      problems.push({ code: 'source-unreadable', pattern, path: path.relative(root, where), found: errorText(error) })
      continue
    }
    if (names.length === 0) empty.push(pattern)
    for (const name of names) {
      if (files.has(name)) continue
      const file = path.resolve(root, name)
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

/** The config's rules have refused what cannot be parsed. */
function parsePattern(pattern: string): SourcePattern {
  const parsed = parseSourcePattern(pattern)
  if ('error' in parsed) throw new Error(`${pattern}: ${parsed.error}`)
  return parsed
}

/** The directory that the pattern is relative to. */
function beginning(root: string, { absolute, up }: SourcePattern): string {
  return absolute ? path.parse(root).root : path.resolve(root, '../'.repeat(up))
}

/**
 * Relative to the root, so that a project that is moved, with the layers next to it, has the same sources; absolute for a
 * file outside of the project that the config names by an absolute path, which stays where it is.
 */
function nameFile(file: string, root: string, { absolute }: SourcePattern): string {
  return absolute && !isWithin(file, root) ? file : path.relative(root, file)
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
