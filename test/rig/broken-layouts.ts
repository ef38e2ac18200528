/**
 * Broken layouts, each with exactly the problems that a check has to find in it: `code place`, digests left out. As a
 * rule each is checked as a directory and as an archive.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { elfs } from './elf-builder.js'
import {
  buildLayout,
  digestOf,
  editJson,
  flipByte,
  type BuiltLayout,
  type Document,
  type Edit,
  type ImageDescription,
  type IndexDescription,
} from './layout-builder.js'
import { tarOfEntries, zstdStored, type TarEntryDescription } from './tar-builder.js'
import { temporaryDirectory } from './temp.js'

export interface BrokenLayout {
  readonly build: () => string
  readonly problems: readonly string[]
  /** Read layers through. */
  readonly deep?: true
  /** Look for what belongs to no image. */
  readonly strict?: true
  /** Platforms that are wanted. */
  readonly platforms?: readonly string[]
  /** What makes it broken has no place in a tar. */
  readonly directoryOnly?: true
}

const first = 'index.json > manifests[0]'
const only = `${first} (linux/amd64)`
const amd64 = `${first} > manifests[0] (linux/amd64)`
const armv7 = `${first} > manifests[1] (linux/arm/v7)`

const two: IndexDescription = {
  reference: 'latest',
  entries: [
    { architecture: 'amd64', layers: ['shared', 'amd64'] },
    { architecture: 'arm', variant: 'v7', layers: ['shared', 'arm'] },
  ],
}

/** What a good multi-arch image becomes when its files are changed. */
function damaged(damage: (built: BuiltLayout) => void, description: IndexDescription = two): () => string {
  return () => {
    const built = buildLayout(description)
    damage(built)
    return built.directory
  }
}

/** Its `index.json` alone is changed. */
function indexEdited(edit: Edit): () => string {
  return damaged(({ directory }) => editJson(path.join(directory, 'index.json'), edit))
}

function sizeWritten(write: (size: string) => string): () => string {
  return damaged(({ directory }) => {
    const file = path.join(directory, 'index.json')
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace(/"size":(\d+)/, (_, size: string) => `"size":${write(size)}`),
    )
  })
}

/** In place of `index.json`. */
function indexText(text: string | Uint8Array): () => string {
  return damaged(({ directory }) => writeFileSync(path.join(directory, 'index.json'), text))
}

/** One image whose blobs have the digests that are said of them. */
function made(image: ImageDescription): () => string {
  return () => buildLayout(image).directory
}

function listed(...entries: IndexDescription['entries']): () => string {
  return () => buildLayout({ reference: 'latest', entries }).directory
}

/** A layer of these entries in an image for `architecture`. */
function layered(entries: readonly TarEntryDescription[], architecture = 'amd64'): () => string {
  return made({ architecture, layers: [tarOfEntries(entries)] })
}

const config = ({ file, images }: BuiltLayout, image = 0): string => file(images[image]!.config)
const layer = ({ file, images }: BuiltLayout, image: number, position: number): string =>
  file(images[image]!.layers[position]!)
const manifest = ({ file, images }: BuiltLayout, image = 0): string => file(images[image]!.digest)
const index = ({ file, indexes }: BuiltLayout): string => file(indexes[0]!)
const firstEntry =
  (edit: Edit): Edit =>
  (document) =>
    edit(document['manifests'][0] as Document)

