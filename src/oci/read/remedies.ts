/** What can be done about a layout that cannot be read, as far as the error or what lies there says it. */
import fs from 'node:fs'
import path from 'node:path'
import type { LayoutRemedy } from '../../problem/layout-remedy.js'
import { errorCode } from '../../util/fs.js'

interface Remedy {
  readonly remedy?: LayoutRemedy
}

/** Errors that are the system's and not the layout's. ENOENT: a file was removed after it was found. */
const systemCodes = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EIO', 'ESTALE', 'ENOENT', 'ETIMEDOUT'])

/** @param layout the directory or archive. Absolute. */
export function remedyForError(error: unknown, layout: string): Remedy {
  const code = errorCode(error) ?? ''
  if (systemCodes.has(code)) return { remedy: { kind: 'system', code } }
  if (code !== 'EACCES' && code !== 'EPERM') return {}
  const closed = closedDirectory(layout)
  if (closed !== undefined) return { remedy: { kind: 'let-search', directory: closed } }
  return { remedy: { kind: 'let-read', path: layout, isDirectory: fs.statSync(layout).isDirectory() } }
}

/** The first directory on the way to the layout that this user may not search. */
function closedDirectory(layout: string): string | undefined {
  const above: string[] = []
  for (let place = path.dirname(layout); ; place = path.dirname(place)) {
    above.unshift(place)
    if (path.dirname(place) === place) break
  }
  return above.find((directory) => {
    try {
      fs.accessSync(directory, fs.constants.X_OK)
      return false
    } catch {
      return true
    }
  })
}

/**
 * How an outer compression begins; blobs are found by their place in a tar, which a compressed one does not have.
 * `lz4 -d FILE` writes to its standard output unless that is a terminal; with -m it always writes a file (lz4(1)).
 */
const compressions = [
  { magic: '1f8b', name: 'gzip', command: 'gunzip', keep: ' -k', endings: /\.(?:gz|tgz|taz)$/ },
  { magic: '28b52ffd', name: 'zstd', command: 'zstd -d', keep: '', endings: /\.(?:zst|tzst)$/ },
  { magic: 'fd377a585a00', name: 'xz', command: 'unxz', keep: ' -k', endings: /\.(?:xz|txz)$/ },
  { magic: '425a68', name: 'bzip2', command: 'bunzip2', keep: ' -k', endings: /\.(?:bz2|tbz2?)$/ },
  { magic: '04224d18', name: 'lz4', command: 'lz4 -d', keep: ' -m', endings: /\.lz4$/ },
]

/** @param start the first bytes of the file */
export function describeCompression(start: Buffer, file: string): (Remedy & { readonly name: string }) | undefined {
  const found = compressions.find(({ magic }) => start.toString('hex').startsWith(magic))
  if (found === undefined) return undefined
  const { name, command, keep, endings } = found
  const remedy: LayoutRemedy = endings.test(file)
    ? { kind: 'decompress', command: command + keep, file }
    : { kind: 'decompress', command: `${command} -c`, file, output: `${file}.tar` }
  return { name, remedy }
}

/** A directory that `skopeo copy … dir:` has written: `version` begins with "Directory Transport Version". */
export function isSkopeoDirectory(directory: string): boolean {
  try {
    const start = fs.readFileSync(path.join(directory, 'version'), 'utf8').slice(0, 64)
    return start.startsWith('Directory Transport Version') && fs.existsSync(path.join(directory, 'manifest.json'))
  } catch {
    return false
  }
}

/** @param manifest the content of manifest.json: a list with an object for each image */
export function remedyForDockerArchive(file: string, manifest: Buffer | undefined): Remedy {
  let images = 1
  try {
    images = (JSON.parse(manifest?.toString('utf8') ?? '') as unknown[]).length
  } catch {
    // skopeo says what is wrong with it.
  }
  const which = images > 1 ? { source: '@0' } : {}
  return { remedy: { kind: 'convert', transport: 'docker-archive', path: file, ...which } }
}
