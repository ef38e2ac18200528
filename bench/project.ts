/** mab as its users have it, and projects for it to run in. */
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { node, runUntimed } from './tools.js'
import type { UserConfig } from '../src/config/types.js'

/** A copy of the built package, which nobody builds again while it is measured. @returns what starts it. */
export function installPackage(directory: string): string {
  if (!existsSync('dist/mab.cjs')) throw new Error('there is no dist/: run `npm run build` first')
  mkdirSync(directory, { recursive: true })
  for (const part of ['dist', 'package.json']) cpSync(part, path.join(directory, part), { recursive: true })
  symlinkSync(path.resolve('node_modules'), path.join(directory, 'node_modules'))
  return path.join(directory, 'dist', 'mab.cjs')
}

export interface Project {
  readonly directory: string
  /** Runs mab in it, outside of any measurement. */
  mab(...argv: readonly string[]): string
  /** Removes the state and all outputs. */
  forget(): void
}

export function makeProject(directory: string, mab: string, config: UserConfig, name = 'multiarch.config'): Project {
  mkdirSync(directory, { recursive: true })
  const text = `import { defineConfig } from 'multiarch-build'\n\nexport default defineConfig(${JSON.stringify(config)})\n`
  writeFileSync(path.join(directory, `${name}.ts`), text)
  return {
    directory,
    mab: (...argv) => runUntimed([node, mab, ...argv], directory),
    forget: () => {
      for (const made of ['.mab', 'deploy']) rmSync(path.join(directory, made), { recursive: true, force: true })
    },
  }
}
