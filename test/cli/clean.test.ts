import { existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { UserConfig } from '../../src/config/types.js'
import { deployed, Incremental, output } from './incremental.js'

const test = suite('mab clean and mab list')

const archive = 'deploy/app.tar'
const partial = `${output}-only-linux-arm64`

function built(): Incremental {
  const project = new Incremental()
  project.configure((config) => {
    config.targets['app']!.output = { archive }
    config.targets['other'] = { ...config.targets['app'], recipe: 'app', output: {} }
  })
  assert.is(project.mab('run').code, 0)
  assert.is(project.mab('run', 'app', '-p', 'arm64').code, 0)
  return project
}

const there = (project: Incremental, ...names: string[]): boolean[] =>
  names.map((name) => existsSync(project.path(name)))
const other = 'deploy/other-multiarch-oci'

test('a target goes with its archive and its partial images, and comes back without BitBake', () => {
  const project = built()
  const dry = project.mab('clean', '-n', 'app')
  assert.match(dry.stdout, /^would remove deploy\/app-multiarch-oci$/m)
  assert.equal(there(project, output, archive, partial, other), [true, true, true, true])
  const cleaned = project.mab('clean', 'app')
  assert.is(cleaned.code, 0, cleaned.stderr)
  assert.equal(
    cleaned.stdout.trimEnd().split('\n').toSorted(),
    [
      `removed ${output}`,
      `removed ${partial}`,
      'removed deploy/app-only-linux-arm64.tar',
      `removed ${archive}`,
    ].toSorted(),
  )
  assert.equal(there(project, output, archive, partial, other), [false, false, false, true])
  assert.ok(existsSync(project.path('build', deployed('arm64'))))
  const again = project.mab('run')
  assert.equal([again.code, again.bitbake], [0, []], again.stderr)
  assert.is(project.mab('clean').code, 0)
  assert.equal(there(project, output, archive, other, 'layers'), [false, false, false, true])
  assert.match(project.mab('clean').stderr, /nothing to remove/)
})

test('--stale takes what is no longer in the config, and nothing else', () => {
  const project = built()
  assert.match(project.mab('clean', '--stale').stderr, /nothing to remove/)
  project.configure((config) => void (config.targets['app']!.output = { archive }))
  const cleaned = project.mab('clean', '--stale')
  assert.is(cleaned.stdout, `removed ${other}\n`)
  assert.equal(there(project, output, archive, other), [true, true, false])
  assert.not.ok(project.mab('run').bitbake.length > 0)
  assert.is(project.mab('clean', '--stale', 'app').code, 2)
})

test('--stale takes what a target has elsewhere now, with its parts, and leaves what is in use', () => {
  const project = built()
  project.configure((config) => {
    config.targets['app']!.output = { directory: 'images/app', archive: 'images/app.tar' }
    config.targets['other'] = { ...config.targets['app'], recipe: 'app', output: {} }
  })
  // Also before a run has put it there.
  const stale = [output, partial, archive, 'deploy/app-only-linux-arm64.tar']
  const wouldGo = stale.map((place) => `would remove ${place}`)
  assert.equal(project.mab('clean', '--stale', '-n').stdout.trimEnd().split('\n').toSorted(), wouldGo.toSorted())
  assert.is(project.mab('run').code, 0)
  assert.is(project.mab('run', 'app', '-p', 'arm64').code, 0)
  const cleaned = project.mab('clean', '--stale')
  assert.is(cleaned.code, 0, cleaned.stderr)
  assert.equal(there(project, ...stale), [false, false, false, false])
  assert.equal(there(project, other, 'images/app', 'images/app.tar', 'images/app-only-linux-arm64'), [
    true,
    true,
    true,
    true,
  ])
  assert.match(project.mab('clean', '--stale').stderr, /nothing to remove/)
  assert.equal(project.mab('run').bitbake, [])
})

test('what lies by now where a target was stays when it is not of mab, or is a source', () => {
  const project = built()
  const move = (more: (config: UserConfig) => void = () => {}): void =>
    project.configure((config) => {
      config.targets['app']!.output = { directory: 'images/app', archive }
      config.targets['other'] = { ...config.targets['app'], recipe: 'app', output: {} }
      more(config)
    })
  move((config) => {
    config.platforms!['again'] = { platform: 'linux/arm64', source: { kind: 'layout', path: output } }
    config.targets['second'] = { platforms: ['again'], output: { directory: 'images/second' } }
  })
  assert.not.match(project.mab('clean', '--stale').stdout, new RegExp(`^removed ${output}$`, 'm'))
  move()
  project.write(`${output}/notes.txt`, 'precious')
  const cleaned = project.mab('clean', '--stale')
  assert.is(cleaned.code, 1)
  assert.match(cleaned.stderr, /deploy\/app-multiarch-oci is not an image that mab may replace[^]*notes\.txt/)
  assert.ok(existsSync(project.path(output, 'index.json')))
})

test('an archive of mab that was cut off is replaced, and cleaned', () => {
  const project = built()
  truncateSync(project.path(archive), 1000)
  const ran = project.mab('run')
  assert.is(ran.code, 0, ran.stderr)
  truncateSync(project.path(archive), 1000)
  const cleaned = project.mab('clean', 'app')
  assert.is(cleaned.code, 0, cleaned.stderr)
  assert.equal(there(project, archive), [false])
})

test('what mab did not make stays, and is named', () => {
  const project = built()
  writeFileSync(project.path(output, 'notes.txt'), 'precious')
  writeFileSync(project.path(archive), 'precious')
  const cleaned = project.mab('clean', 'app')
  assert.is(cleaned.code, 1)
  assert.match(cleaned.stderr, /deploy\/app-multiarch-oci is not an image that mab may replace[^]*notes\.txt/)
  assert.match(cleaned.stderr, /deploy\/app\.tar is not an archive that mab may replace/)
  assert.is(readFileSync(project.path(archive), 'utf8'), 'precious')
  assert.ok(existsSync(project.path(output, 'notes.txt')))
})

test('without a record goes what shows that mab made it, and nothing else', () => {
  const project = built()
  project.mab('clean')
  for (const precious of ['blobs/precious/data', `blobs/sha256/${'ab'.repeat(32)}`]) {
    project.write(`${output}/${precious}`, 'precious')
    const cleaned = project.mab('clean')
    assert.equal([cleaned.code, cleaned.stdout], [1, ''], cleaned.stderr)
    assert.match(cleaned.stderr, /deploy\/app-multiarch-oci is not an image that mab may replace/)
    assert.ok(existsSync(project.path(output, precious)))
    rmSync(project.path(output), { recursive: true })
  }
  mkdirSync(project.path(output))
  assert.match(project.mab('clean').stderr, /nothing to remove/)
  project.mab('run')
  rmSync(project.path('.mab'), { recursive: true })
  project.write(`${output}/blobs/sha256/mine.txt`, 'precious')
  assert.match(project.mab('clean', 'app').stderr, /found: blobs\/sha256\/mine\.txt/)
  assert.ok(existsSync(project.path(output, 'index.json')))
  rmSync(project.path(output, 'blobs/sha256/mine.txt'))
  assert.match(project.mab('clean', 'app').stdout, /^removed deploy\/app-multiarch-oci$/m)
  assert.not.ok(existsSync(project.path(output)))
})

test('an image that can no longer be read goes when there is a record of it', () => {
  const project = built()
  writeFileSync(project.path(output, 'index.json'), 'rubbish')
  assert.is(project.mab('clean', 'app').code, 0)
  assert.not.ok(existsSync(project.path(output)))
})

test('a record that says anything cannot lead out of the project, nor to the project itself', () => {
  const project = built()
  const outside = project.path('../victim')
  mkdirSync(outside)
  const file = project.path('.mab/stamps.ndjson')
  for (const place of ['../victim', '.', 'layers']) {
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('"deploy/other-multiarch-oci"', JSON.stringify(place)))
    project.configure((config) => void (config.targets['app']!.output = { archive }))
    project.mab('clean', '--stale')
    assert.ok(existsSync(outside))
    assert.ok(existsSync(project.path('layers/base/recipes/app.bb')))
  }
})

test('list says how each target stands, and asks nobody', () => {
  const project = built()
  const states = (): Record<string, string> =>
    Object.fromEntries(
      (JSON.parse(project.mab('list', '--format', 'json').stdout) as { name: string; state: string }[]).map((row) => [
        row.name,
        row.state,
      ]),
    )
  assert.equal(states(), { app: 'fresh', other: 'fresh' })
  assert.match(
    project.mab('list').stdout,
    /^app +fresh +sha256:[0-9a-f]{64}\n +deploy\/app-multiarch-oci, deploy\/app\.tar: linux\/arm64, linux\/amd64\n/,
  )
  project.write('layers/base/recipes/app.bb', 'other')
  assert.equal(states(), { app: 'stale', other: 'stale' })
  assert.is(project.mab('list').bitbake.length, 0)
  project.mab('clean', 'app')
  assert.equal(states(), { app: 'missing', other: 'stale' })
  project.mab('run')
  project.configure((config) => void delete config.targets['app']!.sources)
  assert.equal(states(), { app: 'unknown' })
})

test.run()
