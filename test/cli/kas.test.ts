/** Real BitBake through kas, with its repositories on this machine. */
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { suite } from 'uvu'
import { bitbakes, names } from '../rig/three-multiconfigs.js'
import { testWith } from '../rig/tools.js'
import { setUp, threeRuns } from './set-ups.js'

const test = suite('kas')

/** `kas`, or the programs of a list as PATH is one. */
const kasPrograms = (process.env['MAB_TEST_KAS'] ?? 'kas').split(path.delimiter)

for (const { name, program, missing } of bitbakes) {
  for (const kas of kasPrograms) {
    const noKas = spawnSync(kas, ['--version']).status === 0 ? undefined : `${kas} is not installed`
    testWith(test, missing ?? noKas, `${name} through ${kas}`, () => {
      const project = setUp(program)
      const write = (more: string): void => {
        // From them kas makes BBMULTICONFIG, in an order of its own.
        const targets = names.map((multiconfig) => `  - mc:${multiconfig}:hello-container\n`).join('')
        const header = more === '' ? '' : `local_conf_header:\n  more: |\n    ${more}\n`
        project.write(
          'kas.yml',
          `header:\n  version: 11\nmachine: qemux86-64\ntarget:\n${targets}repos:\n  this:\n    layers:\n      meta-hello:\n${header}`,
        )
      }
      write('')
      project.configure({ kas: 'kas.yml', command: [kas] })
      threeRuns(project, { KAS_WORK_DIR: project.directory }, () => write('OCI_IMAGE_TAG:qemux86-64 = "moved"'))
    })
  }
}

test.run()
