/** Reading gzipped layers to the last byte of what is packed in them. */
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect } from './check.js'
import type { Race } from './race.js'
import { node, printed } from './tools.js'
import { platforms } from './workload.js'
import { elfs } from '../test/rig/elf-builder.js'
import { buildLayout, digestOf, seededBytes } from '../test/rig/layout-builder.js'
import { tarOfEntries } from '../test/rig/tar-builder.js'

export const deepNames = { gzip: 'gzip -t', mab: 'mab verify --deep' } as const

const MiB = 1024 * 1024
const [layersEach, filesEach] = [2, 256]

/** 1 GiB unpacked. */
export function deepRace(directory: string, mab: string): Race {
  mkdirSync(directory, { recursive: true })
  const layouts = platforms.slice(0, 2).map((platform, position) => {
    const elf = elfs[platform.architecture as 'arm64' | 'amd64']
    const contents = Array.from({ length: layersEach }, (_, layer) => rootfs(elf, 10 * position + layer))
    const built = buildLayout(
      {
        ...platform,
        layers: contents.map((content) => gzipSync(content, { level: 1 })),
        editConfig: (config) => {
          config['rootfs'].diff_ids = contents.map((content) => digestOf(content))
        },
        editManifest: (manifest) => {
          for (const layer of manifest['layers']) layer.mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip'
        },
      },
      { directory: path.join(directory, platform.architecture) },
    )
    return { directory: built.directory, layers: built.images[0]!.layers.map((layer) => built.file(layer)) }
  })
  const hasGzip = printed('gzip', ['--version']) !== undefined
  return {
    name: 'deep',
    title: `2 architectures x ${layersEach} gzip layers x ${filesEach} MiB unpacked`,
    directory,
    rounds: 3,
    warmUp: false,
    contenders: [
      ...(hasGzip
        ? [
            {
              name: deepNames.gzip,
              // Without the suffix it reads from stdin only.
              argv: [
                'sh',
                '-c',
                'for layer; do gzip -t < "$layer" || exit; done',
                '-',
                ...layouts.flatMap((l) => l.layers),
              ],
              check: () => {},
            },
          ]
        : []),
      {
        name: deepNames.mab,
        baseline: deepNames.gzip,
        argv: [node, mab, 'verify', '--deep', '--format', 'json', ...layouts.map((layout) => layout.directory)],
        check: (text) => {
          const reports = JSON.parse(text) as { problems: unknown[] }[]
          expect(
            'problems',
            reports.map(({ problems }) => problems),
            [[], []],
          )
        },
      },
    ],
    absent: hasGzip ? [] : [`${deepNames.gzip} (gzip is not installed)`],
  }
}

/** A tar of programs that pack to a third, about as real ones do: each page of their content comes three times. */
function rootfs(elf: Buffer, seed: number): Buffer {
  const [page, size] = [4096, MiB - 512]
  const pages = seededBytes(seed, Math.ceil((filesEach * MiB) / 3 / page) * page)
  let next = 0
  return tarOfEntries(
    Array.from({ length: filesEach }, (_, file) => {
      const content = Buffer.alloc(size)
      for (let at = 0; at < size; at += page, next++) {
        const from = Math.floor(next / 3) * page
        pages.copy(content, at, from, from + page)
      }
      elf.copy(content)
      return { name: `usr/lib/part-${file}`, content }
    }),
  )
}
