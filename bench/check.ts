/** Whether a command made what it should have. Nothing of `src/` is used, so a bug there cannot hide itself here. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, openSync, readFileSync, readSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import type { Layout } from './workload.js'

/** A layout with one nested index of exactly these images, with all of their bytes and no other blob. */
export function checkImage(directory: string, layouts: readonly Layout[]): void {
  const blobs = path.join(directory, 'blobs', 'sha256')
  const outer = entriesIn(path.join(directory, 'index.json'))
  expect('entries of index.json', outer.length, 1)
  const index = hexOf(outer[0]!.digest)
  const wanted = layouts.map(({ manifest }) => manifest)
  expect(
    'images of the index',
    entriesIn(path.join(blobs, index)).map(({ digest }) => digest),
    wanted,
  )
  expect('digest of the index', hashFile(path.join(blobs, index)), index)
  checkBlobs(blobs, layouts, [index])
}

/** A directory with all blobs of the layouts, and others of these names. */
export function checkBlobs(directory: string, layouts: readonly Layout[], others: readonly string[] = []): void {
  const wanted = blobsOf(layouts)
  expect('blobs', readdirSync(directory).toSorted(), [...wanted.keys(), ...others].toSorted())
  for (const [hex, source] of wanted) {
    const file = path.join(directory, hex)
    const [made, given] = [statSync(file), statSync(source)]
    // A hard link to the bytes that the layout was written with.
    if (made.dev === given.dev && made.ino === given.ino) continue
    expect(`digest of ${hex}`, hashFile(file), hex)
  }
}

/** A tar of all that is in the directory, which is looked at by `tar` itself. */
export function checkArchive(file: string, directory: string): void {
  const listed = spawnSync('tar', ['-tf', file], { encoding: 'utf8' }).stdout.split('\n')
  const members = listed.filter((name) => name !== '' && !name.endsWith('/')).map((name) => name.replace(/^\.\//, ''))
  const files = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)))
  expect('members', members.toSorted(), files.toSorted())
  // Owners and times may differ, bytes may not.
  const { stdout, stderr } = spawnSync('tar', ['-df', file, '-C', directory], { encoding: 'utf8' })
  const differences = `${stdout}${stderr}`
    .split('\n')
    .filter((line) => !/^$|(Mod time|Uid|Gid|Mode) differs$/.test(line))
  expect('differences', differences, [])
}

/** What `openssl dgst -r` prints of the layouts' blobs. */
export function checkHashes(output: string, layouts: readonly Layout[]): void {
  const found = output.split('\n').flatMap((line) => line.split(' ')[0] || [])
  expect('digests', found.toSorted(), [...blobsOf(layouts).keys()].toSorted())
}

export function expect(what: string, found: unknown, wanted: unknown): void {
  const [is, should] = [JSON.stringify(found), JSON.stringify(wanted)]
  if (is !== should) throw new Error(`${what}: found ${is.slice(0, 300)}, not ${should.slice(0, 300)}`)
}

/** Each blob once, by the hex of its digest. */
export function blobsOf(layouts: readonly Layout[]): Map<string, string> {
  return new Map(layouts.flatMap(({ blobs }) => [...blobs].map(([digest, file]) => [hexOf(digest), file] as const)))
}

function hexOf(digest: string): string {
  return digest.slice('sha256:'.length)
}

function entriesIn(file: string): readonly { readonly digest: string }[] {
  return (JSON.parse(readFileSync(file, 'utf8')) as { manifests: { digest: string }[] }).manifests
}

function hashFile(file: string): string {
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafe(1024 * 1024)
  const descriptor = openSync(file, 'r')
  try {
    for (let bytes = -1; bytes !== 0;) {
      bytes = readSync(descriptor, buffer)
      hash.update(buffer.subarray(0, bytes))
    }
  } finally {
    closeSync(descriptor)
  }
  return hash.digest('hex')
}
