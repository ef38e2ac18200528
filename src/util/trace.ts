/** A file system for globbing that tells what was looked at, and does not follow links that lead round in a circle. */
import fs from 'node:fs'
import path from 'node:path'

export type TracingFileSystem = Pick<typeof fs, 'readdirSync' | 'lstatSync' | 'statSync'>

/** @param seen gets the path of each directory that is read and each file that is looked at, also of those not there. */
export function tracingFileSystem(root: string, seen: Set<string>): TracingFileSystem {
  const realPaths = new Map<string, string>()
  const realPath = (directory: string): string => {
    const known = realPaths.get(directory)
    if (known !== undefined) return known
    const real = fs.realpathSync.native(directory)
    realPaths.set(directory, real)
    return real
  }
  const leadsRound = (directory: string): boolean => {
    const real = realPath(directory)
    for (let above = directory; above !== root && above !== path.dirname(above);) {
      above = path.dirname(above)
      if (realPath(above) === real) return true
    }
    return false
  }
  const note = (file: string): string => {
    const plain = path.resolve(file)
    seen.add(plain)
    return plain
  }
  return {
    readdirSync: ((directory: string, options: { withFileTypes: true }) =>
      leadsRound(note(directory)) ? [] : fs.readdirSync(directory, options)) as typeof fs.readdirSync,
    lstatSync: ((file: string) => fs.lstatSync(note(file))) as typeof fs.lstatSync,
    statSync: ((file: string) => fs.statSync(note(file))) as typeof fs.statSync,
  }
}
