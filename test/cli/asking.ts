/** Projects with real BitBake that say no more than multiconfig names and the recipe. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { threeConfig, threeMulticonfigs, type ThreeProject } from '../rig/three-multiconfigs.js'
import { mabIn, type Finished } from './fixture.js'

export interface Asking {
  readonly project: ThreeProject
  mab(...args: readonly string[]): Finished
  /** Logs of queries so far. */
  queries(): number
  configure(config: unknown): void
}

export function asking(program: string): Asking {
  const project = threeMulticonfigs([program])
  const configure = (config: unknown): void => {
    writeFileSync(path.join(project.directory, 'multiarch.config.json'), JSON.stringify(config))
  }
  configure({ build: { directory: 'build', command: [program] }, ...threeConfig })
  const logs = path.join(project.directory, '.mab/logs')
  return {
    project,
    configure,
    // Up to 2.0 its worker is looked for on PATH.
    mab: (...args) => mabIn(project.directory, { PATH: `${path.dirname(program)}:${process.env['PATH']}` }, args),
    queries: () =>
      existsSync(logs) ? readdirSync(logs).filter((name) => /query(-again)?\.log$/.test(name)).length : 0,
  }
}
