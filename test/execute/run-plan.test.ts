import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { verifyLayout } from '../../src/oci/verify/verify.js'
import type { LayoutProblem } from '../../src/problem/problem.js'
import { blobsIn, buildLayout, editJson, flipByte, type BuiltLayout } from '../rig/layout-builder.js'
import { Workspace, type Ran } from './harness.js'

const test = suite('run')

interface Sources {
  readonly work: Workspace
  readonly arm64: BuiltLayout
  readonly amd64: BuiltLayout
}

function twoPlatforms(): Sources {
  const work = new Workspace()
  const arm64 = buildLayout({ architecture: 'arm64', reference: 'latest' }, { directory: work.path('in/arm64') })
  const amd64 = buildLayout({ architecture: 'amd64', reference: 'latest' }, { directory: work.path('in/amd64') })
  return { work, arm64, amd64 }
}

function codes({ problems }: Ran): string[] {
  return problems.map(({ code }) => code)
}

function place(problem: unknown): string {
  return (problem as LayoutProblem).at.join(' -> ')
}

test('takes the blobs of the image with the wanted reference, and no others', async () => {
  const work = new Workspace()
  const entries = [
    { architecture: 'arm64', reference: 'old', layers: ['an old one'] },
    { architecture: 'arm64', reference: '2.0', layers: ['the right one', 'and its second layer'] },
    { architecture: 'arm64', reference: 'latest', layers: ['another'] },
  ]
  const arm64 = buildLayout(entries, { directory: work.path('in/arm64'), garbage: 5 })
  const amd64 = buildLayout(
    { architecture: 'amd64', reference: '2.0' },
    { directory: work.path('in/amd64'), garbage: 3 },
  )
  const { report } = await work.run(work.config({ app: { reference: '2.0' } }))
  assert.ok(report.ok)
  const right = arm64.images[1]!
  const expected = [right.digest, right.config, ...right.layers, ...amd64.reachable, report.targets[0]!.digest!]
  assert.equal(blobsIn(work.path('deploy/app-multiarch-oci')), expected.toSorted())
})

test('layouts in tars give the image that directories give', async () => {
  const { work } = twoPlatforms()
  const config = work.config({ app: {} })
  const first = await work.run(config)
  execFileSync('tar', ['-cf', work.path('in/top.tar'), '-C', work.path('in/arm64'), '.'])
  execFileSync('tar', ['-cf', work.path('in/inside.tar'), '-C', work.path('in'), 'amd64'])
  rmSync(work.path('in/arm64'), { recursive: true })
  rmSync(work.path('in/amd64'), { recursive: true })
  config.platforms!['arm64']!.source!.path = 'in/top.tar'
  config.platforms!['amd64']!.source!.path = 'in/in*.tar'
  const second = await work.run(config, { force: true })
  assert.ok(second.report.ok)
  assert.is(second.report.targets[0]!.digest, first.report.targets[0]!.digest)
})

test('a corrupt, short or missing blob leaves the image before as it was, and names the place', async () => {
  const damages: [string, (layout: BuiltLayout) => void, RegExp][] = [
    ['blob-digest', (layout) => flipByte(layout.file(layout.images[0]!.layers[0]!)), /layers\[0\] sha256:/],
    ['blob-missing', (layout) => rmSync(layout.file(layout.images[0]!.layers[0]!)), /layers\[0\] sha256:/],
    ['blob-missing', (layout) => rmSync(layout.file(layout.images[0]!.config)), /config sha256:/],
    [
      'blob-size',
      (layout) => editJson(`${layout.directory}/index.json`, (index) => index['manifests'][0].size++),
      /manifests\[0\]/,
    ],
    ['blob-digest', (layout) => flipByte(layout.file(layout.images[0]!.digest)), /manifests\[0\]/],
    [
      'manifests-empty',
      (layout) => editJson(`${layout.directory}/index.json`, (index) => (index['manifests'] = null)),
      /manifests/,
    ],
  ]
  for (const [code, damage, at] of damages) {
    const { work, arm64 } = twoPlatforms()
    const config = work.config({ app: {} })
    await work.run(config)
    const output = work.path('deploy/app-multiarch-oci')
    const before = [readFileSync(`${output}/index.json`, 'utf8'), blobsIn(output)]
    rmSync(work.path('in/arm64'), { recursive: true })
    const changed = { architecture: 'arm64', reference: 'latest', layers: ['new content'] }
    const layout = buildLayout(changed, { directory: arm64.directory })
    damage(layout)
    const broken = await work.run(config)
    assert.not.ok(broken.report.ok)
    assert.equal(codes(broken), [code])
    assert.match(place(broken.problems[0]), at)
    assert.equal([readFileSync(`${output}/index.json`, 'utf8'), blobsIn(output)], before)
    const report = await verifyLayout(output)
    assert.equal(report.ok && report.value.problems, [])
  }
})

