/**
 * Whatever happens between runs, in whatever order: after each run the image is that of a clean build, and a run right
 * after it does nothing. MODEL_RUNS says how many sequences of up to 30 steps are tried; by default a few.
 */
import { appendFileSync, cpSync, existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { UserConfig } from '../../src/config/types.js'
import { architectures, deployed, Incremental, output, type Architecture } from './incremental.js'

const test = suite('model')

interface Wish {
  platforms: readonly Architecture[]
  annotation: string
  format: 'nested' | 'flat'
}

function configure(project: Incremental, wish: Wish): void {
  project.configure((config: UserConfig) => {
    const { platforms, annotation, format } = wish
    config.targets['app'] = { ...config.targets['app'], platforms, output: { format, annotations: { annotation } } }
  })
}

/** By what is deployed and what is wished for: `index.json` of a build that knows nothing of earlier ones. */
const clean = new Map<string, string>()

function cleanIndex(project: Incremental, wish: Wish): string {
  const layouts = wish.platforms.map((name) => project.path('build', deployed(name)))
  const key = JSON.stringify([wish, layouts.map((layout) => readFileSync(path.join(layout, 'index.json'), 'utf8'))])
  const known = clean.get(key)
  if (known !== undefined) return known
  const other = new Incremental()
  configure(other, wish)
  for (const name of wish.platforms) {
    cpSync(project.path('build', deployed(name)), other.path('build', deployed(name)), { recursive: true })
  }
  const built = other.mab('run', '--no-build')
  assert.is(built.code, 0, built.stderr)
  const index = readFileSync(other.path(output, 'index.json'), 'utf8')
  rmSync(other.directory, { recursive: true })
  clean.set(key, index)
  return index
}

type Real = { readonly project: Incremental; edits: number }
type Step = fc.Command<Wish, Real>

/** A step that always may be taken. */
function step(name: string, run: (wish: Wish, real: Real) => void): Step {
  return { check: () => true, run, toString: () => name }
}

function runs(...args: readonly string[]): Step {
  return step(['run', ...args].join(' '), (wish, { project }) => {
    const ran = project.mab('run', ...args)
    assert.is(ran.code, 0, ran.stderr)
    const platforms = args.includes('-p') ? wish.platforms.filter((name) => name === 'arm64') : wish.platforms
    const place = platforms.length === wish.platforms.length ? output : `${output}-only-linux-arm64`
    const index = readFileSync(project.path(place, 'index.json'), 'utf8')
    const named = (text: string): string => text.replaceAll('latest-linux-arm64', 'latest')
    assert.is(named(index), cleanIndex(project, { ...wish, platforms }))
    const again = project.mab('run', ...args)
    assert.equal([again.whole, again.bitbake, again.layers], [false, [], []], again.stderr)
  })
}

function inOutput(name: string, damage: (file: string) => void): fc.Arbitrary<Step> {
  return fc.nat(9).map((choice) =>
    step(`${name} ${choice}`, (_wish, { project }) => {
      const directory = project.path(output, 'blobs/sha256')
      const names = existsSync(directory) ? readdirSync(directory).toSorted() : []
      if (names.length > 0) damage(path.join(directory, names[choice % names.length]!))
    }),
  )
}

const architecture = fc.constantFrom(...architectures)
const content = fc.constantFrom('first', 'second')
const steps: fc.Arbitrary<Step>[] = [
  fc.constant(runs()),
  fc.constant(runs()),
  fc.constant({ ...runs('-p', 'arm64'), check: ({ platforms }: Wish) => platforms.includes('arm64') }),
  fc.constant(
    step('edit a source', (_wish, real) => {
      appendFileSync(real.project.path('layers/base/recipes/app.bb'), `# ${real.edits++}\n`)
    }),
  ),
  fc.tuple(architecture, content).map(([name, text]) =>
    step(`BitBake makes ${name} ${text}`, (_wish, real) => {
      real.project.prepare(name, text)
      real.project.write('layers/base/recipes/app.inc', `${name} ${text} ${real.edits++}`)
    }),
  ),
  fc.tuple(architecture, content).map(([name, text]) =>
    step(`deploy ${name} ${text}`, (_wish, { project }) => {
      project.prepare(name, text)
      if (existsSync(project.path('build', deployed(name)))) project.deploy(name)
    }),
  ),
  fc
    .record({
      platforms: fc.constantFrom<readonly Architecture[]>(['arm64', 'amd64'], ['arm64'], ['amd64', 'arm64']),
      annotation: fc.constantFrom('a', 'b'),
      format: fc.constantFrom('nested' as const, 'flat' as const),
    })
    .map((next) =>
      step(`configure ${JSON.stringify(next)}`, (wish, { project }) => {
        Object.assign(wish, next)
        configure(project, wish)
      }),
    ),
  inOutput('remove blob', (file) => rmSync(file)),
  inOutput('damage blob', (file) => {
    const bytes = readFileSync(file)
    // A new file: the layout that it may be linked with stays as it is.
    rmSync(file)
    writeFileSync(file, bytes.fill(7, 0, 5))
  }),
  fc.constant(
    step('remove the output', (_wish, { project }) => rmSync(project.path(output), { recursive: true, force: true })),
  ),
  fc.constant(
    step('edit index.json', (_wish, { project }) => {
      if (existsSync(project.path(output, 'index.json'))) appendFileSync(project.path(output, 'index.json'), ' ')
    }),
  ),
  fc.tuple(fc.nat(20), fc.constantFrom('rubbish', 'cut', 'gone')).map(([choice, how]) =>
    step(`state ${choice} ${how}`, (_wish, { project }) => {
      const state = project.path('.mab')
      const all = existsSync(state) ? readdirSync(state, { recursive: true, encoding: 'utf8' }).toSorted() : []
      const files = all.map((name) => path.join(state, name)).filter((file) => statSync(file).isFile())
      const file = files[choice % Math.max(1, files.length)]
      if (file === undefined) return
      if (how === 'gone') rmSync(file)
      else writeFileSync(file, how === 'cut' ? readFileSync(file).subarray(0, statSync(file).size / 2) : '[7,\n{')
    }),
  ),
  fc.constant(step('move the project', (_wish, { project }) => project.move())),
]

test('whatever happens between runs, the image is that of a clean build', () => {
  const wish: Wish = { platforms: ['arm64', 'amd64'], annotation: 'a', format: 'nested' }
  let taken = 0
  fc.assert(
    fc.property(fc.commands(steps, { maxCommands: 30, size: 'max' }), (commands) => {
      const project = new Incremental()
      const start: Wish = { ...wish }
      configure(project, start)
      fc.modelRun(() => ({ model: start, real: { project, edits: 0 } }), commands)
      taken += [...commands].length
      rmSync(project.directory, { recursive: true, force: true })
    }),
    { numRuns: Number(process.env['MODEL_RUNS'] ?? 4), endOnFailure: process.env['MODEL_RUNS'] === undefined },
  )
  console.log(`${taken} steps`)
})

test.run()
