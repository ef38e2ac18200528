import { renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { maximumReadings } from '../../../src/oci/read/replacement.js'
import { verifyLayout } from '../../../src/oci/verify/verify.js'
import type { VerifyReport } from '../../../src/oci/verify/verify-report.js'
import { buildLayout, type BuiltLayout } from '../../rig/layout-builder.js'
import { temporaryDirectory } from '../../rig/temp.js'
import { valueOf } from '../merge-layouts.js'

const test = suite('a layout that is replaced while it is read')

function build(content: string): BuiltLayout {
  return buildLayout({ architecture: 'arm64', reference: 'latest', layers: ['common', content] })
}

/** Verifies the layout, and calls `replace` when the first blob of a reading is about to be read. */
async function verifyWhile(layout: BuiltLayout, replace: (reading: number) => void): Promise<VerifyReport> {
  let [reading, last] = [0, '']
  const has = (_file: string, _identity: string, digest: string): boolean => {
    if (reading === 0 || digest === last) replace(++reading)
    last ||= digest
    return false
  }
  return valueOf(await verifyLayout(layout.directory, { verified: { has, add: () => {} } }))
}

/** As a writer does: new blobs, the new index by a rename, and then the old blobs go. */
function replaceBy(layout: BuiltLayout, next: BuiltLayout): void {
  const blobs = path.join(layout.directory, 'blobs')
  renameSync(blobs, path.join(temporaryDirectory(), 'old'))
  renameSync(path.join(next.directory, 'blobs'), blobs)
  renameSync(path.join(next.directory, 'index.json'), path.join(layout.directory, 'index.json'))
}

test('the verdict is about the new image, and no blob is reported missing', async () => {
  const [layout, next] = [build('old'), build('new')]
  const report = await verifyWhile(layout, (reading) => {
    if (reading === 1) replaceBy(layout, next)
  })
  assert.equal(report.problems, [])
  assert.equal(
    report.images.map(({ digest }) => digest),
    [next.images[0]!.digest],
  )
})

test('an image that was removed is reported as missing', async () => {
  const layout = build('old')
  const removed = await verifyLayout(layout.directory, {
    verified: {
      has: () => {
        rmSync(layout.directory, { recursive: true, force: true })
        return false
      },
      add: () => {},
    },
  })
  assert.equal(removed.ok ? [] : removed.problems.map(({ code }) => code), ['layout-unreadable'])
})

test('a broken image is read once, and one that is replaced all the time not for ever', async () => {
  const broken = build('broken')
  rmSync(broken.file(broken.images[0]!.layers[1]!))
  let readings = 0
  const once = await verifyWhile(broken, (reading) => (readings = reading))
  assert.equal([once.problems.map(({ code }) => code), readings], [['blob-missing'], 1])

  const always = await verifyWhile(broken, (reading) => {
    readings = reading
    const index = path.join(broken.directory, 'index.json')
    renameSync(index, `${index}.moved`)
    renameSync(`${index}.moved`, index)
  })
  assert.equal([always.problems.map(({ code }) => code), readings], [['blob-missing'], maximumReadings])
})

test.run()