test('a first image that fails leaves nothing at all', async () => {
  const { work, amd64 } = twoPlatforms()
  flipByte(amd64.file(amd64.images[0]!.layers[0]!))
  const { states } = await work.run(work.config({ app: {} }), { keepGoing: true })
  assert.is(states['merge:app:arm64'], 'done')
  assert.is(states['merge:app:amd64'], 'failed')
  assert.is(states['index:app'], 'blocked')
  assert.not.ok(existsSync(work.path('deploy/app-multiarch-oci')))
})

test('an image of another architecture is refused, with both names', async () => {
  const { work } = twoPlatforms()
  rmSync(work.path('in/arm64'), { recursive: true })
  buildLayout({ architecture: 'x86_64', reference: 'latest' }, { directory: work.path('in/arm64') })
  const { problems } = await work.run(work.config({ app: {} }))
  const problem = problems[0] as LayoutProblem
  assert.is(problem.code, 'platform-contradiction')
  assert.is(problem.expected, 'linux/arm64')
  assert.match(problem.found, /linux\/x86_64 \(linux\/amd64\)/)
})

test('one image cannot stand for two platforms', async () => {
  const work = new Workspace()
  for (const name of ['arm64', 'amd64']) {
    buildLayout({ architecture: 'arm', layers: ['same'], reference: 'latest' }, { directory: work.path('in', name) })
  }
  const config = work.config({ app: {} })
  config.platforms!['arm64']!.platform = 'linux/arm/v6'
  config.platforms!['amd64']!.platform = 'linux/arm/v7'
  const ran = await work.run(config)
  assert.equal(codes(ran), ['platform-same-image'])
  assert.not.ok(existsSync(work.path('deploy/app-multiarch-oci')))
})

test('a variant that the image config lacks is in the index, and the image stays as it is', async () => {
  const work = new Workspace()
  const arm = buildLayout({ architecture: 'arm', reference: 'latest' }, { directory: work.path('in/armv7') })
  const config = {
    platforms: { armv7: { platform: 'linux/arm/v7', source: { kind: 'layout' as const, path: 'in/armv7' } } },
    targets: { app: { output: { format: 'flat' as const } } },
  }
  await work.run(config)
  const index = JSON.parse(readFileSync(work.path('deploy/app-multiarch-oci/index.json'), 'utf8')) as {
    manifests: { digest: string; platform: object }[]
  }
  assert.equal(index.manifests[0]!.platform, { architecture: 'arm', os: 'linux', variant: 'v7' })
  assert.is(index.manifests[0]!.digest, arm.images[0]!.digest)
})

test('a failure blocks what needs it; the other targets go on only with keepGoing', async () => {
  const { work, arm64 } = twoPlatforms()
  flipByte(arm64.file(arm64.images[0]!.layers[0]!))
  const config = work.config({ broken: {}, whole: { platforms: ['amd64'] } })
  const kept = await work.run(config, { keepGoing: true })
  assert.equal(
    kept.report.targets.map(({ target, state }) => [target, state]),
    [
      ['broken', 'blocked'],
      ['whole', 'done'],
    ],
  )
  assert.equal(
    kept.report.targets[0]!.failures.map(({ task, problem, ofAnother }) => [task, problem.code, ofAnother]),
    [['merge:broken:arm64', 'blob-digest', false]],
  )
  rmSync(work.path('.mab'), { recursive: true })
  rmSync(work.path('deploy'), { recursive: true })
  const stopped = await work.run(config, { jobs: 1 })
  assert.is(stopped.report.targets[1]!.state, 'cancelled')
})

