/** What lies in an output directory: what mab writes there, and what only somebody else can have put there. */
import fs, { type Dirent } from 'node:fs'
import path from 'node:path'
import { parseDigest } from '../../oci/digest.js'
import { errorCode, isTemporaryName } from '../../util/fs.js'

/** An `index.json` that is written but not checked: `verify` puts it in place. */
export const stagedIndexFile = '.mab-staged-index.json'

/** The lock of whoever writes there. Guards of it begin with the same name; see `lock/lock-file.ts`. */
export const lockFileName = '.mab-lock'

const ownFiles = new Set(['oci-layout', 'index.json', stagedIndexFile])
const algorithms = new Set(['sha256', 'sha512'])

export interface OutputFiles {
  /** In the places of mab's files, but for the lock; absolute. `index.json` comes first. */
  readonly files: readonly string[]
  /** Directories that hold nothing else than `files`, each behind those inside it; absolute. */
  readonly directories: readonly string[]
  /** What mab never writes; relative to the output. */
  readonly strangers: readonly string[]
}

/** @throws the system's error when the directory, or one inside, cannot be read. */
export function listOutput(output: string): OutputFiles {
  const files: string[] = []
  const directories: string[] = []
  const strangers: string[] = []
  const take = (place: string, entry: Dirent): void => {
    const file = path.join(output, place)
    if (!entry.isDirectory()) return void files.push(file)
    const inside = fs.readdirSync(file)
    if (inside.length === 0) directories.push(file)
    else strangers.push(...inside.map((name) => `${place}/${name}`))
  }
  const walk = (place: string, visit: (inside: string, entry: Dirent) => void): void => {
    const file = path.join(output, place)
    for (const entry of fs.readdirSync(file, { withFileTypes: true })) visit(path.join(place, entry.name), entry)
    directories.push(file)
  }
  const isOwn = ({ name }: Dirent): boolean =>
    ownFiles.has(name) || isTemporaryName(name) || name.startsWith(`${lockFileName}.`)
  walk('', (top, entry) => {
    if (top === lockFileName && !entry.isDirectory()) return
    if (isOwn(entry) || top === lockFileName) take(top, entry)
    // A link leads to blobs that others may need.
    else if (entry.name !== 'blobs' || !entry.isDirectory()) strangers.push(top)
    else {
      walk(top, (algorithm, inBlobs) => {
        if (!algorithms.has(inBlobs.name) || !inBlobs.isDirectory()) return void strangers.push(algorithm)
        walk(algorithm, (blob, inside) => {
          const isBlob = parseDigest(`${inBlobs.name}:${inside.name}`) !== undefined
          if (isBlob || isTemporaryName(inside.name)) take(blob, inside)
          else strangers.push(blob)
        })
      })
    }
  })
  // Whoever removes them in this order, and is killed, leaves no index without its blobs.
  const index = path.join(output, 'index.json')
  const sorted = files.includes(index) ? [index, ...files.filter((file) => file !== index)] : files
  return { files: sorted, directories, strangers: strangers.toSorted() }
}

/**
 * Removes mab's files, and the directories that are empty then; the lock stays, and so the output itself while it is
 * locked. What a link leads to is emptied; the link stays.
 */
export function removeOutput(output: string): void {
  const { files, directories } = listOutput(output)
  for (const file of files) fs.rmSync(file, { force: true })
  for (const directory of directories) {
    try {
      fs.rmdirSync(directory)
    } catch (error) {
      if (!['ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) throw error
    }
  }
}
