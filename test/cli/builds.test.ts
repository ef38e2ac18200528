/** Real BitBake in several build directories, and with an environment of its own. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bitbakes } from '../rig/three-multiconfigs.js'
import { testWith } from '../rig/tools.js'
import { setUp } from './set-ups.js'

const test = suite('builds')

const first = bitbakes[0]!
testWith(test, first.missing, 'several build directories in one config', () => {
  const project = setUp(first.program)
  for (const file of ['bblayers.conf', 'local.conf']) {
    project.write(`build-other/conf/${file}`, readFileSync(path.join(project.build.directory, 'conf', file), 'utf8'))
  }
  const platforms = {
    arm: { multiconfig: 'arm-glibc', platform: 'linux/arm64' },
    x86: { multiconfig: 'x86', build: 'other' },
  }
  project.configure(
    { command: [first.program] },
    {
      builds: { other: { command: [first.program] } },
      platforms,
      targets: { hello: { recipe: 'hello-container' } },
    },
  )
  // In a shell that was initialised for one of them.
  const shell = { BUILDDIR: project.build.directory, BBPATH: project.build.directory }
  const { code, stdout, stderr } = project.mab(shell, 'run', '-j', '2')
  assert.is(code, 0, stderr)
  assert.match(stdout, /linux\/arm64, linux\/amd64/)
  for (const build of ['build', 'build-other']) {
    assert.match(stderr, new RegExp(`bitbake ${build}: `))
    assert.ok(existsSync(path.join(project.directory, build, 'bitbake-cookerdaemon.log')))
  }
})

testWith(test, first.missing, 'declared environment reaches the metadata', () => {
  const project = setUp(first.program)
  const kept = 'OCI_IMAGE_TAG ?= "${MY_TAG}"\n'
  project.write('build/conf/local.conf', (old) => `${old}${kept}`)
  const build = { command: [first.program], environment: { MY_TAG: 'of the day'.replaceAll(' ', '-') } }
  project.configure(build, { targets: { hello: { recipe: 'hello-container', platforms: ['x86'] } } })
  const { code, stderr } = project.mab({}, 'run')
  assert.is(code, 0, stderr)
  assert.match(stderr, 'hello-container-of-the-day-oci')
})

test.run()
