/** Blobs that are in a layout under another name than image-layout.md gives them: `blobs/<algorithm>/<encoded>`. */
import path from 'node:path'
import type { LayoutRemedy } from '../../problem/layout-remedy.js'
import { blobPath, type Digest } from '../digest.js'
import type { Layout } from './layout.js'

export interface Misplaced {
  /** In the layout. */
  readonly name: string
  readonly remedy?: LayoutRemedy
}

/** The names of a layout's files, listed once however many blobs are missing. */
const listed = new WeakMap<Layout, readonly string[]>()

/** A file whose name has the digest's hex in it: `blobs/<hex>`, `blobs/sha256.<hex>`, `<hex>.tar` and the like. */
export function findMisplaced(layout: Layout, digest: Digest): Misplaced | undefined {
  const place = blobPath(digest)
  const hex = path.posix.basename(place)
  let names = listed.get(layout)
  if (names === undefined) {
    try {
      names = layout.files()
    } catch {
      names = []
    }
    listed.set(layout, names)
  }
  const alike = names.filter((name) => name !== place && name.toLowerCase().includes(hex))
  const [exact] = alike.filter((name) => /(?:^|[/.:@_-])[0-9a-f]+$/i.test(name) && name.toLowerCase().endsWith(hex))
  const name = exact ?? alike[0]
  if (name === undefined) return undefined
  if (exact === undefined) return { name }
  if (layout.kind === 'directory') {
    const at = (inside: string): string => path.join(layout.path, inside)
    return { name, remedy: { kind: 'move', from: at(name), to: at(place) } }
  }
  const directory = `${layout.path.replace(/\.tar$/, '')}-unpacked`
  const at = (inside: string): string => path.join(directory, inside)
  return {
    name,
    remedy: { kind: 'move-unpacked', archive: layout.path, directory, from: at(name), to: at(place) },
  }
}
