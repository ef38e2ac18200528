/** Images to merge: layouts of random-looking bytes that are the same on every machine. */
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { buildLayout, digestOf, seededBytes } from '../test/rig/layout-builder.js'

export interface Workload {
  readonly architectures: number
  readonly layers: number
  /** Bytes. */
  readonly layerSize: number
}

export interface Layout {
  readonly directory: string
  readonly platform: Platform
  /** Its digest. */
  readonly manifest: string
  /** Each blob by its digest: the file. */
  readonly blobs: ReadonlyMap<string, string>
}

export interface Platform {
  readonly os: 'linux'
  readonly architecture: string
  readonly variant?: string
}

/** The first are taken. */
export const platforms: readonly Platform[] = [
  { os: 'linux', architecture: 'arm64' },
  { os: 'linux', architecture: 'amd64' },
  { os: 'linux', architecture: 'arm', variant: 'v7' },
  { os: 'linux', architecture: 'riscv64' },
  { os: 'linux', architecture: 'ppc64le' },
  { os: 'linux', architecture: 's390x' },
  { os: 'linux', architecture: '386' },
  { os: 'linux', architecture: 'mips64le' },
]

/** One layout for each architecture. */
export function writeWorkload(directory: string, workload: Workload): Layout[] {
  return platforms
    .slice(0, workload.architectures)
    .map((platform, position) =>
      writeLayout(path.join(directory, platform.architecture), platform, workload, 1000 * position),
    )
}

/** @param seed of the first layer; each further layer has the next. */
export function writeLayout(
  directory: string,
  platform: Platform,
  { layers, layerSize }: Omit<Workload, 'architectures'>,
  seed: number,
): Layout {
  const contents = Array.from({ length: layers }, (_, layer) => seededBytes(seed + layer, layerSize))
  const built = buildLayout(
    {
      ...platform,
      reference: 'latest',
      // Gzip without compression: buildah would compress layers that are not.
      layers: contents.map((content) => gzipSync(content, { level: 0 })),
      editConfig: (config) => {
        config['rootfs'].diff_ids = contents.map((content) => digestOf(content))
      },
      editManifest: (manifest) => {
        for (const layer of manifest['layers']) layer.mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip'
      },
    },
    { directory },
  )
  const blobs = new Map(built.reachable.map((digest) => [digest, built.file(digest)]))
  return { directory, platform, manifest: built.images[0]!.digest, blobs }
}
