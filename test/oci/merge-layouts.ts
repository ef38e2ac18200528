/** The whole way from sources to an image, as the runner's tasks go it. */
import path from 'node:path'
import { writeFile } from 'node:fs/promises'
import { writeIndex, type IndexOptions, type WrittenIndex } from '../../src/oci/write/image-index.js'
import { openLayout, type Layout } from '../../src/oci/read/layout.js'
import { mergeImage } from '../../src/oci/write/merge.js'
import { parsePlatform, type Platform } from '../../src/oci/platform.js'
import { selectImage, type SelectedImage } from '../../src/oci/image/select.js'
import { putBytes, type LinkMode } from '../../src/oci/write/store.js'
import { nothingVerified } from '../../src/oci/verified.js'
import type { Result } from '../../src/problem/problem.js'
import { temporaryDirectory } from '../rig/temp.js'

/** The value; a problem fails the test with its text. */
export function valueOf<T, P>(result: Result<T, P>): T {
  if (result.ok) return result.value
  throw new Error(JSON.stringify(result.problems, null, 2))
}

/** Code and place of each problem: `blob-missing index.json > layers[0]`, digests left out. */
export function placesOf(
  result: Result<unknown, { readonly code: string; readonly at: readonly string[] }>,
): readonly string[] {
  return result.ok ? [] : describeProblems(result.problems)
}

export function describeProblems(
  problems: readonly { readonly code: string; readonly at: readonly string[] }[],
): string[] {
  return problems.map(({ code, at }) => `${code} ${at.join(' > ').replaceAll(/ sha(256|512):[0-9a-f]+/g, '')}`)
}

export function platformOf(text: string): Platform {
  const platform = parsePlatform(text)
  if ('error' in platform) throw new Error(platform.error)
  return platform
}

export async function open(location: string): Promise<Layout> {
  return valueOf(openLayout(location))
}

export async function select(location: string, platform: string, reference?: string): Promise<SelectedImage> {
  return valueOf(selectImage(await open(location), reference, platformOf(platform)))
}

export interface Merged extends WrittenIndex {
  readonly directory: string
  /** Of all blobs that were merged or written. */
  readonly blobs: readonly string[]
}

export interface MergeLayoutsOptions extends Partial<IndexOptions> {
  readonly link?: LinkMode
  readonly directory?: string
  /** Of each entry. */
  readonly entryAnnotations?: Readonly<Record<string, string>>
}

/** @param sources the layout of each platform */
export async function mergeLayouts(
  sources: Readonly<Record<string, string>>,
  options: MergeLayoutsOptions = {},
): Promise<Merged> {
  const { format = 'nested', annotations = {}, link = 'auto', directory = temporaryDirectory(), ...names } = options
  const images = await Promise.all(Object.entries(sources).map(([platform, location]) => select(location, platform)))
  const blobs = new Set<string>()
  for (const image of images) {
    const merged = valueOf(await mergeImage(image, directory, { link, verified: nothingVerified }))
    for (const { digest } of merged.blobs) blobs.add(digest)
  }
  const entries = images.map(({ descriptor: { mediaType, digest, size }, platform }) => ({
    mediaType,
    digest,
    size,
    platform,
    annotations: options.entryAnnotations,
  }))
  const written = writeIndex(entries, { ...names, format, annotations })
  if (format === 'nested') {
    await putBytes(directory, written.digest, written.bytes, nothingVerified)
    blobs.add(written.digest)
  }
  await writeFile(path.join(directory, 'index.json'), written.indexJson)
  await writeFile(path.join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  return { ...written, directory, blobs: [...blobs].toSorted() }
}
