/** What lies in a layout and belongs to no image of it. The image spec allows it; a published image should have none. */
import { remedyForError } from '../read/remedies.js'
import { formatBytes } from '../../util/format.js'
import { errorText } from '../../util/fs.js'
import type { LayoutProblem } from '../../problem/problem.js'
import { parseDigest } from '../digest.js'
import type { Layout } from '../read/layout.js'
import { shortenProblems } from './shorten-problems.js'

/** Strays of a kind that are named. */
const named = 20

/**
 * @param referenced digests that some document of the layout names; `undefined` when not all of them could be read, so
 *   that nobody knows which blobs are needed.
 */
export function strayProblems(layout: Layout, referenced: ReadonlySet<string> | undefined): LayoutProblem[] {
  const [blobs, files]: [LayoutProblem[], LayoutProblem[]] = [[], []]
  let names: readonly string[]
  try {
    names = layout.files()
  } catch (error) {
    const expected = 'a directory whose files can be listed'
    return [
      {
        code: 'layout-unreadable',
        layout: layout.path,
        at: [],
        expected,
        found: errorText(error),
        ...remedyForError(error, layout.path),
      },
    ]
  }
  for (const name of names) {
    if (name === 'index.json' || name === 'oci-layout') continue
    const [, algorithm, hex] = /^blobs\/([^/]+)\/([^/]+)$/.exec(name) ?? []
    const digest = algorithm === undefined ? undefined : parseDigest(`${algorithm}:${hex}`)
    if (referenced?.has(`${algorithm}:${hex}`) === true) continue
    if (/^blobs(?:\/sha(?:256|512))?$/.test(name)) {
      const [expected, found] = ['a directory of blobs', layout.describe(name)]
      const next = 'do not remove it: put the directory that it leads to in its place'
      files.push({ code: 'file-unknown', layout: layout.path, at: [name], expected, found, next })
      continue
    }
    if (digest === undefined) {
      const expected = 'index.json, oci-layout and blobs alone'
      files.push({ code: 'file-unknown', layout: layout.path, at: [name], expected, found: 'another file' })
    } else if (referenced?.has(digest) === false) {
      const expected = 'a blob that an image of the layout needs'
      const found = `${sizeOf(layout, digest)} that nothing refers to`
      blobs.push({ code: 'blob-unreferenced', layout: layout.path, at: [name], expected, found })
    }
  }
  return shortenProblems([...blobs, ...files], named)
}

function sizeOf(layout: Layout, digest: NonNullable<ReturnType<typeof parseDigest>>): string {
  try {
    return formatBytes(layout.locate(digest)?.size ?? 0)
  } catch (error) {
    return errorText(error)
  }
}
