/** Real BitBake in a PID namespace of its own, and in a session of its own, as a container has it. */
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { serverAtWork, serverPid } from '../../../src/bitbake/process/server.js'
import { exampleProject } from '../../rig/project.js'
import { bitbakes } from '../../rig/three-multiconfigs.js'
import { testWith } from '../../rig/tools.js'
import { finished, image, isAlive, startCall, stopCalls, until, type StartedCall } from '../calls.js'

const test = suite('bitbake in a container')
test.after.each(stopCalls)

const multiconfig = 'container-aarch64'
/** Without -r it needs root. */
const space = ['unshare', '--map-root-user', '--pid', '--fork', 'setsid', '--wait']
const noSpace =
  spawnSync(space[0]!, [...space.slice(1), 'true']).status === 0 ? undefined : 'PID namespaces are not to be had'

/** A call whose task sleeps by the time it is returned. */
async function sleepingCall(program: string): Promise<{ call: StartedCall; directory: string; server: number }> {
  const project = exampleProject([...space, program])
  project.write('meta-hello/recipes/sleeper.bb', 'inherit image-oci\ndo_rootfs() {\n    sleep 3\n}\n')
  const PATH = `${path.dirname(program)}:${process.env['PATH']}`
  const targets = [{ ...image(multiconfig), recipe: 'sleeper' }]
  const call = startCall(project.build, targets, { environment: { ...process.env, PATH } })
  await until('the task runs', () => call.lines.some((line) => line.includes('do_rootfs: Started')))
  const { directory } = project.build
  const server = await serverPid(directory)
  assert.ok(server !== undefined && isAlive(server), 'its server is known by its number here')
  return { call, directory, server }
}

for (const { name, program, missing } of bitbakes) {
  const skip = missing ?? noSpace
  testWith(
    test,
    skip,
    `${name}: seen at work, interrupted once, it ends its running task and begins no other`,
    async () => {
      const { call, directory, server } = await sleepingCall(program)
      assert.equal(await serverAtWork(directory), { pid: server, detached: false })
      call.stop()
      const run = await finished(call)
      assert.is(run.interrupted, true)
      assert.match(call.logged(), 'Keyboard Interrupt, closing down...')
      assert.match(call.logged(), 'do_rootfs: Succeeded')
      assert.not.match(call.logged(), 'do_image_oci')
      assert.is(await serverPid(directory), undefined)
    },
  )

  testWith(test, skip, `${name}: interrupted twice, it stops at once`, async () => {
    const { call, directory } = await sleepingCall(program)
    call.stopNow()
    assert.is((await finished(call)).interrupted, true)
    assert.match(call.logged(), 'Second Keyboard Interrupt, stopping...')
    assert.is(await serverPid(directory), undefined)
  })
}

test.run()
