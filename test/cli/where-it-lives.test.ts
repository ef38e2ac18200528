/** Real BitBake in the set-ups that people have: a script to source, an initialised shell, a wrapper. */
import { chmodSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import { bitbakes } from '../rig/three-multiconfigs.js'
import { testWith } from '../rig/tools.js'
import { bare, setUp, threeRuns, type SetUp } from './set-ups.js'

const test = suite('where BitBake lives')

const newLine = (project: SetUp) => (): void =>
  project.write('build/conf/local.conf', (old) => `${old}OCI_IMAGE_TAG:qemux86-64 = "moved"\n`)

for (const { name, program, missing } of bitbakes) {
  testWith(test, missing, `${name} through build.init`, () => {
    const project = setUp(program)
    project.configure({ init: 'oe-init-build-env' })
    threeRuns(project, { PATH: `${path.dirname(process.execPath)}:${bare}` }, newLine(project))
  })

  testWith(test, missing, `${name} in an initialised shell`, () => {
    const project = setUp(program)
    project.configure({ directory: undefined })
    const { directory, bin } = project
    threeRuns(project, { BUILDDIR: path.join(directory, 'build'), PATH: `${bin}:${bare}` }, newLine(project))
  })

  testWith(test, missing, `${name} through a wrapper`, () => {
    const project = setUp(program)
    project.write('in site', `#!/bin/sh\nPATH="${project.bin}:$PATH"\nexec "$@"\n`)
    chmodSync(path.join(project.directory, 'in site'), 0o755)
    project.configure({ command: ['./in site', 'bitbake'] })
    threeRuns(project, { PATH: bare }, newLine(project))
  })
}

test.run()
