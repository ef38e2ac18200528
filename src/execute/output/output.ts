/** The output directory of a target: whose it is, and what is left in it when a run has not gone through. */
import { closeSync, openSync, promises as fs, readSync } from 'node:fs'
import path from 'node:path'
import { blobPath } from '../../oci/digest.js'
import { annotationKeys, isIndexType, isManifestType, type Descriptor } from '../../oci/documents.js'
import { openLayout, type Layout } from '../../oci/read/layout.js'
import { reachableDigests } from '../../oci/read/reachable.js'
import { blockSize, isZeroBlock, textOf } from '../../oci/tar/fields.js'
import { errorCode, exists, isAbsent, isDanglingLink, isWithin, realPath, statIfThere } from '../../util/fs.js'
import { systemProblem } from '../../problem/system-problem.js'
import type { StateProblem } from '../../problem/problem.js'
import { listOutput, lockFileName, removeOutput, stagedIndexFile } from './output-files.js'

/**
 * Outputs are replaced and cleaned as a whole, so a directory that holds anything else is left alone.
 * @param isRecorded whether an `index.json` may be mab's and edited by somebody: else its bytes must show whose it is.
 */
export async function checkOutput(directory: string, isRecorded = true): Promise<StateProblem | undefined> {
  let strangers: readonly string[]
  try {
    strangers = listOutput(directory).strangers
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return isDanglingLink(directory) ? dangling(directory) : undefined
    if (isAbsent(error)) return { code: 'output-not-ours', directory, found: ['not a directory'] }
    throw error
  }
  if (strangers.length > 0) return { code: 'output-not-ours', directory, found: strangers }
  const layout = openLayout(directory)
  const foreign = layout.ok ? foreignEntries(layout.value, isRecorded) : []
  return foreign.length === 0 ? undefined : { code: 'output-not-ours', directory, found: foreign }
}

/**
 * As `checkOutput`, for a directory that is to go: unless mab recorded that it wrote there, its form must show it.
 * @returns `empty` for a directory with nothing in it that mab did not record.
 */
export async function checkOwnOutput(
  directory: string,
  isRecorded: boolean,
): Promise<StateProblem | 'empty' | undefined> {
  const problem = await checkOutput(directory, isRecorded)
  if (problem !== undefined || isRecorded) return problem
  const { files, directories } = listOutput(directory)
  // A process that was killed at its beginning leaves nothing but its lock.
  if (files.length === 0 && directories.length === 1) {
    return exists(path.join(directory, lockFileName)) ? undefined : 'empty'
  }
  if (openLayout(directory).ok) return undefined
  return { code: 'output-not-ours', directory, found: ['no image that can be read, and no record that mab wrote one'] }
}

/**
 * What a readable `index.json` has that mab never writes: no entry, entries of single images with names, as umoci and
 * BitBake deploy them, several indexes, or one index whose first entry lacks a name or has further annotations, as those
 * of buildkit. Where nothing records that mab wrote it, its bytes must be indented as mab's too.
 */
function foreignEntries({ index, indexBytes }: Layout, isRecorded: boolean): string[] {
  const entries = index.manifests ?? []
  if (entries.length === 0) return ['an image layout of another tool, without an image']
  const named = (entry: Descriptor): boolean => entry.annotations?.[annotationKeys.reference] !== undefined
  const [first] = entries
  const isNested =
    first !== undefined &&
    isIndexType(first.mediaType) &&
    entries.every((entry) => entry.digest === first.digest && named(entry) && !hasOtherAnnotations(entry))
  const isOurs = isNested
    ? first.annotations?.[annotationKeys.containerdName] !== undefined
    : entries.every((entry) => isManifestType(entry.mediaType) && !named(entry) && entry.platform !== undefined)
  return isOurs && (isRecorded || isIndented(indexBytes))
    ? []
    : entries.map(
        (entry) => `an image of another tool: ${entry.annotations?.[annotationKeys.reference] ?? entry.digest}`,
      )
}

const ownKeys: readonly string[] = [annotationKeys.reference, annotationKeys.containerdName]

function hasOtherAnnotations({ annotations = {} }: Descriptor): boolean {
  return Object.keys(annotations).some((key) => !ownKeys.includes(key))
}

/** See src/oci/image-index.ts; other tools that write the same names write them without white space. */
function isIndented(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes).toString('utf8')
  return text === JSON.stringify(JSON.parse(text), null, 2)
}

/** Links and globs may lead to one place by two names, so the real paths are compared. */
export function checkApart(directory: string, source: string): StateProblem | undefined {
  const [output, input] = [realPath(directory), realPath(source)]
  const apart = !isWithin(output, input) && !isWithin(input, output)
  return apart ? undefined : { code: 'output-is-source', directory, source }
}

function dangling(directory: string): StateProblem {
  return { code: 'output-not-ours', directory, found: ['a symbolic link to what is not there'] }
}

/**
 * An archive takes the place of nothing, or of one that mab wrote.
 * @param written whether mab is known to have written this very file: then what is left of a damaged one is mab's too.
 */
export async function checkArchive(file: string, written: boolean): Promise<StateProblem | undefined> {
  const stat = statIfThere(file)
  if (stat === undefined) return undefined
  const layout = openLayout(file)
  if (written && stat.isFile() && !layout.ok && isRemnant(file)) return undefined
  const foreign = layout.ok && layout.value.kind === 'archive' ? foreignEntries(layout.value, written) : undefined
  if (foreign?.length === 0) return undefined
  const found = foreign?.join(', ') ?? (stat.isDirectory() ? 'a directory' : 'a file of another kind')
  return { code: 'archive-not-ours', file, found }
}

/** Whether a file begins as archives of mab do, or lost its bytes. Notes that somebody put there do not. */
function isRemnant(file: string): boolean {
  const begin = Buffer.alloc(blockSize)
  const descriptor = openSync(file, 'r')
  try {
    readSync(descriptor, begin)
  } finally {
    closeSync(descriptor)
  }
  return isZeroBlock(begin) || textOf(begin) === 'blobs/' || textOf(begin.subarray(257)) === 'ustar'
}

/**
 * Removes what the image in `directory` does not need: blobs of earlier images, and what a run that was broken off
 * left. Where there is no image, nothing stays.
 * @returns what could not be told from the image and was kept.
 */
export async function collectGarbage(directory: string): Promise<string | undefined> {
  if (!exists(directory) || (await checkOutput(directory).catch(() => undefined)) !== undefined) return undefined
  await fs.rm(path.join(directory, stagedIndexFile), { recursive: true, force: true })
  const hasIndex = exists(path.join(directory, 'index.json'))
  if (!hasIndex) {
    removeOutput(directory)
    return undefined
  }
  const layout = openLayout(directory)
  const reached = layout.ok ? reachableDigests(layout.value) : undefined
  if (reached === undefined) return 'the image there cannot be read to its end'
  const wanted = new Set(
    ['index.json', 'oci-layout', ...[...reached].map(blobPath)].map((name) => path.join(directory, name)),
  )
  for (const file of listOutput(directory).files) if (!wanted.has(file)) await fs.rm(file, { force: true })
  return undefined
}

/** As `collectGarbage`, for a run that failed or was stopped. If the system refuses, the next run does it. */
export async function removeUnfinished(directory: string): Promise<void> {
  try {
    await collectGarbage(directory)
  } catch (error) {
    if (systemProblem(error) === undefined) throw error
  }
}