const files: Record<string, BrokenLayout> = {
  'an empty directory': {
    build: temporaryDirectory,
    problems: ['layout-unreadable '],
    directoryOnly: true,
  },
  'no index.json': {
    build: damaged(({ directory }) => rmSync(path.join(directory, 'index.json'))),
    problems: ['layout-unreadable '],
  },
  'no oci-layout': {
    build: damaged(({ directory }) => rmSync(path.join(directory, 'oci-layout'))),
    problems: ['layout-unreadable '],
  },
  'oci-layout of another version': {
    build: damaged(({ directory }) =>
      writeFileSync(path.join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.1.0"}'),
    ),
    problems: ['layout-version oci-layout > imageLayoutVersion'],
  },
  'oci-layout that says nothing': {
    build: damaged(({ directory }) => writeFileSync(path.join(directory, 'oci-layout'), '{}')),
    problems: ['document-malformed oci-layout > imageLayoutVersion'],
  },
  'an empty index.json': { build: indexText(''), problems: ['document-malformed index.json'] },
  'an index.json cut off': {
    build: damaged(({ directory }) => truncateSync(path.join(directory, 'index.json'), 50)),
    problems: ['document-malformed index.json'],
  },
  'an index.json in UTF-16': {
    build: indexText(Buffer.from('\ufeff{"schemaVersion":2,"manifests":[]}', 'utf16le')),
    problems: ['document-malformed index.json'],
  },
  'an index.json with a byte order mark': {
    build: indexText('\ufeff{"schemaVersion":2,"manifests":[]}'),
    problems: ['document-malformed index.json'],
  },
  'invalid UTF-8 in index.json': {
    build: indexText(Buffer.from('{"schemaVersion":2,"manifests":[],"a":"\xff"}', 'latin1')),
    problems: ['document-malformed index.json'],
  },
  'an index.json that is a number': { build: indexText('7'), problems: ['document-malformed index.json'] },
  'an index.json with something behind it': {
    build: indexText('{"schemaVersion":2,"manifests":[]}{}'),
    problems: ['document-malformed index.json'],
  },
  'an index.json of 9 MiB': {
    build: indexText(`{"schemaVersion":2,"manifests":[],"x":"${'x'.repeat(9 * 1024 * 1024)}"}`),
    problems: ['document-too-large index.json'],
  },
  'a million levels in index.json': {
    build: indexText(`{"schemaVersion":2,"manifests":${'['.repeat(1_000_000)}`),
    problems: ['document-too-large index.json'],
  },
  'a million values in index.json': {
    build: indexText(`{"schemaVersion":2,"manifests":[${'0,'.repeat(1_000_000)}0]}`),
    problems: ['document-too-large index.json'],
  },
  'a blob that is a directory': {
    build: damaged((built) => {
      rmSync(layer(built, 0, 1))
      mkdirSync(layer(built, 0, 1))
    }),
    problems: [`blob-missing ${amd64} > layers[1]`],
  },
  'a blob that is a link to nowhere': {
    build: damaged((built) => {
      rmSync(layer(built, 0, 1))
      symlinkSync('nowhere', layer(built, 0, 1))
    }),
    problems: [`blob-missing ${amd64} > layers[1]`],
  },
  'a blob that is a link to another': {
    build: damaged((built) => {
      rmSync(layer(built, 0, 1))
      symlinkSync(path.basename(layer(built, 1, 1)), layer(built, 0, 1))
    }),
    problems: [`blob-digest ${amd64} > layers[1]`],
    directoryOnly: true,
  },
  'a blob that is a link into the kernel': {
    build: damaged((built) => {
      rmSync(layer(built, 0, 1))
      symlinkSync('/proc/self/status', layer(built, 0, 1))
    }),
    problems: [`blob-unreadable ${amd64} > layers[1]`],
    directoryOnly: true,
  },
  'an index.json that is a link to a file elsewhere': {
    build: damaged(({ directory }) => {
      rmSync(path.join(directory, 'index.json'))
      symlinkSync('/etc/passwd', path.join(directory, 'index.json'))
    }),
    problems: ['layout-unreadable '],
    directoryOnly: true,
  },
}

const damage: Record<string, BrokenLayout> = {
  'an index changed': { build: damaged((built) => flipByte(index(built))), problems: [`blob-digest ${first}`] },
  'an index missing': { build: damaged((built) => rmSync(index(built))), problems: [`blob-missing ${first}`] },
  'an index with a newline more': {
    build: damaged((built) => writeFileSync(index(built), '\n', { flag: 'a' })),
    problems: [`blob-size ${first}`],
  },
  'a manifest changed': { build: damaged((built) => flipByte(manifest(built))), problems: [`blob-digest ${amd64}`] },
  'a manifest missing whose platform is wanted': {
    build: damaged((built) => rmSync(manifest(built, 1))),
    platforms: ['amd64', 'linux/arm/v7'],
    problems: [`blob-missing ${armv7}`],
  },
  'a manifest missing where nothing may': {
    build: damaged((built) => rmSync(manifest(built, 1))),
    strict: true,
    problems: [`blob-missing ${armv7}`],
  },
  'all manifests missing': {
    build: damaged((built) => [0, 1].forEach((image) => rmSync(manifest(built, image)))),
    problems: [`blob-missing ${amd64}`, `blob-missing ${armv7}`],
  },
  'a directory in place of a manifest': {
    build: damaged((built) => {
      rmSync(manifest(built, 1))
      mkdirSync(manifest(built, 1))
    }),
    problems: [`blob-missing ${armv7}`],
  },
  'a manifest that is empty': {
    build: damaged((built) => truncateSync(manifest(built), 0)),
    problems: [`blob-size ${amd64}`],
  },
  'a config changed': {
    build: damaged((built) => flipByte(config(built))),
    problems: [`blob-digest ${amd64} > config`],
  },
  'a config missing': {
    build: damaged((built) => rmSync(config(built, 1))),
    problems: [`blob-missing ${armv7} > config`],
  },
  'a layer changed': {
    build: damaged((built) => flipByte(layer(built, 1, 1))),
    problems: [`blob-digest ${armv7} > layers[1]`],
    deep: true,
  },
  'a layer missing': {
    build: damaged((built) => rmSync(layer(built, 1, 1))),
    problems: [`blob-missing ${armv7} > layers[1]`],
    deep: true,
  },
  'a layer cut off': {
    build: damaged((built) => truncateSync(layer(built, 1, 1), 700)),
    problems: [`blob-size ${armv7} > layers[1]`],
  },
  'a layer that two images share, changed': {
    build: damaged((built) => flipByte(layer(built, 0, 0))),
    problems: [`blob-digest ${amd64} > layers[0]`, `blob-digest ${armv7} > layers[0]`],
    deep: true,
  },
  'two indexes that list one another': {
    build: damaged((built) => {
      const inner = readFileSync(index(built), 'utf8')
      const other = inner.replace(/sha256:[0-9a-f]{64}/, built.indexes[0]!)
      writeFileSync(built.file(digestOf(other)), other)
      writeFileSync(index(built), inner.replace(/sha256:[0-9a-f]{64}/, digestOf(other)))
    }),
    problems: [`blob-digest ${first}`],
  },
  'everything at once': {
    build: damaged((built) => {
      flipByte(config(built))
      rmSync(layer(built, 0, 1))
      truncateSync(layer(built, 1, 1), 3)
    }),
    problems: [`blob-digest ${amd64} > config`, `blob-missing ${amd64} > layers[1]`, `blob-size ${armv7} > layers[1]`],
  },
}

const descriptors: Record<string, BrokenLayout> = {
  'a whole size with a fraction': {
    build: sizeWritten((size) => `${size}.0`),
    problems: ['document-malformed index.json > manifests[0].size'],
  },
  'a size with an exponent': {
    build: sizeWritten((size) => `${size}e0`),
    problems: ['document-malformed index.json > manifests[0].size'],
  },
  'a schemaVersion with a fraction': {
    build: indexText('{"schemaVersion":2.0,"manifests":[]}'),
    problems: ['document-malformed index.json > schemaVersion'],
  },
  'half of a surrogate pair': {
    build: indexText('{"schemaVersion":2,"annotations":{"a":"\\ud800"},"manifests":[]}'),
    problems: ['document-malformed index.json > annotations.a'],
  },
  'a digest of BLAKE3 that is too short': {
    build: indexEdited((document) => (document['manifests'][0].digest = `blake3:${'a'.repeat(63)}`)),
    problems: ['digest-invalid index.json > manifests[0] blake3:aaaaaaaaaaaa'],
  },
  'no schemaVersion': {
    build: indexEdited((document) => void delete document['schemaVersion']),
    problems: ['document-malformed index.json > schemaVersion'],
  },
  'schemaVersion 1': {
    build: indexEdited((document) => (document['schemaVersion'] = 1)),
    problems: ['document-malformed index.json > schemaVersion'],
  },
  'no manifests': {
    build: indexEdited((document) => void delete document['manifests']),
    problems: ['document-malformed index.json > manifests'],
  },
  'manifests: null': {
    build: indexEdited((document) => (document['manifests'] = null)),
    problems: ['manifests-empty index.json > manifests'],
  },
  'an index.json that says to be a manifest': {
    build: indexEdited((document) => (document['mediaType'] = 'application/vnd.oci.image.manifest.v1+json')),
    problems: ['document-malformed index.json > mediaType'],
  },
  'an index.json that is a manifest as well': {
    build: indexEdited((document) => Object.assign(document, { config: document['manifests'][0], layers: [] })),
    problems: ['document-malformed index.json > config', 'document-malformed index.json > layers'],
  },
  'a name twice in index.json': {
    build: indexText('{"schemaVersion":2,"manifests":[],"manifests":[]}'),
    problems: ['document-ambiguous index.json > manifests'],
  },
  'a digest twice in one descriptor': {
    build: damaged(({ directory }) => {
      const file = path.join(directory, 'index.json')
      const text = readFileSync(file, 'utf8')
      writeFileSync(file, text.replace('"size"', `"\\u0064igest":"sha256:${'0'.repeat(64)}","size"`))
    }),
    problems: ['document-ambiguous index.json > manifests[0].digest'],
  },
  'a descriptor without a digest': {
    build: indexEdited(firstEntry((entry) => void delete entry['digest'])),
    problems: ['document-malformed index.json > manifests[0].digest'],
  },
  'a digest that leads out': {
    build: indexEdited(firstEntry((entry) => (entry['digest'] = 'sha256:../../../etc/passwd'))),
    problems: ['digest-invalid index.json > manifests[0] sha256:../../../etc'],
  },
  'a digest in capitals': {
    build: indexEdited(firstEntry((entry) => (entry['digest'] = String(entry['digest']).toUpperCase()))),
    problems: ['digest-invalid index.json > manifests[0] SHA256:CAPITALS'],
  },
  'a digest that is too short': {
    build: indexEdited(firstEntry((entry) => (entry['digest'] = 'sha256:abcd'))),
    problems: [`digest-invalid ${first}`],
  },
  'a digest that breaks the grammar of digests': {
    build: indexEdited(firstEntry((entry) => (entry['digest'] = 'md5:0/0'))),
    problems: ['digest-invalid index.json > manifests[0] md5:0/0'],
  },
  'a negative size': {
    build: indexEdited(firstEntry((entry) => (entry['size'] = -1))),
    problems: ['document-malformed index.json > manifests[0].size'],
  },
  'a size with a fraction': {
    build: indexEdited(firstEntry((entry) => (entry['size'] = 1.5))),
    problems: ['document-malformed index.json > manifests[0].size'],
  },
  'a size that is a text': {
    build: indexEdited(firstEntry((entry) => (entry['size'] = '7'))),
    problems: ['document-malformed index.json > manifests[0].size'],
  },
  'a size of 2^53 bytes': {
    build: indexEdited(firstEntry((entry) => (entry['size'] = 2 ** 53))),
    problems: ['document-malformed index.json > manifests[0].size'],
  },
  'a size of 2^53 - 1 bytes': {
    build: indexEdited(firstEntry((entry) => (entry['size'] = 2 ** 53 - 1))),
    problems: [`blob-size ${first}`],
  },
  'a size that is one too large': {
    build: indexEdited(firstEntry((entry) => entry['size']++)),
    problems: [`blob-size ${first}`],
  },
  'a platform without an architecture': {
    build: listed({ editDescriptor: (entry) => (entry['platform'] = { os: 'linux' }) }),
    problems: [`document-malformed ${first} > manifests[0].platform.architecture`],
  },
  'an annotation that is no text': {
    build: indexEdited(firstEntry((entry) => (entry['annotations'] = { a: 1 }))),
    problems: ['document-malformed index.json > manifests[0].annotations.a'],
  },
  'an index that is said to be a manifest': {
    build: indexEdited(firstEntry((entry) => (entry['mediaType'] = 'application/vnd.oci.image.manifest.v1+json'))),
    problems: [
      `document-malformed ${first} > mediaType`,
      `document-malformed ${first} > config`,
      `document-malformed ${first} > layers`,
      `document-malformed ${first} > manifests`,
    ],
  },
}

const documents: Record<string, BrokenLayout> = {
  'a manifest of Docker in an entry of OCI': {
    build: made({
      editManifest: (document) => (document['mediaType'] = 'application/vnd.docker.distribution.manifest.v2+json'),
    }),
    problems: [`media-type ${first} > mediaType`],
  },
  'a manifest with schemaVersion 1': {
    build: made({ editManifest: (document) => (document['schemaVersion'] = 1) }),
    problems: [`document-malformed ${first} > schemaVersion`],
  },
  'a manifest that is an index as well': {
    build: made({ editManifest: (document) => (document['manifests'] = []) }),
    problems: [`document-malformed ${first} > manifests`],
  },
  'a manifest without a config': {
    build: made({ editManifest: (document) => void delete document['config'] }),
    problems: [`document-malformed ${first} > config`],
  },
  'a manifest of 9 MiB': {
    build: made({ editManifest: (document) => (document['x'] = 'x'.repeat(9 * 1024 * 1024)) }),
    problems: [`document-too-large ${first}`],
  },
  'a layer of a digest that leads out': {
    build: made({ editManifest: (document) => (document['layers'][0].digest = 'sha256:../../x') }),
    problems: [`digest-invalid ${only} > layers[0] sha256:../../x`],
  },
  'no layers': { build: made({ layers: [] }), problems: [`layers-empty ${first}`], strict: true },
  'an artifact with an empty config that does not say its type': {
    build: made({ editManifest: (document) => (document['config'].mediaType = 'application/vnd.oci.empty.v1+json') }),
    problems: [`document-malformed ${first} > artifactType`],
  },
  'a config without rootfs': {
    build: made({ editConfig: (document) => void delete document['rootfs'] }),
    problems: [`document-malformed ${first} > config > rootfs`],
  },
  'a config without an architecture': {
    build: made({ editConfig: (document) => void delete document['architecture'] }),
    problems: [`document-malformed ${first} > config > architecture`],
  },
  'fewer diff IDs than layers': {
    build: made({ layers: ['a', 'b'], editConfig: (document) => document['rootfs'].diff_ids.pop() }),
    problems: [`layer-count ${first}`],
  },
  'more diff IDs than layers': {
    build: made({ layers: ['a', 'b'], editManifest: (document) => document['layers'].pop() }),
    problems: [`layer-count ${first}`],
  },
  'embedded data that is another blob': {
    build: indexEdited(firstEntry((entry) => (entry['data'] = Buffer.from('{}').toString('base64')))),
    problems: [`blob-data ${first}`],
  },
  'a config that says another architecture': {
    build: listed({ editConfig: (document) => (document['architecture'] = 'arm64') }, { architecture: 's390x' }),
    problems: [`platform-contradiction ${first} > manifests[0] (linux/amd64) > config`],
  },
  'a config that says another variant': {
    build: listed({ architecture: 'arm', variant: 'v7', editConfig: (document) => (document['variant'] = 'v6') }),
    problems: [`platform-contradiction ${first} > manifests[0] (linux/arm/v7) > config`],
  },
  'an empty index and nothing else': { build: listed(), problems: ['manifests-empty index.json > manifests'] },
  'indexes five deep': {
    build: listed({ entries: [{ entries: [{ entries: [two] }] }] }),
    problems: [`index-too-deep ${first} > manifests[0] > manifests[0] > manifests[0] > manifests[0]`],
  },
}

const platforms: Record<string, BrokenLayout> = {
  'one platform twice': {
    build: listed({ architecture: 'arm64' }, { architecture: 'arm64', variant: 'v8' }),
    problems: [`platform-duplicate ${first} > manifests[1] (linux/arm64/v8)`],
  },
  'arm and arm/v7, which are one to a reader': {
    build: listed({ architecture: 'arm' }, { architecture: 'arm', variant: 'v7' }),
    problems: [`platform-duplicate ${first} > manifests[1] (linux/arm/v7)`],
  },
  'one image under two platforms': {
    build: listed(
      { architecture: 'arm64' },
      { architecture: 'arm64', editDescriptor: (entry) => (entry['platform'].architecture = 'amd64') },
    ),
    problems: [`platform-same-image ${first} > manifests[1] (linux/amd64)`],
  },
  'a variant that no machine has': {
    build: listed(
      { architecture: 'amd64', editDescriptor: (entry) => (entry['platform'].variant = 'v8') },
      { architecture: 'arm64', editDescriptor: (entry) => (entry['platform'].variant = 'v8a') },
    ),
    problems: [
      `platform-unmatchable ${first} > manifests[0] (linux/amd64/v8)`,
      `platform-unmatchable ${first} > manifests[1] (linux/arm64/v8a)`,
    ],
  },
  'spellings that not every client reads': {
    build: listed(
      { architecture: 'amd64', editDescriptor: (entry) => (entry['platform'].architecture = 'x86_64') },
      { architecture: 'aarch64' },
    ),
    problems: [
      `platform-unmatchable ${first} > manifests[0] (linux/x86_64)`,
      `platform-unmatchable ${first} > manifests[1] (linux/aarch64)`,
    ],
  },
  'an entry whose platform is empty': {
    build: listed({ editDescriptor: (entry) => (entry['platform'] = { os: '', architecture: '' }) }),
    problems: [`platform-incomplete ${first} > manifests[0] (unknown/unknown)`],
  },
  'an image config whose platform is empty': {
    build: () => buildLayout({ os: '', architecture: '' }).directory,
    problems: [`platform-incomplete ${first} > config`],
  },
  'an image config whose platform is empty where the index has one': {
    build: listed({ editConfig: (document) => (document['architecture'] = '') }),
    problems: [`platform-incomplete ${first} > manifests[0] (linux/amd64) > config`],
  },
  'names that the spec does not list': {
    build: listed(
      { architecture: 'm68k' },
      { architecture: 's390x', variant: 'z15' },
      { os: 'wasi', architecture: 'wasm' },
      { architecture: 'arm64', editConfig: (document) => (document['architecture'] = 'aarch64') },
    ),
    strict: true,
    problems: [
      `platform-unlisted ${first} > manifests[0] (linux/m68k)`,
      `platform-unlisted ${first} > manifests[0] (linux/m68k) > config`,
      `platform-unlisted ${first} > manifests[1] (linux/s390x/z15)`,
      `platform-unlisted ${first} > manifests[1] (linux/s390x/z15) > config`,
      `platform-unlisted ${first} > manifests[2] (wasi/wasm)`,
      `platform-unlisted ${first} > manifests[2] (wasi/wasm) > config`,
      `platform-unlisted ${first} > manifests[3] (linux/arm64) > config`,
    ],
  },
  'images to choose from that do not say their platform': {
    build: listed({ platform: false }, { architecture: 'arm64' }, { architecture: 's390x', platform: false }),
    problems: [`platform-unstated ${first} > manifests[0]`, `platform-unstated ${first} > manifests[2]`],
  },
  'two images without names and platforms in index.json': {
    build: () => buildLayout([{}, { architecture: 'arm64' }]).directory,
    problems: [`platform-unstated ${first}`, 'platform-unstated index.json > manifests[1]'],
  },
  'a platform that is not there': {
    build: damaged(() => {}),
    platforms: ['amd64', 'linux/arm/v7', 'riscv64'],
    problems: ['platform-missing index.json'],
  },
  'a platform that nobody wants': {
    build: damaged(() => {}),
    platforms: ['amd64'],
    problems: [`platform-unexpected ${armv7}`],
  },
}

const gzip = (tar: Uint8Array): Buffer => gzipSync(tar)
const layers: Record<string, BrokenLayout> = {
  'diff IDs in another order': {
    build: made({
      layers: ['a', 'b'],
      editConfig: ({ rootfs }) => (rootfs.diff_ids = [rootfs.diff_ids[1], rootfs.diff_ids[0]]),
    }),
    problems: [`layer-diff-id ${only} > layers[0]`, `layer-diff-id ${only} > layers[1]`],
  },
  'a diff ID that is no digest': {
    build: made({ editConfig: ({ rootfs }) => (rootfs.diff_ids = ['sha256:xyz']) }),
    problems: [`digest-invalid ${first} > config > rootfs.diff_ids[0]`],
  },
  'the diff ID of the compressed layer': {
    build: made({
      gzip: true,
      layers: ['a'],
      editConfig: ({ rootfs }) => (rootfs.diff_ids = [digestOf(gzip(tarOfEntries([{ name: 'x' }])))]),
    }),
    problems: [`layer-diff-id ${only} > layers[0]`],
  },
  'gzip that is cut off': {
    build: made({ pack: (tar) => [gzip(tar).subarray(0, -12), '+gzip'] }),
    problems: [`layer-compression ${only} > layers[0]`],
  },
  'gzip with something behind it': {
    build: made({ pack: (tar) => [Buffer.concat([gzip(tar), Buffer.from('behind')]), '+gzip'] }),
    problems: [`layer-compression ${only} > layers[0]`],
  },
  'gzip with a wrong checksum': {
    build: made({
      pack: (tar) => {
        const bytes = gzip(tar)
        bytes[bytes.length - 6]! ^= 1
        return [bytes, '+gzip']
      },
    }),
    problems: [`layer-compression ${only} > layers[0]`],
  },
  'a plain tar that is said to be gzip': {
    build: made({ pack: (tar) => [tar, '+gzip'] }),
    problems: [`layer-compression ${only} > layers[0]`],
  },
  'gzip that is said to be a plain tar': {
    build: made({ pack: (tar) => [gzip(tar), ''] }),
    problems: [`layer-compression ${only} > layers[0]`],
  },
  'gzip that is said to be zstd': {
    build: made({ pack: (tar) => [gzip(tar), '+zstd'] }),
    problems: [`layer-compression ${only} > layers[0]`],
  },
  'zstd that is cut off': {
    build: made({ pack: (tar) => [zstdStored(tar).subarray(0, -5), '+zstd'] }),
    problems: [`layer-compression ${only} > layers[0]`],
  },
  'a layer that is no tar': {
    build: made({ layers: [Buffer.from('no tar, but a text'.repeat(100))] }),
    problems: [`layer-malformed ${only} > layers[0]`],
  },
  'a tar that is cut off': {
    build: made({ layers: [tarOfEntries([{ name: 'a', content: 'x'.repeat(5000) }]).subarray(0, 3000)] }),
    problems: [`layer-malformed ${only} > layers[0]`],
  },
  'a bomb': {
    build: made({ layers: [Buffer.alloc(0)], pack: () => [bomb(), '+gzip'] }),
    problems: [`layer-too-large ${only} > layers[0]`],
  },
  'an absolute name that climbs': {
    build: layered([{ name: 'a', pax: { path: '/../etc/passwd' } }]),
    problems: [`layer-entry-escapes ${only} > layers[0] > /../etc/passwd`],
  },
  'a name that climbs': {
    build: layered([{ name: 'a', pax: { path: '../../etc/passwd' } }]),
    problems: [`layer-entry-escapes ${only} > layers[0] > ../../etc/passwd`],
  },
  'a hard link that climbs': {
    build: layered([{ name: 'a', type: '1', target: '../../etc/shadow' }]),
    problems: [`layer-entry-escapes ${only} > layers[0] > a`],
  },
  'a file through a link that climbs': {
    build: layered([{ name: 'up', type: '2', target: '../..' }, { name: 'up/file' }]),
    problems: [`layer-entry-escapes ${only} > layers[0] > up/file`],
  },
  'a whiteout of the directory above': {
    build: layered([{ name: 'etc/.wh...' }]),
    problems: [`layer-entry-escapes ${only} > layers[0] > etc/.wh...`],
  },
  'an entry of an unknown type': {
    build: layered([{ name: 'a', type: 'Z' }]),
    problems: [`layer-entry-refused ${only} > layers[0] > a`],
  },
  'a hard link to nothing': {
    build: layered([{ name: 'a', type: '1', target: 'b' }]),
    problems: [`layer-entry-refused ${only} > layers[0] > a`],
  },
  'a path twice': {
    build: layered([{ name: 'a' }, { name: './a' }]),
    problems: [`layer-entry-repeated ${only} > layers[0] > ./a`],
  },
  'a global PAX header': {
    strict: true,
    build: layered([{ name: 'g', type: 'g', content: '18 comment=commit\n' }]),
    problems: [`layer-entry-unportable ${only} > layers[0] > g`],
  },
  'a program for another processor': {
    build: layered(
      [
        { name: './usr/bin/tool', content: elfs.amd64 },
        { name: 'usr/bin/own', content: elfs.arm64 },
      ],
      'arm64',
    ),
    problems: [`file-platform ${first} (linux/arm64) > layers[0] > usr/bin/tool`],
  },
  'a library of the other byte order': {
    build: layered([{ name: 'lib/libc.so', content: elfs.ppc64 }], 'ppc64le'),
    problems: [`file-platform ${first} (linux/ppc64le) > layers[0] > lib/libc.so`],
  },
  'a program for a later ARM': {
    build: made({
      architecture: 'arm',
      variant: 'v6',
      layers: [tarOfEntries([{ name: 'bin/a', content: elfs.armv7 }])],
    }),
    problems: [`file-platform ${first} (linux/arm/v6) > layers[0] > bin/a`],
  },
  'an x32 program': {
    build: layered([{ name: 'bin/a', content: elfs.x32 }]),
    problems: [`file-platform ${only} > layers[0] > bin/a`],
  },
  'programs for 386 alone': {
    build: layered([{ name: 'bin/a', content: elfs.i386 }]),
    problems: [`file-platform ${only} > layers[0] > bin/a`],
  },
}

/** 2.5 GiB of zeros in 2.6 MB. */
function bomb(): Buffer {
  const zeros = gzipSync(Buffer.alloc(64 * 1024 ** 2))
  const header = tarOfEntries([{ name: 'zeros', size: '0', pax: { size: String(2.5 * 1024 ** 3) } }]).subarray(0, -1024)
  return Buffer.concat([gzipSync(header), ...Array.from({ length: 40 }, () => zeros)])
}

const strays: Record<string, BrokenLayout> = {
  'one reference on each of several entries': {
    build: () =>
      buildLayout([
        { platform: true, reference: 'latest' },
        { platform: true, reference: 'latest', architecture: 'arm64' },
      ]).directory,
    problems: ['reference-repeated index.json > manifests[1] (linux/arm64)'],
  },
  'a reference with a blank': {
    build: () => buildLayout({ reference: 'my image' }).directory,
    problems: [`reference-malformed ${first}`],
  },
  'blobs behind a symbolic link': {
    build: damaged(({ directory }) => {
      const elsewhere = temporaryDirectory()
      renameSync(path.join(directory, 'blobs'), path.join(elsewhere, 'blobs'))
      symlinkSync(path.join(elsewhere, 'blobs'), path.join(directory, 'blobs'))
    }),
    problems: ['file-unknown blobs'],
    directoryOnly: true,
  },
  'a blob that nothing refers to': {
    build: () => buildLayout(two, { garbage: 1 }).directory,
    problems: ['blob-unreferenced blobs/sha256/HEX'],
  },
  'files of no layout': {
    build: damaged(({ directory }) => {
      writeFileSync(path.join(directory, 'repositories'), '{}')
      writeFileSync(path.join(directory, 'blobs/sha256/.part'), '')
    }),
    problems: ['file-unknown blobs/sha256/.part', 'file-unknown repositories'],
  },
  'a layout in a layout': {
    build: damaged(({ directory }) => void buildLayout({}, { directory: path.join(directory, 'inner') })),
    problems: Array.from({ length: 5 }, () => 'file-unknown inner/…'),
  },
}

export const brokenLayouts: Readonly<Record<string, BrokenLayout>> = {
  ...files,
  ...damage,
  ...descriptors,
  ...documents,
  ...platforms,
  ...Object.fromEntries(Object.entries(layers).map(([what, broken]) => [what, { ...broken, deep: true as const }])),
  ...Object.fromEntries(Object.entries(strays).map(([what, broken]) => [what, { ...broken, strict: true as const }])),
}
