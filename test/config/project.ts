/** Projects on disk and configs as values, for all tests that begin with a config. */
import { mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import * as assert from 'uvu/assert'
import { loadConfig, type LoadedConfig, type LoadOptions } from '../../src/config/load.js'
import type { Config } from '../../src/config/types.js'
import { validateConfig } from '../../src/config/validate.js'
import type { ConfigProblem, Result } from '../../src/problem/problem.js'
import { temporaryDirectory } from '../rig/temp.js'

export type Files = Readonly<Record<string, string>>

/** A directory with these files; its search for a config ends in it. */
export function project(files: Files): string {
  const directory = temporaryDirectory()
  for (const [name, content] of Object.entries({ '.git/HEAD': '', ...files })) {
    const file = path.join(directory, name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, content)
  }
  return directory
}

export function load(
  cwd: string,
  options: Partial<Omit<LoadOptions, 'cwd'>> = {},
): Promise<Result<LoadedConfig, ConfigProblem>> {
  return loadConfig({ cwd, env: {}, ...options })
}

export function valueOf<T>(result: Result<T, unknown>): T {
  if (!result.ok) assert.unreachable(JSON.stringify(result.problems, null, 2))
  return (result as { value: T }).value
}

export function problemsOf<P>(result: Result<unknown, P>): readonly P[] {
  if (result.ok) assert.unreachable(`no problem: ${JSON.stringify(result.value)}`)
  return (result as { problems: readonly P[] }).problems
}

/** What a directory holds, and whether anything in it was made or removed since `watch`. */
export function watch(directory: string): { readonly check: () => void; readonly checkNames: () => void } {
  const names = (): string[] => readdirSync(directory, { recursive: true, encoding: 'utf8' }).toSorted()
  const before = names()
  utimesSync(directory, 1, 1)
  const checkNames = (): void => assert.equal(names(), before)
  const check = (): void => {
    checkNames()
    assert.is(statSync(directory).mtimeMs, 1000, 'a file came and went beside the config')
  }
  return { check, checkNames }
}

/** A checked config as `loadConfig` gives it for a file in /project. */
export function configOf(raw: unknown): Config {
  return valueOf(validateConfig(raw, '/project/multiarch.config.ts'))
}
