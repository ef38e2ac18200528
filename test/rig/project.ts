/** Copies of examples/hello-container that a test may build and break, and the BitBake for them. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Build } from '../../src/targets/target.js'
import { temporaryDirectory } from './temp.js'

export const multiconfigs = ['container-aarch64', 'container-x86-64'] as const
/** MACHINE of each. */
export const machines = { 'container-aarch64': 'qemuarm64', 'container-x86-64': 'qemux86-64' } as const

const program = process.env['BITBAKE'] || 'bitbake'

/** For `testWith`: why there is no BitBake to test with. */
export const missingBitbake =
  spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0 ? undefined : `${program} is not installed`

export interface ExampleProject {
  readonly directory: string
  readonly build: Build
  /** Puts content in place of a file's: a text, or what a function makes of the old one. */
  write(file: string, content: string | ((old: string) => string)): void
  /** What is deployed for a multiconfig, under the name that stays. */
  deployed(multiconfig: (typeof multiconfigs)[number]): string
}

/** @param command BitBake by default */
export function exampleProject(command: readonly string[] = [program]): ExampleProject {
  const directory = temporaryDirectory()
  for (const part of ['meta-hello', 'build/conf']) {
    cpSync(path.join('examples/hello-container', part), path.join(directory, part), { recursive: true })
  }
  const topdir = path.join(directory, 'build')
  return {
    directory,
    build: { directory: topdir, command, args: [], environment: {} },
    write: (name, content) => {
      const file = path.join(directory, name)
      mkdirSync(path.dirname(file), { recursive: true })
      writeFileSync(file, typeof content === 'string' ? content : content(readFileSync(file, 'utf8')))
    },
    deployed: (multiconfig) =>
      path.join(topdir, `tmp-${multiconfig}/deploy/images`, machines[multiconfig], 'hello-container-latest-oci'),
  }
}
