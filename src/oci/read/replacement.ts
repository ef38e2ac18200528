/** Reading a layout that may be replaced meanwhile. A writer replaces the index first and removes blobs afterwards. */
import { fileIdentity, statIfThere } from '../../util/fs.js'

/** Readings before the last one counts, although the layout was replaced during each. */
export const maximumReadings = 5

/**
 * Reads once, and again as long as the layout was replaced while it was read.
 * @param isWhole whether nothing that was found can come from blobs that were removed meanwhile: then it counts.
 */
export async function readWhole<T>(
  { location, indexFile }: { readonly location: string; readonly indexFile?: string | undefined },
  read: () => T | Promise<T>,
  isWhole: (found: T) => boolean,
): Promise<T> {
  for (let reading = 1; ; reading++) {
    const before = identityOf(location, indexFile)
    const found = await read()
    if (isWhole(found) || reading === maximumReadings || identityOf(location, indexFile) === before) return found
  }
}

/** Differs once the layout has been replaced. Why a layout cannot be looked at is reported by what reads it. */
export function identityOf(location: string, indexFile = 'index.json'): string {
  try {
    const stat = statIfThere(location)
    const decisive = stat?.isDirectory() === true ? statIfThere(`${location}/${indexFile}`) : stat
    return decisive === undefined ? '' : fileIdentity(decisive)
  } catch {
    return ''
  }
}
