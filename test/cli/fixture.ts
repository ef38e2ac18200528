/** A project in a temporary directory that builds the example with its stand-in, and `mab` as a user starts it. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { exampleProject } from '../rig/project.js'

export const mabProgram = path.resolve('dist/mab.cjs')

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Project {
  readonly directory: string
  /** Runs `mab` in the project and waits. */
  mab(...args: readonly string[]): Finished
  /** Starts `mab` in the project. */
  start(...args: readonly string[]): ChildProcess
  /** Replaces the config. */
  configure(config: unknown): void
  file(...parts: readonly string[]): string
  /** Puts content in place of a file's: a text, or what a function makes of the old one. */
  write(file: string, content: string | ((old: string) => string)): void
}

/** The command of a build that the stand-in does. */
export const standIn = [process.execPath, path.resolve('examples/hello-container/stand-in.mjs')]

export function helloConfig(output: object = {}): Record<string, unknown> {
  return {
    build: { directory: 'build', command: standIn },
    targets: {
      hello: { recipe: 'hello-container', platforms: ['aarch64', 'x86_64'], sources: ['meta-hello/**'], output },
    },
  }
}

/** Runs `mab` in a directory and waits. */
export function mabIn(cwd: string, env: Readonly<Record<string, string>>, args: readonly string[]): Finished {
  const { status, stdout, stderr } = spawnSync(process.execPath, [mabProgram, ...args], {
    cwd,
    env: { ...process.env, CI: '', NO_COLOR: '1', ...env },
    encoding: 'utf8',
  })
  return { code: status, stdout, stderr }
}

export function makeProject(config: unknown = helloConfig(), env: Record<string, string> = {}): Project {
  const { directory, write } = exampleProject()
  const file = (...parts: readonly string[]): string => path.join(directory, ...parts)
  const configure = (next: unknown): void => writeFileSync(file('multiarch.config.json'), JSON.stringify(next))
  configure(config)
  const options = { cwd: directory, env: { ...process.env, CI: '', NO_COLOR: '1', ...env } }
  return {
    directory,
    mab: (...args) => mabIn(directory, env, args),
    start: (...args) =>
      spawn(process.execPath, [mabProgram, ...args], { ...options, stdio: ['ignore', 'pipe', 'pipe'] }),
    configure,
    file,
    write,
  }
}
