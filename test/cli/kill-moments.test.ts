/**
 * `mab run` with real BitBake, interrupted at one moment after the other. Each run finds what the stopped one before has
 * left, and gets further; the last one is left alone.
 */
import { existsSync, rmSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { missingBitbake } from '../rig/project.js'
import { testWith } from '../rig/tools.js'
import {
  checkNothingIsLeft,
  ends,
  project,
  says,
  shows,
  stoppedAt,
  touchMetadata,
  writeMetadata,
  type Moment,
} from './kill-rig.js'

const test = suite('interrupting mab at moments')

/** In the order in which they come. */
const moments: readonly (readonly [name: string, moment: Moment])[] = [
  ['the run begins', (event) => event.kind === 'run-started'],
  ['BitBake is asked', shows(/^asking/)],
  ['BitBake loads its cache', shows(/loading cache/)],
  ['BitBake prepares its tasks', shows(/initialising tasks/)],
  ['a setscene task runs', says(/do_data_setscene: Started/)],
  ['a task begins', (event) => event.kind === 'task-progress' && event.phase === 'building'],
  ['a task runs', says(/do_rootfs: Started/)],
  ['BitBake has done all', says(/Tasks Summary: .* all succeeded/)],
  ['BitBake has ended', ends('bitbake')],
  ['an image is merged', ends('merge')],
  ['the index is staged', ends('index')],
]

/** For these BitBake must have something to do. */
const withWork: ReadonlySet<string> = new Set(['a setscene task runs', 'a task begins', 'a task runs'])
const late: ReadonlySet<string> = new Set(['BitBake has ended', 'an image is merged', 'the index is staged'])

testWith(
  test,
  missingBitbake,
  'SIGINT at moments from the start to the end: nothing is left, and the next run gets further',
  async () => {
    writeMetadata()
    for (const [name, moment] of moments) {
      if (withWork.has(name)) touchMetadata(name)
      const exit = await stoppedAt([moment, 'SIGINT'])
      const image = existsSync(project.file('deploy/hello-multiarch-oci/index.json'))
      // The last steps take milliseconds: the signal may come when all is done.
      const over = late.has(name) && image && exit === 0
      assert.ok(over || (exit === 130 && (!image || late.has(name))), `${name}: exit ${exit}, image ${image}`)
      assert.not.ok(existsSync(project.file('.mab/lock')), name)
      await checkNothingIsLeft()
      rmSync(project.file('deploy'), { recursive: true, force: true })
    }
    const last = project.mab('run')
    assert.is(last.code, 0, last.stderr)
  },
)

test.run()
