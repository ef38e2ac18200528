/**
 * A build directory that no convention describes: two multiconfigs share a MACHINE, one has another OCI_IMAGE_TAG, one
 * a TMPDIR and a deploy directory elsewhere. And the BitBakes to build it with.
 */
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { exampleProject, type ExampleProject } from './project.js'

export const names = ['arm-glibc', 'arm-musl', 'x86'] as const

export interface ThreeProject extends ExampleProject {
  /** Where the layout of each multiconfig is. */
  readonly layouts: Readonly<Record<(typeof names)[number], string>>
}

export function threeMulticonfigs(command?: readonly string[]): ThreeProject {
  const project = exampleProject(command)
  const conf = (name: string, lines: readonly string[]): void => {
    project.write(`meta-hello/conf/multiconfig/${name}.conf`, `${lines.join('\n')}\n`)
  }
  const tmpdir = 'TMPDIR = "${TOPDIR}/tmp-${BB_CURRENT_MC}"'
  conf('arm-glibc', ['MACHINE = "qemuarm64"', tmpdir])
  conf('arm-musl', ['MACHINE = "qemuarm64"', tmpdir, 'OCI_IMAGE_TAG = "1.37:musl"'])
  const moved = path.join(project.directory, 'moved')
  conf('x86', ['MACHINE = "qemux86-64"', `TMPDIR = "${moved}/tmp"`, `DEPLOY_DIR_IMAGE = "${moved}/deploy/venus"`])
  project.write('build/conf/local.conf', `BBMULTICONFIG = "${names.join(' ')}"\n`)
  const deployed = (name: string, tag: string): string =>
    path.join(project.build.directory, `tmp-${name}/deploy/images/qemuarm64/hello-container-${tag}-oci`)
  return {
    ...project,
    layouts: {
      'arm-glibc': deployed('arm-glibc', 'latest'),
      'arm-musl': deployed('arm-musl', '1.37_musl'),
      x86: path.join(moved, 'deploy/venus/hello-container-latest-oci'),
    },
  }
}

/** Nothing but multiconfig names and the recipe. */
export const threeConfig = {
  platforms: Object.fromEntries(names.map((name) => [name, { multiconfig: name }])),
  targets: {
    glibc: { recipe: 'hello-container', platforms: ['arm-glibc', 'x86'] },
    musl: { recipe: 'hello-container', platforms: ['arm-musl', 'x86'] },
  },
}

export interface BitbakeProgram {
  readonly name: string
  readonly program: string
  /** Why it cannot be tested with. */
  readonly missing: string | undefined
}

/** BITBAKE or the one on PATH, and what MAB_TEST_BITBAKES names: a list of programs, as PATH is one of directories. */
export const bitbakes: readonly BitbakeProgram[] = [
  process.env['BITBAKE'] || 'bitbake',
  ...(process.env['MAB_TEST_BITBAKES'] ?? '').split(path.delimiter).filter((program) => program !== ''),
].map((program) => {
  const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' })
  const version = /version (\S+)/.exec(stdout)?.[1]
  return status === 0
    ? { name: `BitBake ${version} (${program})`, program, missing: undefined }
    : { name: program, program, missing: `${program} is not installed` }
})
