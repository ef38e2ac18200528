import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { UserConfig } from '../../src/config/types.js'
import { createPlan, requestKey, type PlanOptions } from '../../src/plan/plan.js'
import type { BitbakeTask, Plan } from '../../src/plan/task.js'
import { resolveTargets } from '../../src/targets/resolve.js'
import type { Target } from '../../src/targets/target.js'
import { configOf, valueOf } from '../config/project.js'

const test = suite('plan/plan')

function targetsOf(raw: UserConfig, platforms: readonly string[] = []): readonly Target[] {
  return valueOf(resolveTargets(configOf(raw), { targets: [], platforms }, { directory: '/project' }))
}

function planOf(raw: UserConfig, options: PlanOptions & { readonly platforms?: readonly string[] } = {}): Plan {
  return createPlan(targetsOf(raw, options.platforms), options)
}

const graph = (plan: Plan): Record<string, readonly string[]> =>
  Object.fromEntries(plan.tasks.map(({ id, dependsOn }) => [id, dependsOn]))

function bitbakeOf(plan: Plan): BitbakeTask {
  const [task, ...others] = plan.tasks.filter(({ kind }) => kind === 'bitbake')
  assert.equal(others, [])
  if (task?.kind !== 'bitbake') throw new Error('no bitbake task')
  return task
}

const hello: UserConfig = { targets: { hello: { output: { archive: 'hello.tar' } } } }

test('one target: build, find, merge, index, verify, archive', () => {
  const plan = planOf(hello)
  assert.equal(graph(plan), {
    'bitbake:build': [],
    'discover:hello:aarch64': ['bitbake:build'],
    'discover:hello:x86_64': ['bitbake:build'],
    'merge:hello:aarch64': ['discover:hello:aarch64', 'discover:hello:x86_64'],
    'merge:hello:x86_64': ['discover:hello:x86_64', 'discover:hello:aarch64'],
    'index:hello': ['merge:hello:aarch64', 'merge:hello:x86_64'],
    'verify:hello': ['index:hello'],
    'archive:hello': ['verify:hello'],
  })
  assert.equal(plan.targets, [
    {
      name: 'hello',
      partial: false,
      platforms: ['linux/arm64', 'linux/amd64'],
      directory: '/project/deploy/hello-multiarch-oci',
      last: 'archive:hello',
    },
  ])
})

test('without an archive the target is done when it is verified', () => {
  const plan = planOf({ targets: { hello: {} } })
  assert.is(plan.targets[0]?.last, 'verify:hello')
  assert.is(plan.tasks.at(-1)?.id, 'verify:hello')
})

const several: UserConfig = {
  platforms: {
    aarch64: {},
    riscv64: { multiconfig: '' },
    s390x: { source: { kind: 'layout', path: 'in/s390x' } },
  },
  targets: {
    b: { recipe: 'shared', sources: ['b/**'] },
    a: { platforms: ['riscv64', 'aarch64'], recipe: 'shared', sources: ['a/**'] },
    c: { platforms: ['aarch64', 's390x'], task: 'image_oci' },
  },
}

test('one BitBake call for all targets, each request once and in an order of its own', () => {
  const { requests, id, root } = bitbakeOf(planOf(several))
  assert.equal([id, root], ['bitbake:build', '/project'])
  assert.equal(
    requests.map((request) => [
      requestKey(request),
      request.neededBy.map(({ target, platform }) => `${target} ${platform}`),
    ]),
    [
      ['mc::shared:do_image_complete', ['b linux/riscv64', 'a linux/riscv64']],
      ['mc:container-aarch64:c:do_image_oci', ['c linux/arm64']],
      ['mc:container-aarch64:shared:do_image_complete', ['b linux/arm64', 'a linux/arm64']],
    ],
  )
})

