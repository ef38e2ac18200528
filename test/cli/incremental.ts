/** A project whose BitBake deploys prepared layouts, and what each command really did. */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { UserConfig } from '../../src/config/types.js'
import type { Reason } from '../../src/plan/reason.js'
import { buildLayout, type BuiltLayout } from '../rig/layout-builder.js'
import { temporaryDirectory } from '../rig/temp.js'
import { mabProgram, type Finished } from './fixture.js'

export interface Did extends Finished {
  /** More than the start was needed. */
  readonly whole: boolean
  /** The multiconfigs of each call of BitBake. */
  readonly bitbake: readonly (readonly string[])[]
  /** Layers that were read, from whatever place, sorted. */
  readonly layers: readonly string[]
}

export const architectures = ['arm64', 'amd64'] as const
export const output = 'deploy/app-multiarch-oci'
export type Architecture = (typeof architectures)[number]

export class Incremental {
  /** What BitBake is told, and the layouts it deploys: not in the project, which may be moved. */
  readonly #outside = temporaryDirectory()
  directory = path.join(temporaryDirectory(), 'project')
  env: Record<string, string> = {}
  readonly #layers = new Set<string>()
  readonly #prepared: Partial<Record<Architecture, BuiltLayout>> = {}

  constructor() {
    for (const name of ['layers/base/recipes/app.bb', 'layers/base/recipes/app.inc', 'layers/base/files/run.sh']) {
      this.write(name, `# ${name}\n`)
    }
    this.write('build/conf/bblayers.conf', '')
    const deploys = Object.fromEntries(
      architectures.map((name) => [name, { [deployed(name)]: path.join(this.#outside, name) }]),
    )
    const recipe = path.join(this.#outside, 'app.bb')
    writeFileSync(recipe, '')
    const answers = Object.fromEntries(
      architectures.map((name) => [
        name,
        {
          MACHINE: `qemu${name}`,
          TARGET_ARCH: name === 'arm64' ? 'aarch64' : 'x86_64',
          DEPLOY_DIR_IMAGE: null,
          FILE: recipe,
          BBINCLUDED: recipe,
        },
      ]),
    )
    writeFileSync(path.join(this.#outside, 'scenario.json'), JSON.stringify({ deploys, answers }))
    for (const name of architectures) this.prepare(name, 'first')
    this.configure()
  }

  path(...parts: readonly string[]): string {
    return path.join(this.directory, ...parts)
  }

  write(name: string, content: string): void {
    mkdirSync(path.dirname(this.path(name)), { recursive: true })
    writeFileSync(this.path(name), content)
  }

  /** What BitBake deploys from its next call on. */
  prepare(architecture: Architecture, content: string): BuiltLayout {
    const directory = path.join(this.#outside, architecture)
    rmSync(directory, { recursive: true, force: true })
    const layers = [`shared`, `${architecture} ${content}`]
    const built = buildLayout({ architecture, reference: 'latest', layers }, { directory })
    for (const { layers: made } of built.images) for (const layer of made) this.#layers.add(layer)
    this.#prepared[architecture] = built
    return built
  }

  /** In the output: the layer that only this architecture has. */
  ownLayer(architecture: Architecture): string {
    return this.path(output, 'blobs', ...this.#prepared[architecture]!.images[0]!.layers[1]!.split(':'))
  }

  /** Puts what is prepared where BitBake would. */
  deploy(architecture: Architecture): void {
    const place = this.path('build', deployed(architecture))
    rmSync(place, { recursive: true, force: true })
    cpSync(path.join(this.#outside, architecture), place, { recursive: true })
  }

  /** @param text makes the config's text of its value */
  configure(edit: (config: UserConfig) => void = () => {}, text?: (value: string) => string): void {
    const config: UserConfig = {
      build: {
        command: [process.execPath, path.resolve('test/rig/fake-bitbake.mjs')],
        environment: { FAKE_BITBAKE: path.join(this.#outside, 'scenario.json') },
      },
      platforms: Object.fromEntries(
        architectures.map((name) => [name, { platform: `linux/${name}`, multiconfig: name, machine: `qemu${name}` }]),
      ),
      targets: {
        app: { sources: ['layers/**'], platforms: [...architectures], output: {} },
      },
    }
    edit(config)
    const plain = (value: string): string => `export default ${value}\n`
    this.write('multiarch.config.ts', (text ?? plain)(JSON.stringify(config)))
  }

  move(): void {
    const place = path.join(temporaryDirectory(), 'moved')
    renameSync(this.directory, place)
    this.directory = place
  }

  /** As a CI cache does: times are kept, inodes are not. */
  restore(): void {
    const place = path.join(temporaryDirectory(), 'restored')
    cpSync(this.directory, place, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true })
    this.directory = place
  }

  mab(...args: readonly string[]): Did {
    const probe = path.join(this.#outside, 'probe')
    rmSync(probe, { force: true })
    const { NODE_EXTRA_CA_CERTS: _, ...inherited } = process.env
    const env = {
      ...inherited,
      CI: '',
      NO_COLOR: '1',
      ...this.env,
      PROBE: probe,
      NODE_OPTIONS: `--require ${path.resolve('test/rig/probe.cjs')}`,
    }
    const options = { cwd: this.directory, env, encoding: 'utf8' } as const
    const { status, stdout, stderr } = spawnSync(process.execPath, [mabProgram, ...args], options)
    const lines = existsSync(probe) ? readFileSync(probe, 'utf8').trimEnd().split('\n') : []
    const seen = lines.map((line) => JSON.parse(line) as Entry)
    const own = seen.filter(({ program }) => program === 'mab.cjs')
    return {
      code: status,
      stdout,
      stderr,
      whole: own.some(({ whole }) => whole),
      bitbake: seen
        .filter(({ program }) => program === 'fake-bitbake.mjs')
        .map(({ argv }) => argv.flatMap((word) => /^mc:(\w*):.*:do_/.exec(word)?.[1] ?? []).toSorted())
        // The others are questions.
        .filter((multiconfigs) => multiconfigs.length > 0),
      layers: own.flatMap(({ read }) => read.filter((digest) => this.#layers.has(digest))).toSorted(),
    }
  }

  /** By task: why it is stale. */
  reasons(...args: readonly string[]): Record<string, readonly Reason[]> {
    const { stdout, stderr } = this.mab('plan', '--format', 'json', ...args)
    if (stdout === '') throw new Error(stderr)
    const { forecasts } = JSON.parse(stdout) as { forecasts: Record<string, { reasons?: readonly Reason[] }> }
    return Object.fromEntries(
      Object.entries(forecasts).flatMap(([id, { reasons }]) => (reasons ? [[id, reasons]] : [])),
    )
  }
}

interface Entry {
  readonly program: string
  readonly whole: boolean
  readonly read: readonly string[]
  readonly argv: readonly string[]
}

export function deployed(architecture: Architecture): string {
  return `tmp-${architecture}/deploy/images/qemu${architecture}/app-latest-oci`
}
