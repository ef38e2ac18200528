/** Projects for real BitBake in the set-ups that people have, and the runs that each must stand. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import * as assert from 'uvu/assert'
import { temporaryDirectory } from '../rig/temp.js'
import { threeConfig, threeMulticonfigs, type ThreeProject } from '../rig/three-multiconfigs.js'
import { mabIn, type Finished } from './fixture.js'

/** BITBAKE or the one on PATH, alone in a directory, as `bitbake`. */
function onlyBitbake(program: string): string {
  const directory = temporaryDirectory()
  const found = spawnSync('/bin/sh', ['-c', `command -v "$1"`, 'sh', program], { encoding: 'utf8' }).stdout.trim()
  symlinkSync(found, path.join(directory, 'bitbake'))
  return directory
}

/** PATH without any BitBake. */
export const bare = '/usr/sbin:/usr/bin:/sbin:/bin'

export interface SetUp extends ThreeProject {
  /** Directory of `bitbake`. */
  readonly bin: string
  readonly queries: () => number
  mab(env: Readonly<Record<string, string>>, ...args: readonly string[]): Finished
  configure(build: object, more?: object): void
}

export function setUp(program: string): SetUp {
  const project = threeMulticonfigs([program])
  const bin = path.isAbsolute(program) ? path.dirname(program) : onlyBitbake(program)
  project.write(
    'oe-init-build-env',
    `echo "### Shell environment set up for builds. ###"
BUILDDIR="$(mkdir -p "\${1:-build}/conf" && cd "\${1:-build}" && pwd)"
export BUILDDIR PATH="${bin}:$PATH"
cd "$BUILDDIR"
`,
  )
  const configure = (build: object, more: object = {}): void => {
    const config = { build: { directory: 'build', ...build }, ...threeConfig, ...more }
    project.write('multiarch.config.json', JSON.stringify(config))
  }
  const logs = path.join(project.directory, '.mab/logs')
  const queries = (): number =>
    existsSync(logs) ? readdirSync(logs).filter((name) => /query(-again)?\.log$/.test(name)).length : 0
  return { ...project, bin, configure, queries, mab: (env, ...args) => mabIn(project.directory, env, args) }
}

/** A run that asks, one that does not, and after a change of local.conf one that asks again. */
export function threeRuns(
  { mab, queries, layouts, directory }: SetUp,
  env: Readonly<Record<string, string>>,
  change: () => void,
): void {
  const first = mab(env, 'run')
  assert.is(first.code, 0, first.stderr)
  for (const layout of Object.values(layouts)) assert.match(first.stderr, path.relative(directory, layout))
  assert.is(queries(), 1)
  const second = mab(env, 'run')
  assert.is(second.code, 0, second.stderr)
  assert.is(queries(), 1)
  change()
  const third = mab(env, 'run')
  assert.is(third.code, 0, third.stderr)
  assert.is(queries(), 2, third.stderr)
}
