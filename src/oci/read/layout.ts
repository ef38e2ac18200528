/**
 * Opening an OCI image layout for reading: a directory, or a tar of one with the layout at its top or in one directory
 * inside. Either way a blob is a range of bytes in some file, so everything after this does not care which it was.
 */
import fs from 'node:fs'
import path from 'node:path'
import { errorText, exists, fileIdentity, isAbsent } from '../../util/fs.js'
import type { LayoutRemedy } from '../../problem/layout-remedy.js'
import { readRange } from '../../util/read-file.js'
import { fail, ok, type LayoutProblem, type Result } from '../../problem/problem.js'
import { blobPath, type Digest } from '../digest.js'
import type { IndexDocument } from '../documents.js'
import { indexSchema, layoutFileSchema } from '../json/schemas.js'
import { describePlace, fileAt, listFiles, noSuchFile, UnfollowedLink } from './layout-directory.js'
import { maximumDocument, parseDocument } from '../json/parse.js'
import { describeCompression, isSkopeoDirectory, remedyForDockerArchive, remedyForError } from './remedies.js'
import { memberFinder } from '../tar/links.js'
import { readTarMembers, type TarMember } from '../tar/members.js'

/** Where a blob's bytes are. */
export interface BlobLocation {
  readonly file: string
  readonly offset: number
  /** Bytes. */
  readonly size: number
  /** The blob is the whole of `file`, so the file can be linked. */
  readonly whole: boolean
  /** Of `file`; see `fileIdentity`. */
  readonly identity: string
  /** Other users cannot read `file`. */
  readonly ownerOnly?: boolean
}

export interface Layout {
  /** As it was asked for: the name for messages. */
  readonly path: string
  readonly kind: 'directory' | 'archive'
  readonly index: IndexDocument
  readonly indexBytes: Buffer
  /** `undefined` when there is no such blob, or the place holds something else than a file. */
  locate(digest: Digest): BlobLocation | undefined
  /** What lies at a path in it that is no file to read, in words. */
  describe(name: string): string
  /** Everything in it that is no directory, by its path in the layout; in an archive also what lies beside the layout. */
  files(): readonly string[]
  /** For an index without entries: the archive is one of Docker's as well, which has its images in manifest.json. */
  readonly whenEmpty?: { readonly remedy?: LayoutRemedy }
}

export interface OpenOptions {
  /** Read this file in place of `index.json`: an image that is written but not yet in place. */
  readonly indexFile?: string
}

/** The version that every layout has had so far (image-layout.md "oci-layout file"). */
export const layoutVersion = '1.0.0'

/** Opens `location` and reads its `index.json`; blobs are not looked at. Anything but a readable layout is a problem. */
export function openLayout(location: string, options: OpenOptions = {}): Result<Layout, LayoutProblem> {
  try {
    const stat = fs.statSync(location)
    if (stat.isDirectory()) return openDirectory(location, options)
    // Opening a named pipe would wait for its other end.
    return stat.isFile()
      ? openArchive(location)
      : fail(unreadable(location, [], 'an OCI image layout: a directory or a tar', 'neither'))
  } catch (error) {
    const found = isAbsent(error) ? 'no such file or directory' : errorText(error)
    const problem = unreadable(location, [], 'an OCI image layout: a directory or a tar', found)
    if (isAbsent(error)) return fail(problem)
    const isCopied = error instanceof UnfollowedLink && error.mayBeCopied
    const remedy = isCopied
      ? { remedy: { kind: 'copy', directory: location } as const }
      : remedyForError(error, location)
    return fail({ ...problem, ...remedy })
  }
}

function openDirectory(directory: string, options: OpenOptions): Result<Layout, LayoutProblem> {
  if (!exists(path.join(directory, 'index.json')) && isSkopeoDirectory(directory)) {
    const found = "a directory of skopeo's transport dir: (manifest.json and version)"
    const remedy = { kind: 'convert', transport: 'dir', path: directory } as const
    return fail({ ...unreadable(directory, [], 'the files index.json and oci-layout', found), remedy })
  }
  const read = (name: string): Buffer | undefined => {
    const stat = fileAt(directory, name, false)
    return stat && readFrom(path.join(directory, name), 0, Math.min(Number(stat.size), maximumDocument + 1))
  }
  const locate = (digest: Digest): BlobLocation | undefined => {
    const name = blobPath(digest)
    const stat = fileAt(directory, name, true)
    return (
      stat && {
        file: `${directory}/${name}`,
        offset: 0,
        size: Number(stat.size),
        whole: true,
        identity: fileIdentity(stat),
        ownerOnly: (stat.mode & 0o004n) === 0n,
      }
    )
  }
  const files = (): string[] => listFiles(directory)
  const describe = (name: string): string => describePlace(path.join(directory, name))
  return assemble(directory, 'directory', read, { locate, describe, files }, options.indexFile ?? 'index.json')
}