test('each task runs once, after what it depends on, at most so many at a time', async () => {
  const { work } = twoPlatforms()
  const targets = Object.fromEntries(Array.from({ length: 6 }, (_, number) => [`app${number}`, {}]))
  let [running, most] = [0, 0]
  const order: string[] = []
  const ran = await work.run(work.config(targets), {
    jobs: 3,
    onEvent: (event) => {
      if (event.kind === 'task-started') most = Math.max(most, ++running)
      if (event.kind === 'task-finished') {
        running--
        order.push(event.id)
      }
    },
  })
  assert.ok(ran.report.ok)
  assert.is(most, 3)
  assert.is(new Set(order).size, order.length)
  const started = ran.events.find((event) => event.kind === 'run-started')
  for (const task of started?.plan.tasks ?? []) {
    for (const needed of task.dependsOn) assert.ok(order.indexOf(needed) < order.indexOf(task.id))
  }
})

test('stopped in the middle: the rest is cancelled, nothing half-written stays, and the next run does it all', async () => {
  const { work } = twoPlatforms()
  const stop = new AbortController()
  const config = work.config({ app: {} })
  const ran = await work.run(config, {
    jobs: 1,
    stop,
    onEvent: (event) => {
      if (event.kind === 'task-finished' && event.task === 'merge') stop.abort()
    },
  })
  assert.ok(ran.report.interrupted)
  assert.is(ran.states['index:app'], 'cancelled')
  assert.not.ok(existsSync(work.path('deploy/app-multiarch-oci')))
  assert.equal(
    readdirSync(work.path('.mab')).filter((name) => name.startsWith('lock')),
    [],
  )
  assert.ok((await work.run(config)).report.ok)
})

test('a platform whose image is unchanged stays fresh while others are added and dropped', async () => {
  const { work, arm64 } = twoPlatforms()
  const only = work.config({ app: { platforms: ['arm64'] } })
  const both = work.config({ app: {} })
  await work.run(only)
  const layer = arm64.images[0]!.layers[0]!
  const file = work.path('deploy/app-multiarch-oci/blobs', ...layer.split(':'))
  const { ino } = statSync(file)
  for (const config of [both, only, both, only]) {
    const ran = await work.run(config)
    assert.ok(ran.report.ok)
    assert.is(ran.states['merge:app:arm64'], 'fresh')
  }
  assert.is(statSync(file).ino, ino)
})

test('another layout at the source is noticed; the same content under a new time is not', async () => {
  const { work } = twoPlatforms()
  const config = work.config({ app: {} })
  await work.run(config)
  renameSync(work.path('in/arm64'), work.path('in/moved'))
  buildLayout({ architecture: 'arm64', reference: 'latest' }, { directory: work.path('in/arm64') })
  const same = await work.run(config)
  assert.is(same.states['merge:app:arm64'], 'fresh')
  assert.is(same.states['verify:app'], 'fresh')
  rmSync(work.path('in/arm64'), { recursive: true })
  buildLayout({ architecture: 'arm64', reference: 'latest', layers: ['x'] }, { directory: work.path('in/arm64') })
  const other = await work.run(config)
  const started = other.events.find((event) => event.kind === 'task-started' && event.id === 'index:app')
  const reasons = started?.kind === 'task-started' ? started.reasons : []
  assert.equal(
    reasons.map(({ code }) => code),
    ['manifest-changed'],
  )
})

test('the output never takes the place of what it is made from, by whatever name', async () => {
  const { work, arm64 } = twoPlatforms()
  const before = blobsIn(arm64.directory)
  symlinkSync('in', work.path('by-link'))
  for (const directory of ['in/arm64', 'by-link/arm64', 'in/arm64/inside']) {
    const config = work.config({ app: { output: { directory } } })
    config.platforms!['arm64']!.source!.path = 'in/arm[6]4'
    config.platforms!['amd64']!.source!.path = 'i[n]/amd64'
    const ran = await work.run(config)
    assert.not.ok(ran.report.ok, directory)
    assert.ok(codes(ran).includes('output-is-source'), directory)
    assert.equal(blobsIn(arm64.directory), before)
  }
})

