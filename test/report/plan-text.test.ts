import { spawnSync } from 'node:child_process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { TaskForecast } from '../../src/execute/execute.js'
import { createPlan } from '../../src/plan/plan.js'
import type { Plan } from '../../src/plan/task.js'
import { formatPlanDot, formatPlanMermaid, formatPlanTable } from '../../src/report/plan-text.js'
import { makeStyle } from '../../src/report/style.js'
import { resolveTargets } from '../../src/targets/resolve.js'
import { configOf, valueOf } from '../config/project.js'
import { testWith } from '../rig/tools.js'

const test = suite('report/plan-text')

function planOf(buildDirectory: string): Plan {
  const config = configOf({
    build: { directory: buildDirectory },
    platforms: { aarch64: {}, s390x: { source: { kind: 'layout', path: 'in/s390x' } } },
    targets: { hello: { output: { archive: 'out/hello.tar' } } },
  })
  return createPlan(valueOf(resolveTargets(config, { targets: [], platforms: [] }, { directory: '/project' })))
}

const plan = planOf('build')
/** Both languages give a meaning to some of these. */
const strange = planOf('b"u\\i#l;d [x] {y} <z>')

test('the table says of each task what it does and whether it is fresh, and why not', () => {
  const forecasts = new Map<string, TaskForecast>(plan.tasks.map(({ id }) => [id, { state: 'fresh' }]))
  forecasts.set('merge:hello:aarch64', {
    state: 'stale',
    reasons: [{ code: 'never-done' }, { code: 'output-missing', file: '/project/deploy/x' }],
  })
  forecasts.delete('archive:hello')
  const text = formatPlanTable(plan, forecasts, '/project', makeStyle(false))
  assert.equal(text.split('\n'), [
    'bitbake build               fresh  mc:container-aarch64:hello:do_image_complete',
    'discover hello linux/arm64  fresh  multiconfig container-aarch64',
    'discover hello linux/s390x  fresh  layout in/s390x',
    'merge hello linux/arm64     stale  deploy/hello-multiarch-oci',
    '                              not done before',
    '                              missing: deploy/x',
    'merge hello linux/s390x     fresh  deploy/hello-multiarch-oci',
    'index hello                 fresh  deploy/hello-multiarch-oci (nested, reference latest)',
    'verify hello                fresh  deploy/hello-multiarch-oci',
    'archive hello               stale  out/hello.tar',
    '',
  ])
})

for (const [name, shown] of Object.entries({ plain: plan, strange })) {
  const edges = shown.tasks.reduce((sum, { dependsOn }) => sum + dependsOn.length, 0)

  test(`dot: a box for each task and an arrow for each dependency (${name} names)`, () => {
    const lines = formatPlanDot(shown).trimEnd().split('\n')
    assert.is(lines[0], 'digraph plan {')
    assert.is(lines.at(-1), '}')
    const quoted = String.raw`"(?:[^"\\]|\\.)*"`
    const matching = (pattern: string): number => lines.filter((line) => new RegExp(`^  ${pattern}$`).test(line)).length
    assert.is(matching(`${quoted} \\[label=${quoted}\\]`), shown.tasks.length)
    assert.is(matching(`${quoted} -> ${quoted}`), edges)
    assert.is(lines.length, 4 + shown.tasks.length + edges)
  })

  const hasDot = spawnSync('dot', ['-V']).status === 0
  testWith(test, hasDot ? undefined : 'dot is not installed', `dot: Graphviz draws it (${name} names)`, () => {
    const { status, stdout } = spawnSync('dot', ['-Tsvg'], { input: formatPlanDot(shown), encoding: 'utf8' })
    assert.is(status, 0)
    assert.is(stdout.match(/class="node"/g)?.length, shown.tasks.length)
    assert.is(stdout.match(/class="edge"/g)?.length, edges)
  })

  test(`mermaid: a box for each task and an arrow for each dependency (${name} names)`, () => {
    const lines = formatPlanMermaid(shown).trimEnd().split('\n')
    assert.is(lines[0], 'flowchart LR')
    const boxes = lines.filter((line) => /^ {2}t\d+\["[^"]+"\]$/.test(line))
    const arrows = lines.filter((line) => /^ {2}t\d+ --> t\d+$/.test(line))
    assert.equal(
      [boxes.length, arrows.length, lines.length],
      [shown.tasks.length, edges, 1 + shown.tasks.length + edges],
    )
    assert.is(new Set(boxes.map((line) => line.split('[')[0])).size, boxes.length)
  })
}

test('arrows go from what is needed to what needs it', () => {
  assert.match(formatPlanDot(plan), /^ {2}"index:hello" -> "verify:hello"$/m)
  const name = (title: string): string | undefined =>
    new RegExp(`^ {2}(t\\d+)\\["${title}"\\]$`, 'm').exec(formatPlanMermaid(plan))?.[1]
  assert.ok(formatPlanMermaid(plan).includes(`  ${name('index hello')} --> ${name('verify hello')}\n`))
})

test.run()