test('a layout that is there already waits for no build', () => {
  const tasks = graph(planOf(several))
  assert.equal(tasks['discover:c:s390x'], [])
  assert.equal(tasks['discover:c:aarch64'], ['bitbake:build'])
  const onlyLayouts = { platforms: { s390x: several.platforms!['s390x']! }, targets: { c: {} } }
  assert.not.ok('bitbake:build' in graph(planOf(onlyLayouts)))
})

test('--no-build takes BitBake out and changes nothing else', () => {
  const [plan, without] = [planOf(several), planOf(several, { noBuild: true })]
  assert.equal(
    without.tasks,
    plan.tasks
      .filter(({ kind }) => kind !== 'bitbake')
      .map((task) => {
        if (task.kind !== 'discover') return task
        const { bitbake: _, ...rest } = task
        return { ...rest, dependsOn: [] }
      }),
  )
  assert.equal(without.targets, plan.targets)
})

test('an image with some of the platforms has tasks of its own', () => {
  const [whole, part, other] = [
    planOf(hello),
    planOf(hello, { platforms: ['arm64'] }),
    planOf(hello, { platforms: ['amd64'] }),
  ]
  assert.equal(graph(part), {
    'bitbake:build': [],
    'discover:hello[linux-arm64]:aarch64': ['bitbake:build'],
    'merge:hello[linux-arm64]:aarch64': ['discover:hello[linux-arm64]:aarch64'],
    'index:hello[linux-arm64]': ['merge:hello[linux-arm64]:aarch64'],
    'verify:hello[linux-arm64]': ['index:hello[linux-arm64]'],
    'archive:hello[linux-arm64]': ['verify:hello[linux-arm64]'],
  })
  assert.equal(part.targets[0]?.partial, true)
  const ids = [whole, part, other].flatMap(({ tasks }) => tasks.map(({ id }) => id))
  assert.is(new Set(ids.filter((id) => !id.startsWith('bitbake:'))).size, ids.length - 3)
})

test('the build directory is named from the project', () => {
  const id = (directory: string): string => bitbakeOf(planOf({ ...hello, build: { directory } })).id
  assert.is(id('.'), 'bitbake:.')
  assert.is(id('/elsewhere/build'), 'bitbake:../elsewhere/build')
})

const joined: readonly (readonly [name: string, a: string[] | null, b: string[] | null, together: string[] | null])[] =
  [
    ['what both name', ['x/**', 'y/**'], ['y/**', 'z/**'], ['x/**', 'y/**', 'z/**']],
    ['an exclusion of one is none', ['x/**', '!x/y'], ['x/y'], ['x/**', 'x/y']],
    ['an exclusion of both stays', ['x/**', '!x/y', '!x/z'], ['!x/y', 'w'], ['x/**', 'w', '!x/y']],
    ['unknown with known is unknown', ['x/**'], null, null],
    ['known with unknown is unknown', null, ['x/**'], null],
    ['neither knows', null, null, null],
  ]
for (const [name, a, b, together] of joined) {
  test(`sources of one recipe for two targets: ${name}`, () => {
    const entry = (sources: string[] | null): UserConfig['targets'][string] => ({
      recipe: 'shared',
      platforms: ['aarch64'],
      ...(sources === null ? {} : { sources }),
    })
    const { requests } = bitbakeOf(planOf({ targets: { a: entry(a), b: entry(b) } }))
    assert.equal(
      requests.map(({ sources }) => sources),
      [together],
    )
  })
}

test('an unknown among several stays unknown', () => {
  const entry = (sources?: string[]): UserConfig['targets'][string] => ({
    recipe: 'shared',
    platforms: ['aarch64'],
    ...(sources === undefined ? {} : { sources }),
  })
  const { requests } = bitbakeOf(planOf({ targets: { a: entry(['a']), b: entry(), c: entry(['c']) } }))
  assert.is(requests[0]?.sources, null)
})

test('one target twice is a bug, and is told as one', () => {
  const targets = targetsOf(hello)
  assert.throws(() => createPlan([...targets, ...targets]), /two tasks with the id discover:hello:aarch64/)
})

test.run()
