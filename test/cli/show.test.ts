import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Plan } from '../../src/plan/task.js'
import { helloConfig, mabProgram, makeProject } from './fixture.js'

const test = suite('mab plan and list')

test('the plan is a table with reasons, data that refers by id, and pictures', () => {
  const { mab } = makeProject()
  assert.match(mab('plan').stdout, /^index hello +stale +deploy\/hello-multiarch-oci \(nested, reference latest\)$/m)
  const plan = JSON.parse(mab('plan', '--format', 'json').stdout) as Plan
  assert.equal(
    plan.tasks.map(({ id }) => id),
    [
      'bitbake:build',
      'discover:hello:aarch64',
      'discover:hello:x86_64',
      'merge:hello:aarch64',
      'merge:hello:x86_64',
      'index:hello',
      'verify:hello',
    ],
  )
  assert.match(mab('plan', '--format', 'dot').stdout, /"bitbake:build" -> "discover:hello:aarch64"/)
  assert.match(mab('plan', '--format', 'mermaid').stdout, /^flowchart LR\n {2}t0\["bitbake build"\]/)
  assert.not.match(mab('plan', '--no-build').stdout, /bitbake/)
  mab('run')
  assert.match(mab('plan').stdout, /^verify hello +fresh/m)
})

test('the list has every target, and says which are manual', () => {
  const config = helloConfig() as { targets: Record<string, object> }
  config.targets['other'] = { recipe: 'hello-container', manual: true, output: { archive: 'o.tar' } }
  const { mab } = makeProject(config)
  assert.match(
    mab('list').stdout,
    /^other +missing +\(manual\)\n +deploy\/other-multiarch-oci, o\.tar: linux\/arm64, linux\/amd64$/m,
  )
  const rows = JSON.parse(mab('list', '--format', 'json').stdout) as { name: string; manual: boolean }[]
  assert.equal(
    rows.map(({ name, manual }) => [name, manual]),
    [
      ['hello', false],
      ['other', true],
    ],
  )
  assert.not.match(mab('plan').stdout, /other/)
})

test('colour only where it is wanted', () => {
  const { mab } = makeProject()
  assert.not.match(mab('plan').stdout, /\x1b\[/)
  assert.match(mab('plan', '--color', 'always').stdout, /\x1b\[/)
})

test('a reader that goes away ends the output, not the program', async () => {
  const config = { targets: Object.fromEntries(Array.from({ length: 2000 }, (_, number) => [`t${number}`, {}])) }
  const { directory } = makeProject(config)
  const child = spawn(process.execPath, [mabProgram, 'list'], { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.destroy()
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number]
  assert.is(code, 0)
  assert.is(stderr, '')
})

test.run()
