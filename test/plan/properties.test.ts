/** What holds for the plan of any config. */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { UserConfig } from '../../src/config/types.js'
import { createPlan, requestKey } from '../../src/plan/plan.js'
import type { Plan } from '../../src/plan/task.js'
import { resolveTargets } from '../../src/targets/resolve.js'
import type { Target } from '../../src/targets/target.js'
import { configOf } from '../config/project.js'

const test = suite('plan/properties')

const platforms: NonNullable<UserConfig['platforms']> = {
  aarch64: {},
  x86_64: { multiconfig: '' },
  armv7: { multiconfig: 'arm' },
  board: { platform: 'linux/arm/v6', multiconfig: 'arm', layout: 'board/${recipe}' },
  s390x: { source: { kind: 'layout', path: 'in/${recipe}' } },
}

const subsets = (keys: readonly string[]): fc.Arbitrary<string[]> => fc.shuffledSubarray([...keys], { minLength: 1 })

const targetOf = (name: string): fc.Arbitrary<UserConfig['targets'][string]> =>
  fc.record(
    {
      recipe: fc.constantFrom('one', 'two'),
      task: fc.constantFrom('image_complete', 'do_image_complete', 'image_oci'),
      platforms: subsets(Object.keys(platforms)),
      sources: subsets(['x/**', 'y/**', '!x/y']).filter((patterns) =>
        patterns.some((pattern) => !pattern.startsWith('!')),
      ),
      output: fc.record(
        { format: fc.constantFrom('nested', 'flat'), archive: fc.constant(`deploy/${name}.tar`) },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: [] },
  )

const names = ['a', 'b', 'c', 'constructor']

const targets: fc.Arbitrary<readonly Target[]> = fc
  .tuple(subsets(names), fc.tuple(...names.map(targetOf)), fc.option(subsets(['arm64', 'amd64', 'arm/v6', 's390x'])))
  .map(([chosen, entries, narrow]) => {
    const entryOf = Object.fromEntries(names.map((name, position) => [name, entries[position]!]))
    const raw = { platforms, targets: Object.fromEntries(chosen.map((name) => [name, entryOf[name]!])) }
    const wanted = narrow?.map((name) => `linux/${name}`) ?? []
    const resolved = resolveTargets(configOf(raw), { targets: [], platforms: wanted }, { directory: '/project' })
    return resolved.ok ? resolved.value : []
  })
  .filter((resolved) => resolved.length > 0)

function holds(name: string, check: (plan: Plan, resolved: readonly Target[]) => void): void {
  test(name, () => {
    fc.assert(fc.property(targets, (resolved) => check(createPlan(resolved), resolved)))
  })
}

holds('each task stands after all that it depends on, and has an id of its own', ({ tasks }) => {
  const seen = new Set<string>()
  for (const { id, dependsOn } of tasks) {
    for (const other of dependsOn) assert.ok(seen.has(other), `${id} before ${other}`)
    assert.is(new Set(dependsOn).size, dependsOn.length, id)
    assert.not.ok(seen.has(id), id)
    seen.add(id)
  }
})

holds('the same targets give the same bytes', (plan, resolved) => {
  assert.is(JSON.stringify(createPlan(resolved)), JSON.stringify(plan))
})

holds('a plan is JSON', (plan) => {
  assert.equal(JSON.parse(JSON.stringify(plan)), plan)
})

holds('all targets are built by one call, and each of its requests stands there once', ({ tasks }, resolved) => {
  const builds = tasks.filter((task) => task.kind === 'bitbake')
  const sources = resolved.flatMap((target) => target.platforms.map(({ source }) => source))
  const wanted = sources.flatMap((source) => (source.kind === 'bitbake' ? [requestKey(source)] : []))
  assert.is(builds.length, wanted.length > 0 ? 1 : 0)
  assert.equal(
    builds.flatMap(({ requests }) => requests.map(requestKey)),
    [...new Set(wanted)].toSorted(),
  )
})

holds('each platform of each target is found and merged, and all of them make the index', (plan, resolved) => {
  for (const { name, platforms: wanted } of resolved) {
    const own = plan.tasks.filter((task) => task.kind !== 'bitbake' && task.target === name)
    const count = (kind: string): number => own.filter((task) => task.kind === kind).length
    assert.equal(['discover', 'merge', 'index', 'verify'].map(count), [wanted.length, wanted.length, 1, 1])
    const merges = own.filter(({ kind }) => kind === 'merge').map(({ id }) => id)
    const index = own.find((task) => task.kind === 'index')
    assert.equal(
      index?.entries.map(({ merge }) => merge),
      merges,
    )
    assert.equal(index?.dependsOn, merges)
    assert.ok(own.some(({ id }) => id === plan.targets.find((target) => target.name === name)?.last))
  }
})

test.run()
