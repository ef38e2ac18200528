/** Whatever stands in the place of mab's own files costs time, and changes neither the exit code nor the image. */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { encodeRecord } from '../../src/start/record.js'
import { buildLayout } from '../rig/layout-builder.js'
import { missingTool, testWith } from '../rig/tools.js'
import { Workspace } from './harness.js'

const test = suite('damage')

const program = path.resolve('dist/mab.cjs')
const work = new Workspace()
const config = {
  ...work.config({ app: { platforms: ['arm64', 'amd64'], output: { directory: 'out', archive: 'out.tar' } } }),
}
writeFileSync(work.path('multiarch.config.json'), JSON.stringify(config))
for (const architecture of ['arm64', 'amd64']) {
  buildLayout({ architecture, layers: ['shared', architecture] }, { directory: work.path('in', architecture) })
}

/** As a user runs it; a run that hangs ends with an error. */
function mab(...args: readonly string[]): string {
  const options = {
    cwd: work.root,
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, CI: '', NO_COLOR: '1' },
  } as const
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [program, ...args], options)
  assert.is(error, undefined, String(error))
  assert.is(status, 0, stderr)
  return /sha256:\w+/.exec(stdout)?.[0] ?? ''
}

const digest = mab('run')
mab('run')
const own = ['stamps.ndjson', 'verified.json', 'sources.json', 'CACHEDIR.TAG', '.gitignore', 'answers', 'logs', 'start']
const start = path.join('start', readdirSync(work.path('.mab/start'))[0]!)

function put(name: string, make: (place: string) => void): void {
  const place = work.path('.mab', name)
  rmSync(place, { recursive: true, force: true })
  mkdirSync(path.dirname(place), { recursive: true })
  make(place)
}

const kinds: Readonly<Record<string, (place: string) => void>> = {
  'a named pipe': (place) => void execFileSync('mkfifo', [place]),
  'a link to /dev/zero': (place) => symlinkSync('/dev/zero', place),
  'a link to a file of the kernel': (place) => symlinkSync('/proc/self/status', place),
  'a link to nothing': (place) => symlinkSync('nothing', place),
  'a link that leads round': (place) => symlinkSync(path.basename(place), place),
  'a directory with something in it': (place) => void mkdirSync(path.join(place, 'x'), { recursive: true }),
  'an empty file': (place) => writeFileSync(place, ''),
  'a file of a terabyte': (place) => {
    writeFileSync(place, '')
    truncateSync(place, 2 ** 40)
  },
}
for (const [kind, make] of Object.entries(kinds)) {
  testWith(test, missingTool('mkfifo'), `${kind} in the place of each file of .mab`, () => {
    for (const name of own) put(name, make)
    mab('plan')
    assert.is(mab('run'), digest)
    put(start, make)
    assert.is(mab('run'), digest)
  })
}

for (const [kind, make] of Object.entries(kinds)) {
  if (kind.startsWith('a directory')) continue
  testWith(test, missingTool('mkfifo'), `${kind} in the place of each file of the output`, () => {
    for (const name of ['oci-layout', 'index.json', '.mab-staged-index.json', `blobs/${digest.replace(':', '/')}`]) {
      rmSync(work.path('out', name), { recursive: true, force: true })
      make(work.path('out', name))
    }
    assert.is(mab('run'), digest)
    assert.not(existsSync(work.path('out/.mab-staged-index.json')))
  })
}

test('empty directories in the place of blobs and of the staged index are replaced', () => {
  for (const name of readdirSync(work.path('out/blobs/sha256'))) {
    rmSync(work.path('out/blobs/sha256', name))
    mkdirSync(work.path('out/blobs/sha256', name))
  }
  mkdirSync(work.path('out/.mab-staged-index.json'))
  assert.is(mab('run'), digest)
})

const names = ['stamps.ndjson', 'verified.json', 'sources.json'] as const
// A run of layouts has no sources.
writeFileSync(work.path('.mab/sources.json'), '{}')
const whole = Object.fromEntries(names.map((name) => [name, readFileSync(work.path('.mab', name), 'utf8')]))

/** A value with one part replaced by any other. */
function damaged(text: string): fc.Arbitrary<string> {
  const places: (readonly (string | number)[])[] = []
  const visit = (value: unknown, place: readonly (string | number)[]): void => {
    places.push(place)
    if (typeof value !== 'object' || value === null) return
    for (const key of Object.keys(value)) visit((value as Record<string, unknown>)[key], [...place, key])
  }
  const root: unknown = JSON.parse(text)
  visit(root, [])
  return fc.tuple(fc.constantFrom(...places), fc.jsonValue()).map(([place, other]) => {
    const copy = { root: structuredClone(root) } as Record<string, unknown>
    let at = copy
    for (const key of ['root', ...place].slice(0, -1)) at = at[key] as Record<string, unknown>
    at[['root', ...place].at(-1)!] = other
    return JSON.stringify(copy['root'])
  })
}

test('any JSON in the place of a part of a record, and any bytes, cost no more than time', async () => {
  const lines = whole['stamps.ndjson']!.trimEnd().split('\n')
  const stampFile = fc
    .nat(lines.length - 1)
    .chain((position) => damaged(lines[position]!).map((line) => `${lines.with(position, line).join('\n')}\n`))
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
  const content = fc.oneof(
    stampFile.map((text) => ['stamps.ndjson', text] as const),
    damaged(whole['verified.json']!).map((text) => ['verified.json', text] as const),
    fc.tuple(fc.constantFrom(...names), fc.oneof(fc.json(), fc.string(), fc.constant(deep))),
    fc.constant(['stamps.ndjson', lines.map((line) => line.replace('null', deep)).join('\n') + '\n'] as const),
  )
  const expected = (await work.run(config)).report
  await fc.assert(
    fc.asyncProperty(content, async ([name, text]) => {
      for (const other of names) writeFileSync(work.path('.mab', other), other === name ? text : whole[other]!)
      const { report, problems } = await work.run(config)
      assert.equal(problems, [])
      assert.equal(
        report.targets.map(({ image }) => image),
        expected.targets.map(({ image }) => image),
      )
    }),
    {
      numRuns: 200,
      examples: [
        [['stamps.ndjson', whole['stamps.ndjson']!.replaceAll(/"mediaType":"[^"]*"/g, '"mediaType":""')]],
        [['stamps.ndjson', whole['stamps.ndjson']!.replaceAll(/"blobs":\[[^\]]*\]/g, '"blobs":[]')]],
      ],
    },
  )
})

test('a start record of another shape is none', () => {
  rmSync(work.path('.mab/start'), { recursive: true })
  mab('run')
  const [name] = readdirSync(work.path('.mab/start'))
  const place = work.path('.mab/start', name!)
  for (const value of [null, 7, 'x', [], {}, { key: null }, { key: ['x'], environment: 3 }]) {
    const watched = { paths: ['x'], stats: new Float64Array(6), contents: new Map() }
    writeFileSync(place, encodeRecord({ start: value as never, watched }))
    assert.is(mab('run'), digest)
  }
})

test.run()