function openArchive(file: string): Result<Layout, LayoutProblem> {
  const descriptor = fs.openSync(file, 'r')
  try {
    const stat = fs.fstatSync(descriptor, { bigint: true })
    const compression = describeCompression(readRange(descriptor, 0, 6), file)
    if (compression !== undefined) {
      const { name, remedy } = compression
      const problem = unreadable(file, [], 'an uncompressed tar of an OCI image layout', `a file compressed by ${name}`)
      return fail({ ...problem, remedy: remedy! })
    }
    const members = readTarMembers(descriptor, Number(stat.size))
    if ('error' in members) {
      const problem = unreadable(file, [], 'an uncompressed tar of an OCI image layout', members.error)
      return fail(members.next === undefined ? problem : { ...problem, next: members.next })
    }
    const find = memberFinder(members)
    const readMember = ({ offset, size }: TarMember): Buffer =>
      readRange(descriptor, offset, Math.min(size, maximumDocument + 1))
    const dockerManifest = find('manifest.json')
    const [prefix, ...others] = layoutPrefixes(members, find)
    if (prefix === undefined || others.length > 0) {
      const expected = 'a layout at the top of the archive or in one directory inside'
      if (prefix === undefined && dockerManifest !== undefined) {
        const problem = unreadable(file, [], expected, 'a docker-archive (manifest.json and no index.json)')
        return fail({ ...problem, ...remedyForDockerArchive(file, readMember(dockerManifest)) })
      }
      const none = members.length === 0 ? 'an empty archive' : 'no index.json there'
      if (prefix === undefined) return fail(unreadable(file, [], expected, none))
      const found = `several: ${[prefix, ...others].map((name) => name.slice(0, -1)).join(', ')}`
      return fail({ ...unreadable(file, [], expected, found), next: 'unpack it, and name each layout by itself' })
    }
    const identity = fileIdentity(stat)
    const read = (name: string): Buffer | undefined => {
      const member = find(prefix + name)
      return member && readMember(member)
    }
    const locate = (digest: Digest): BlobLocation | undefined => {
      const member = find(prefix + blobPath(digest))
      return member && { file, offset: member.offset, size: member.size, whole: false, identity }
    }
    const names = members.filter(({ type }) => type !== 'directory').map(({ name }) => name)
    const list = (): string[] => names.map((name) => (name.startsWith(prefix) ? name.slice(prefix.length) : name))
    const describe = (name: string): string => {
      const type = members.findLast((member) => member.name === prefix + name)?.type
      return type === undefined ? noSuchFile : type === 'other' ? 'neither a file nor a directory' : `a ${type}`
    }
    // Docker 25 may write `manifests: null` next to a manifest.json that is whole.
    const whenEmpty =
      dockerManifest === undefined ? {} : { whenEmpty: remedyForDockerArchive(file, readMember(dockerManifest)) }
    return assemble(file, 'archive', read, { locate, describe, files: list, ...whenEmpty }, 'index.json')
  } finally {
    fs.closeSync(descriptor)
  }
}

/** '' when there is a layout at the top, else `dir/` for each directory that has an `index.json`. */
function layoutPrefixes(members: readonly TarMember[], find: (name: string) => TarMember | undefined): string[] {
  if (find('index.json') !== undefined) return ['']
  const inside = members.filter(({ name }) => /^[^/]+\/index\.json$/.test(name) && find(name) !== undefined)
  return [...new Set(inside.map(({ name }) => name.slice(0, -'index.json'.length)))]
}

function assemble(
  location: string,
  kind: Layout['kind'],
  read: (name: string) => Buffer | undefined,
  look: Pick<Layout, 'locate' | 'describe' | 'files' | 'whenEmpty'>,
  indexFile: string,
): Result<Layout, LayoutProblem> {
  const indexBytes = read(indexFile)
  const marker = read('oci-layout')
  if (indexBytes === undefined || marker === undefined) {
    const unread = [indexBytes ? [] : ['index.json'], marker ? [] : ['oci-layout']].flat()
    const isMissing = (name: string): boolean => look.describe(name) === noSuchFile
    const missing = unread.filter(isMissing).join(' and ')
    const others = unread.filter((name) => !isMissing(name)).map((name) => `${name} is ${look.describe(name)}`)
    const found = [...(missing === '' ? [] : [`no ${missing}`]), ...others].join(', ')
    return fail(unreadable(location, [], 'the files index.json and oci-layout', found))
  }
  const version = parseDocument(location, ['oci-layout'], marker, layoutFileSchema)
  const index = parseDocument(location, ['index.json'], indexBytes, indexSchema)
  const problems = [...(version.ok ? [] : version.problems), ...(index.ok ? [] : index.problems)]
  if (version.ok && version.value.imageLayoutVersion !== layoutVersion) {
    problems.push({
      code: 'layout-version',
      layout: location,
      at: ['oci-layout', 'imageLayoutVersion'],
      expected: layoutVersion,
      found: version.value.imageLayoutVersion,
    })
  }
  if (problems.length > 0 || !index.ok) return fail(...problems)
  return ok({ path: location, kind, index: index.value, indexBytes, ...look })
}

/** Bytes `offset` to `offset + length` of a file; fewer when the file ends before. */
export function readFrom(file: string, offset: number, length: number): Buffer {
  const descriptor = fs.openSync(file, 'r')
  try {
    return readRange(descriptor, offset, length)
  } finally {
    fs.closeSync(descriptor)
  }
}

function unreadable(layout: string, at: readonly string[], expected: string, found: string): LayoutProblem {
  return { code: 'layout-unreadable', layout, at, expected, found }
}