test('a layout of another tool is not replaced, nor is a file that is no archive', async () => {
  const { work } = twoPlatforms()
  const names = ['base', 'latest'].map((reference) => ({ architecture: 'arm64', reference, layers: [reference] }))
  const foreign = buildLayout(names, { directory: work.path('published') })
  const taken = await work.run(work.config({ app: { output: { directory: 'published' } } }))
  assert.equal(new Set(codes(taken)), new Set(['output-not-ours']))
  assert.equal(blobsIn(foreign.directory), foreign.reachable)
  writeFileSync(work.path('notes.txt'), 'precious')
  const archived = await work.run(work.config({ app: { output: { archive: 'notes.txt' } } }))
  assert.equal(codes(archived), ['archive-not-ours'])
  assert.is(readFileSync(work.path('notes.txt'), 'utf8'), 'precious')
  const again = work.config({ app: { output: { archive: 'app.tar' } } })
  assert.ok((await work.run(again)).report.ok)
  assert.ok((await work.run(again, { force: true })).report.ok)
})

test('a stranger that comes into the output later stops the next image', async () => {
  const { work } = twoPlatforms()
  await work.run(work.config({ app: {} }))
  writeFileSync(work.path('deploy/app-multiarch-oci/notes.txt'), 'precious')
  const ran = await work.run(work.config({ app: { output: { annotations: { a: 'b' } } } }))
  assert.equal(codes(ran), ['output-not-ours'])
})

test('an archive that was touched or copied stays; one whose bytes differ is written anew', async () => {
  const { work } = twoPlatforms()
  const config = work.config({ app: { output: { archive: 'app.tar' } } })
  const file = work.path('app.tar')
  const state = async (): Promise<string | undefined> => (await work.run(config)).states['archive:app']
  assert.is(await state(), 'done')
  const bytes = readFileSync(file)
  utimesSync(file, 1, 1)
  assert.is(await state(), 'fresh')
  rmSync(file)
  writeFileSync(file, bytes)
  rmSync(work.path('.mab/verified.json'))
  assert.is(await state(), 'fresh')
  for (const spoil of [
    () => flipByte(file),
    () => truncateSync(file, bytes.length / 2),
    () => truncateSync(file, 0),
    () => appendFileSync(file, 'more'),
  ]) {
    spoil()
    const ran = await work.run(config)
    assert.is(ran.states['archive:app'], 'done')
    const started = ran.events.find((event) => event.kind === 'task-started' && event.id === 'archive:app')
    assert.equal(started?.kind === 'task-started' && started.reasons, [{ code: 'output-altered', file }])
    assert.ok(readFileSync(file).equals(bytes))
  }
  truncateSync(file, bytes.length / 2)
  rmSync(work.path('.mab'), { recursive: true })
  assert.equal(codes(await work.run(config)), ['archive-not-ours'])
})

test('a stamp whose output has another shape is none', async () => {
  const { work } = twoPlatforms()
  const config = work.config({ app: { output: { archive: 'app.tar' } } })
  await work.run(config)
  const stamps = readFileSync(work.path('.mab/stamps.ndjson'), 'utf8')
  for (const output of [5, {}, 'x', [], null, { blobs: [], manifests: [] }, { blobs: [{}], absent: [] }]) {
    const lines = stamps.split('\n').map((line) => {
      if (!line.includes('"stamp"')) return line
      const { id, stamp } = JSON.parse(line) as { id: string; stamp: object }
      return JSON.stringify({ id, stamp: { ...stamp, output } })
    })
    writeFileSync(work.path('.mab/stamps.ndjson'), lines.join('\n'))
    const { report, states } = await work.run(config)
    assert.ok(report.ok, JSON.stringify(output))
    assert.is(states['index:app'], 'done')
  }
})

test('of a platform that is added nothing else is said, and verify names the image that changed', async () => {
  const { work } = twoPlatforms()
  await work.run(work.config({ app: { platforms: ['arm64'] } }))
  const { events } = await work.run(work.config({ app: { platforms: ['arm64', 'amd64'] } }))
  const told = (id: string): string[] =>
    events.flatMap((event) =>
      event.kind === 'task-started' && event.id === id
        ? event.reasons.map((reason) => (reason.code === 'input-changed' ? reason.input : reason.code))
        : [],
    )
  assert.equal(told('index:app'), ['platform-added'])
  assert.equal(told('verify:app'), ['index', 'indexJson', 'platform-added'])
})

test.run()
