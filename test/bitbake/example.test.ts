/** The example's stand-in makes what BitBake makes of the example's recipe. */
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bitbakeOrStandIn } from '../../examples/hello-container/bitbake.js'
import { mabIn } from '../cli/fixture.js'
import { exampleProject, missingBitbake, multiconfigs, type ExampleProject } from '../rig/project.js'
import { temporaryDirectory } from '../rig/temp.js'
import { testWith } from '../rig/tools.js'
import { finished, image, namesOf, serverGone, startCall } from './calls.js'

const test = suite('example')

const standIn = [process.execPath, path.resolve('examples/hello-container/stand-in.mjs')]
const both = multiconfigs.map((multiconfig) => image(multiconfig))

/** Every file of a directory, by its name and a hash of its content. */
function contentOf(directory: string): Record<string, string> {
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).toSorted()
  return Object.fromEntries(
    files.flatMap((name) => {
      const file = path.join(directory, name)
      if (statSync(file).isDirectory()) return []
      return [[name, createHash('sha256').update(readFileSync(file)).digest('hex')]]
    }),
  )
}

const layouts = (project: ExampleProject): Record<string, string>[] =>
  multiconfigs.map((multiconfig) => contentOf(project.deployed(multiconfig)))

test('the stand-in deploys a layout for each multiconfig, and the second time has nothing to do', async () => {
  const { build, ...project } = exampleProject(standIn)
  const first = await finished(startCall(build, both))
  assert.equal([first.problems, namesOf(first.built)], [[], multiconfigs])
  const before = layouts({ build, ...project })
  assert.not.equal(before[0], before[1])
  const second = await finished(startCall(build, both))
  assert.equal(second.summary, { attempted: 2, upToDate: 2, failed: 0 })
  assert.equal(layouts({ build, ...project }), before)
})

testWith(test, missingBitbake, 'BitBake and the stand-in make the same, to the byte', async () => {
  const [real, ours] = [exampleProject(), exampleProject(standIn)]
  assert.equal((await finished(startCall(ours.build, both))).problems, [])
  assert.equal((await finished(startCall(real.build, both))).problems, [])
  assert.equal(layouts(ours), layouts(real))
  for (const multiconfig of multiconfigs) {
    const archive = (project: ExampleProject): Buffer => readFileSync(`${project.deployed(multiconfig)}.tar`)
    assert.ok(archive(ours).equals(archive(real)), `${multiconfig}: the archives differ`)
  }
  await serverGone(real.build)
})

test('the stand-in fails as BitBake does for what it does not know', async () => {
  const { build } = exampleProject(standIn)
  const unknown = await finished(startCall(build, [...both, image('nope')]))
  assert.equal([unknown.built, unknown.problems.map(({ code }) => code)], [[], ['unknown-multiconfig']])
  const mistyped = await finished(startCall(build, [image(multiconfigs[0], 'hello-contaner')]))
  const [problem] = mistyped.problems
  assert.equal(problem?.code === 'unknown-recipe' && problem.closeMatches, ['hello-container'])
})

test('the example is built by BITBAKE, by bitbake on PATH, or by the stand-in', () => {
  const directory = temporaryDirectory()
  const chosen = (env: Readonly<Record<string, string>>): string =>
    bitbakeOrStandIn({ PATH: directory, ...env })
      .map((word) => path.basename(word))
      .join(' ')
  assert.is(chosen({}), `${path.basename(process.execPath)} stand-in.mjs`)
  assert.is(chosen({ BITBAKE: '/opt/bitbake' }), 'bitbake')
  assert.is(chosen({ BITBAKE: '' }), `${path.basename(process.execPath)} stand-in.mjs`)
})

test("the repository's config names the stand-in also for a user in another directory", () => {
  const elsewhere = temporaryDirectory()
  const env = { PATH: elsewhere, BITBAKE: '' }
  const planned = mabIn(elsewhere, env, ['plan', '-c', path.resolve('multiarch.config.ts'), '--format', 'json'])
  assert.is(planned.code, 0, planned.stderr)
  const { tasks } = JSON.parse(planned.stdout) as { tasks: { build?: { command: string[] } }[] }
  assert.equal(tasks[0]?.build?.command, standIn)
})

test.run()
