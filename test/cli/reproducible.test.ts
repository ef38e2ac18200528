/** The same sources give the same bytes, wherever and however they are merged. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { blobsIn, buildLayout, digestOf, seededBytes } from '../rig/layout-builder.js'
import { temporaryDirectory } from '../rig/temp.js'
import { missingTool, testWith } from '../rig/tools.js'
import { mabProgram } from './fixture.js'

const test = suite('reproducible')

interface Merged {
  readonly indexJson: string
  readonly blobs: readonly string[]
  /** Digest of the archive's bytes. */
  readonly archive: string
  readonly metadata: string
}

const architectures = ['arm64', 'amd64', 'riscv64']

/** Layouts and archives of the same images, as another machine has them. */
function makeSources(root: string): void {
  for (const [seed, architecture] of architectures.entries()) {
    const layers = ['the same in all', seededBytes(seed, 300_000)]
    const { directory } = buildLayout(
      { architecture, reference: 'latest', layers, gzip: true },
      { directory: path.join(root, architecture), garbage: seed },
    )
    spawnSync('tar', ['-cf', `${directory}.tar`, '-C', root, `./${architecture}`])
  }
}

function mergeIn(root: string, ending: string, how: readonly string[], env: Record<string, string>): Merged {
  const out = mkdtempSync(path.join(root, 'out-'))
  const operands = architectures.map((architecture) => path.join(root, `${architecture}${ending}`))
  const files = ['-o', 'app', '--archive', 'app.tar', '--metadata-file', 'app.json']
  const { status, stderr } = spawnSync(process.execPath, [mabProgram, 'merge', ...files, ...how, ...operands], {
    cwd: out,
    env: { ...process.env, ...env },
    encoding: 'utf8',
  })
  assert.is(status, 0, stderr)
  const {
    directory: _,
    archive: __,
    ...metadata
  } = JSON.parse(readFileSync(path.join(out, 'app.json'), 'utf8')) as Record<string, unknown>
  return {
    indexJson: readFileSync(path.join(out, 'app', 'index.json'), 'utf8'),
    blobs: blobsIn(path.join(out, 'app')),
    archive: digestOf(readFileSync(path.join(out, 'app.tar'))),
    metadata: JSON.stringify(metadata),
  }
}

const memory = statSync('/dev/shm', { throwIfNoEntry: false })?.dev
const here = statSync(temporaryDirectory()).dev
const noOther = memory === undefined || memory === here ? 'no second file system' : undefined

testWith(test, missingTool('tar') ?? noOther, 'two file systems, directories and archives, any -j: one image', () => {
  const roots = [temporaryDirectory(), mkdtempSync('/dev/shm/mab-test-')]
  try {
    for (const root of roots) makeSources(root)
    const first = mergeIn(roots[0]!, '', [], {})
    const [disk, shared] = roots as [string, string]
    const others: readonly Merged[] = [
      mergeIn(disk, '.tar', ['-j', '1'], {}),
      mergeIn(disk, '', ['-j', '16', '--link', 'copy'], { TZ: 'Asia/Tokyo', LC_ALL: 'tr_TR.UTF-8' }),
      mergeIn(shared, '', ['-j', '2', '--link', 'hardlink'], { HOME: '/nonexistent' }),
      mergeIn(shared, '.tar', ['-j', '8'], { TZ: 'America/St_Johns' }),
    ]
    for (const other of others) assert.equal(other, first)
    assert.is(first.blobs.length, architectures.length * 3 + 2)
  } finally {
    rmSync(roots[1]!, { recursive: true, force: true })
  }
})

testWith(test, missingTool('tar'), 'whoever may not read what others write may read the output all the same', () => {
  const root = temporaryDirectory()
  makeSources(root)
  const before = process.umask(0o077)
  try {
    mkdirSync(path.join(root, 'merged'))
    const args = ['merge', '-o', 'merged/app', '--link', 'copy', '--archive', 'merged/app.tar']
    const operands = architectures.map((architecture) => path.join(root, architecture))
    const { status } = spawnSync(process.execPath, [mabProgram, ...args, ...operands], { cwd: root })
    assert.is(status, 0)
  } finally {
    process.umask(before)
  }
  const mode = (...parts: string[]): string => (statSync(path.join(root, 'merged', ...parts)).mode & 0o777).toString(8)
  assert.equal([mode('app.tar'), mode('app', 'index.json'), mode('app', 'oci-layout')], ['644', '644', '644'])
  assert.equal([mode('app'), mode('app', 'blobs'), mode('app', 'blobs', 'sha256')], ['755', '755', '755'])
  for (const blob of blobsIn(path.join(root, 'merged', 'app')))
    assert.is(mode('app', 'blobs', ...blob.split(':')), '644')
})

test.run()
