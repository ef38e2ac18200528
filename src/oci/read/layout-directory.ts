/** What lies in the directory of a layout, which anybody may have made: its links may lead anywhere. */
import fs, { type BigIntStats } from 'node:fs'
import path from 'node:path'
import { errorCode, errorText, isAbsent, isWithin, statIfThere } from '../../util/fs.js'

/** A document of the layout is a link that is not followed. */
export class UnfollowedLink extends Error {
  /** Whether a copy of the layout would have the right file. */
  readonly mayBeCopied: boolean

  constructor(message: string, mayBeCopied: boolean) {
    super(message)
    this.mayBeCopied = mayBeCopied
  }
}

/** File systems of the kernel: what is there is nobody's blob, and may be endless or secret. */
const kernelPlace = /^\/(?:dev|proc|sys)\//

/**
 * The file at a place, or where a link there leads. Blobs may be shared through links: what they are is told by their
 * digest. Documents that no digest vouches for (`vouched` false) are not fetched from elsewhere under another name.
 * @returns `undefined` when no file is there.
 * @throws when a link leads where nothing is read from.
 */
export function fileAt(directory: string, name: string, vouched: boolean): BigIntStats | undefined {
  const file = `${directory}/${name}`
  let stat: BigIntStats | undefined
  try {
    stat = fs.lstatSync(file, { bigint: true, throwIfNoEntry: false })
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
  if (stat?.isSymbolicLink() !== true) return stat?.isFile() === true ? stat : undefined
  const target = statIfThere(file)
  if (target?.isFile() !== true) return undefined
  const place = fs.realpathSync(file)
  const elsewhere = !isWithin(place, fs.realpathSync(directory))
  if (kernelPlace.test(place) || (elsewhere && !vouched && path.basename(place) !== path.basename(name))) {
    throw new UnfollowedLink(`${name} is a link to ${place}, outside of the layout`, !kernelPlace.test(place))
  }
  return target
}

/** What `describePlace` says of a place where nothing is. */
export const noSuchFile = 'no such file'

/** What lies there in place of a file to read. */
export function describePlace(file: string): string {
  try {
    const stat = fs.lstatSync(file, { throwIfNoEntry: false })
    if (stat === undefined) return noSuchFile
    if (!stat.isSymbolicLink()) return kindOf(stat)
    const target = fs.readlinkSync(file)
    return `a symbolic link to ${target} (${describeTarget(file)})`
  } catch (error) {
    return isAbsent(error) ? noSuchFile : errorText(error)
  }
}

function describeTarget(link: string): string {
  try {
    return kindOf(fs.statSync(link))
  } catch (error) {
    return errorCode(error) === 'ELOOP' ? 'which leads round' : 'where nothing is'
  }
}

function kindOf(stat: fs.Stats): string {
  if (stat.isFile()) return 'a file'
  if (stat.isDirectory()) return 'a directory'
  if (stat.isFIFO()) return 'a named pipe'
  return stat.isSocket() ? 'a socket' : 'a device'
}

/** Everything that is no directory, by its path in the layout, sorted; links are not followed. */
export function listFiles(directory: string): string[] {
  const names: string[] = []
  const visit = (inside: string): void => {
    for (const entry of fs.readdirSync(path.join(directory, inside), { withFileTypes: true })) {
      const name = path.posix.join(inside, entry.name)
      if (entry.isDirectory()) visit(name)
      else names.push(name)
    }
  }
  visit('')
  return names.toSorted()
}
