/** `mab run` with real BitBake, stopped while tasks run: at once, and by signals that leave it no time. */
import { readFileSync, rmSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { missingBitbake } from '../rig/project.js'
import { testWith } from '../rig/tools.js'
import { checkNothingIsLeft, project, says, shows, stoppedAt, writeMetadata, type Moment } from './kill-rig.js'

const test = suite('killing mab')

testWith(test, missingBitbake, 'a first run, for an image in place', async () => {
  writeMetadata()
  const first = project.mab('run')
  assert.is(first.code, 0, first.stderr)
})

for (const [name, first, second, code] of [
  ['SIGINT twice', 'SIGINT', 'SIGINT', 130],
  ['SIGTERM', 'SIGTERM', undefined, 143],
  ['SIGKILL', 'SIGKILL', undefined, 'SIGKILL'],
] as const) {
  testWith(
    test,
    missingBitbake,
    `${name} while tasks run: nothing is left, the image in place stays, the next run succeeds`,
    async () => {
      const before = readFileSync(project.file('deploy/hello-multiarch-oci/index.json'), 'utf8')
      project.write('meta-hello/recipes/hello-container.bb', (old) => old.replace(/sleep \d+.*/, `sleep 300 # ${name}`))
      const again: [Moment, NodeJS.Signals][] = second === undefined ? [] : [[says(/Keyboard Interrupt/), second]]
      assert.is(await stoppedAt([says(/do_rootfs: Started/), first], ...again), code)
      await checkNothingIsLeft()
      assert.is(readFileSync(project.file('deploy/hello-multiarch-oci/index.json'), 'utf8'), before)
      project.write('meta-hello/recipes/hello-container.bb', (old) => old.replace(/sleep \d+.*/, `sleep 0 # ${name}`))
      const next = project.mab('run')
      assert.is(next.code, 0, next.stderr)
    },
  )
}

testWith(test, missingBitbake, 'SIGKILL while BitBake is asked: nothing is left, the next run succeeds', async () => {
  rmSync(project.file('.mab/answers'), { recursive: true })
  assert.is(await stoppedAt([shows(/^asking/), 'SIGKILL']), 'SIGKILL')
  await checkNothingIsLeft()
  const next = project.mab('run')
  assert.is(next.code, 0, next.stderr)
})

test.run()
