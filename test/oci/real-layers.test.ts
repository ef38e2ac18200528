/** Layers as umoci, skopeo and GNU tar write them, read through. */
import { execFileSync } from 'node:child_process'
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { verifyLayout } from '../../src/oci/verify/verify.js'
import type { VerifyReport } from '../../src/oci/verify/verify-report.js'
import { elfs } from '../rig/elf-builder.js'
import { temporaryDirectory } from '../rig/temp.js'
import { missingTool, testWith } from '../rig/tools.js'
import { describeProblems, valueOf } from './merge-layouts.js'

const test = suite('real-layers')
const missing = missingTool('umoci', 'skopeo')

function run(program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { stdio: 'ignore' })
}

async function verify(location: string): Promise<VerifyReport> {
  return valueOf(await verifyLayout(location, { deep: true }))
}

/** An image for `architecture` with a program for arm/v7, in two layers. @returns the layout. */
function buildWithUmoci(architecture: string): string {
  const directory = temporaryDirectory()
  const [layout, bundle] = [path.join(directory, 'layout'), path.join(directory, 'bundle')]
  const image = ['--image', `${layout}:latest`]
  run('umoci', 'init', '--layout', layout)
  run('umoci', 'new', ...image)
  run('umoci', 'unpack', '--rootless', ...image, bundle)
  const root = path.join(bundle, 'rootfs')
  mkdirSync(path.join(root, 'usr/bin'), { recursive: true })
  writeFileSync(path.join(root, 'usr/bin/tool'), elfs.armv7)
  linkSync(path.join(root, 'usr/bin/tool'), path.join(root, 'usr/bin/hard'))
  symlinkSync('usr/bin', path.join(root, 'bin'))
  writeFileSync(path.join(root, `${'long-'.repeat(40)}name`), 'text')
  run('umoci', 'repack', '--refresh-bundle', ...image, bundle)
  writeFileSync(path.join(root, 'usr/bin/other'), elfs.armv6)
  run('umoci', 'repack', '--refresh-bundle', ...image, bundle)
  run('umoci', 'config', ...image, '--architecture', architecture)
  return layout
}

testWith(test, missing, "umoci's gzip and skopeo's zstd are read, as directories and archives", async () => {
  const layout = buildWithUmoci('arm')
  const [zstd, archive] = [path.join(temporaryDirectory(), 'zstd'), path.join(temporaryDirectory(), 'image.tar')]
  run(
    'skopeo',
    'copy',
    '--dest-compress-format',
    'zstd',
    '--dest-compress',
    `oci:${layout}:latest`,
    `oci:${zstd}:latest`,
  )
  run('skopeo', 'copy', `oci:${zstd}:latest`, `oci-archive:${archive}:latest`)
  for (const location of [layout, zstd, archive]) {
    const report = await verify(location)
    assert.equal(report.problems, [], location)
    assert.equal(report.unread, [])
    // The hard link is the same file.
    assert.equal(
      report.images.map(({ platform, layers, programs }) => [platform, layers, programs]),
      [['linux/arm', 2, 2]],
    )
  }
})

testWith(test, missing, 'an image of umoci that is labelled for another machine is found', async () => {
  const { problems } = await verify(buildWithUmoci('amd64'))
  assert.equal(describeProblems(problems), [
    'file-platform index.json > manifests[0] (linux/amd64) > layers[0] > usr/bin/hard',
    'file-platform index.json > manifests[0] (linux/amd64) > layers[1] > usr/bin/other',
  ])
  assert.is(problems[0]!.found, 'code for arm')
})

test.run()
