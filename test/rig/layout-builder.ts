/**
 * OCI image layouts from a description, for tests: `buildLayout({ architecture: 'arm64', reference: 'latest' })`.
 * Nothing of `src/` is used, so a bug there cannot hide itself here.
 */
import { createCipheriv, createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { temporaryDirectory } from './temp.js'

// oxlint-disable-next-line typescript/no-explicit-any -- a test edits whatever it likes
export type Document = Record<string, any>
/** Changes a document before it is written, so that digests and sizes above it follow. */
export type Edit = (document: Document) => void

interface EntryDescription {
  /** `org.opencontainers.image.ref.name` of the entry. */
  readonly reference?: string
  /** Docker's media types in place of OCI's. */
  readonly docker?: boolean
  /** Of all blobs of the entry; sha256 by default. */
  readonly algorithm?: 'sha256' | 'sha512'
  /** Behind the JSON of each document, inside what its digest is of. */
  readonly ending?: string
  readonly editDescriptor?: Edit
}

export interface ImageDescription extends EntryDescription {
  readonly os?: string
  readonly architecture?: string
  readonly variant?: string
  /** A text becomes a tar with one file of it; bytes are taken as they are. By default one text for each platform. */
  readonly layers?: readonly (string | Uint8Array)[]
  /** Compressed layers, as tools write them; else plain tars. */
  readonly gzip?: boolean
  /** What is stored of a layer's tar, and the end of its media type; in place of `gzip`. */
  readonly pack?: (tar: Uint8Array) => readonly [bytes: Uint8Array, ending: string]
  /** Whether the entry says the platform: as a rule inside an index only. */
  readonly platform?: boolean
  readonly editManifest?: Edit
  readonly editConfig?: Edit
}

export interface IndexDescription extends EntryDescription {
  readonly entries: readonly EntryOf[]
  readonly editIndex?: Edit
}

export type EntryOf = ImageDescription | IndexDescription

export interface LayoutOptions {
  /** A fresh one by default. */
  readonly directory?: string
  /** Number of blobs that nothing refers to. */
  readonly garbage?: number
  /** Of `index.json`. */
  readonly edit?: Edit
}

export interface BuiltImage {
  /** Of the manifest. */
  readonly digest: string
  readonly config: string
  readonly layers: readonly string[]
}

export interface BuiltLayout {
  readonly directory: string
  /** In the order of the description, also those inside indexes. */
  readonly images: readonly BuiltImage[]
  /** Digests of the indexes that are blobs, inner ones first. */
  readonly indexes: readonly string[]
  /** All digests but the garbage, sorted. */
  readonly reachable: readonly string[]
  /** The file of a blob. */
  file(digest: string): string
}

export function buildLayout(description: EntryOf | readonly EntryOf[], options: LayoutOptions = {}): BuiltLayout {
  const directory = options.directory ?? temporaryDirectory()
  const images: BuiltImage[] = []
  const indexes: string[] = []
  const reachable = new Set<string>()
  const file = (digest: string): string => path.join(directory, 'blobs', ...digest.split(':'))

  const put = (mediaType: string, bytes: Uint8Array, algorithm = 'sha256'): Document => {
    const digest = digestOf(bytes, algorithm)
    mkdirSync(path.dirname(file(digest)), { recursive: true })
    writeFileSync(file(digest), bytes)
    reachable.add(digest)
    return { mediaType, digest, size: bytes.length }
  }
  const putDocument = (
    mediaType: string,
    document: Document,
    edit: Edit | undefined,
    of: EntryDescription,
  ): Document => {
    edit?.(document)
    return put(mediaType, Buffer.from(`${JSON.stringify(document)}${of.ending ?? ''}`), of.algorithm)
  }

  const putImage = (image: ImageDescription, inside: boolean): Document => {
    const { os = 'linux', architecture = 'amd64', variant, docker = false, gzip = false } = image
    const name = [os, architecture, variant].filter((part) => part !== undefined).join('/')
    const platform = { architecture, os, ...(variant === undefined ? {} : { variant }) }
    const contents = (image.layers ?? [`for ${name}`]).map((layer) =>
      typeof layer === 'string' ? tarOf({ 'etc/content': layer }) : layer,
    )
    const layerType = docker ? 'application/vnd.docker.image.rootfs.diff.tar' : 'application/vnd.oci.image.layer.v1.tar'
    const mark = docker ? '.' : '+'
    const { pack = (tar) => (gzip ? [gzipSync(tar), `${mark}gzip`] : [tar, '']) } = image
    const layers = contents.map((tar) => {
      const [bytes, ending] = pack(tar)
      return put(`${layerType}${ending}`, bytes, image.algorithm)
    })
    const diffIds = contents.map((bytes) => digestOf(bytes))
    const config = putDocument(
      docker ? 'application/vnd.docker.container.image.v1+json' : 'application/vnd.oci.image.config.v1+json',
      { ...platform, config: {}, rootfs: { type: 'layers', diff_ids: diffIds } },
      image.editConfig,
      image,
    )
    const mediaType = docker
      ? 'application/vnd.docker.distribution.manifest.v2+json'
      : 'application/vnd.oci.image.manifest.v1+json'
    const manifest = structuredClone({ schemaVersion: 2, mediaType, config, layers })
    const descriptor = putDocument(mediaType, manifest, image.editManifest, image)
    images.push({
      digest: String(descriptor['digest']),
      config: String(config['digest']),
      layers: layers.map((layer) => String(layer['digest'])),
    })
    return (image.platform ?? inside) ? { ...descriptor, platform } : descriptor
  }

  const putEntry = (entry: EntryOf, inside: boolean): Document => {
    let descriptor: Document
    if ('entries' in entry) {
      const mediaType = entry.docker
        ? 'application/vnd.docker.distribution.manifest.list.v2+json'
        : 'application/vnd.oci.image.index.v1+json'
      const manifests = entry.entries.map((inner) => putEntry(inner, true))
      const document = { schemaVersion: 2, mediaType, manifests }
      descriptor = putDocument(mediaType, document, entry.editIndex, entry)
      indexes.push(String(descriptor['digest']))
    } else descriptor = putImage(entry, inside)
    if (entry.reference !== undefined) {
      descriptor['annotations'] = { 'org.opencontainers.image.ref.name': entry.reference }
    }
    entry.editDescriptor?.(descriptor)
    return descriptor
  }

  const entries = Array.isArray(description) ? (description as readonly EntryOf[]) : [description as EntryOf]
  const index: Document = { schemaVersion: 2, manifests: entries.map((entry) => putEntry(entry, false)) }
  options.edit?.(index)
  writeFileSync(path.join(directory, 'index.json'), JSON.stringify(index))
  writeFileSync(path.join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  const wanted = [...reachable].toSorted()
  for (let number = 0; number < (options.garbage ?? 0); number++) put('', Buffer.from(`garbage ${number}`))
  return { directory, images, indexes, reachable: wanted, file }
}

/** An index of the image and of what buildkit attests of it: platform `unknown/unknown`, annotated with the image's digest. */
export function withAttestation(image: ImageDescription): IndexDescription {
  const subject = buildLayout(image).images[0]!.digest
  const attestation: ImageDescription = {
    os: 'unknown',
    architecture: 'unknown',
    layers: ['{"_type":"https://in-toto.io/Statement/v0.1"}'],
    editDescriptor: (descriptor) => {
      descriptor['annotations'] = {
        'vnd.docker.reference.digest': subject,
        'vnd.docker.reference.type': 'attestation-manifest',
      }
    },
  }
  return { reference: 'latest', entries: [image, attestation] }
}

export function digestOf(bytes: string | Uint8Array, algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`
}

/** Always the same bytes for one seed, and no two parts of them alike. */
export function seededBytes(seed: number, size: number): Buffer {
  const cipher = createCipheriv('aes-128-ctr', createHash('md5').update(String(seed)).digest(), Buffer.alloc(16))
  return cipher.update(Buffer.alloc(size))
}

/** A ustar of small files. */
export function tarOf(files: Readonly<Record<string, string>>): Buffer {
  const blocks = Object.entries(files).flatMap(([name, content]) => {
    const header = Buffer.alloc(512)
    const fields: [number, string][] = [
      [0, name],
      [100, '0000644'],
      [108, '0000000'],
      [116, '0000000'],
      [124, Buffer.byteLength(content).toString(8).padStart(11, '0')],
      [136, '00000000000'],
      [148, '        0'],
      [257, 'ustar\x0000'],
    ]
    for (const [offset, text] of fields) header.write(text, offset)
    const sum = header.reduce((total, byte) => total + byte, 0)
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    const body = Buffer.alloc(Math.ceil(Buffer.byteLength(content) / 512) * 512)
    body.write(content)
    return [header, body]
  })
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

/** Damages a file in place: its size stays. */
export function flipByte(file: string, offset?: number, mask = 1): void {
  const bytes = readFileSync(file)
  const at = offset ?? Math.floor(bytes.length / 2)
  bytes[at]! ^= mask
  writeFileSync(file, bytes)
}

/** Edits a JSON file, such as `index.json`, and nothing that refers to it. */
export function editJson(file: string, edit: Edit): void {
  const document = JSON.parse(readFileSync(file, 'utf8')) as Document
  edit(document)
  writeFileSync(file, JSON.stringify(document))
}

/** The digests of all blobs in a layout, sorted. */
export function blobsIn(directory: string): string[] {
  const blobs = path.join(directory, 'blobs')
  if (!existsSync(blobs)) return []
  const digests = readdirSync(blobs).flatMap((algorithm) =>
    readdirSync(path.join(blobs, algorithm)).map((name) => `${algorithm}:${name}`),
  )
  return digests.toSorted()
}
