/** Two clones of a project that write one output, and a judgement of what is there that uses nothing of `src/`. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { buildLayout, digestOf, type Document } from '../rig/layout-builder.js'
import { temporaryDirectory } from '../rig/temp.js'
import { mabProgram, type Finished } from './fixture.js'

export const architectures = ['arm64', 'amd64'] as const
const root = temporaryDirectory()
/** Both clones reach it through a link of their own. */
const shared = path.join(root, 'shared')
export const output = path.join(shared, 'app')
export const archive = path.join(shared, 'app.tar')
mkdirSync(shared)

/** Manifests of the images that the clones may write, in the order of the index. */
export const images: string[][] = []

class Clone {
  readonly directory: string
  constructor(name: string) {
    this.directory = path.join(root, name)
    mkdirSync(this.directory)
    symlinkSync('../shared', path.join(this.directory, 'deploy'))
    for (const version of ['0', '1']) {
      const manifests = architectures.map((architecture) => {
        const layers = ['common', `${name} ${architecture} ${version}`].map((text) => text.repeat(20_000))
        const directory = path.join(this.directory, 'in', architecture + version)
        return buildLayout({ architecture, reference: 'latest', layers }, { directory }).images[0]!.digest
      })
      images.push(manifests)
    }
    const source = (architecture: string): object => ({ source: { kind: 'layout', path: `in/${architecture}0` } })
    const config = {
      platforms: Object.fromEntries(architectures.map((architecture) => [architecture, source(architecture)])),
      targets: {
        app: { platforms: architectures, output: { directory: 'deploy/app', archive: 'deploy/app.tar', link: 'copy' } },
      },
    }
    writeFileSync(path.join(this.directory, 'multiarch.config.json'), JSON.stringify(config))
  }
}

export const clones = ['one', 'two'].map((name) => new Clone(name))

const commands: Readonly<Record<string, readonly string[]>> = {
  run: ['run'],
  clean: ['clean'],
  verify: ['verify', '--format', 'json', 'deploy/app'],
  deep: ['verify', '--deep', '--format', 'json', 'deploy/app'],
  merge0: ['merge', '-o', 'deploy/app', '--archive', 'deploy/app.tar', 'in/arm640', 'in/amd640'],
  merge1: ['merge', '-o', 'deploy/app', '--archive', 'deploy/app.tar', '--link', 'copy', 'in/arm641', 'in/amd641'],
}
export const writers = ['run', 'run', 'clean', 'merge0', 'merge1', 'merge1']
export const readers = ['verify', 'deep']

const unshare = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']
const succeeds = (program: string, ...args: readonly string[]): boolean =>
  spawnSync(program, args, { stdio: 'ignore' }).status === 0
/** In a container of its own; the lock of one that was killed is released only where there is flock(1). */
export const canUnshare = succeeds(unshare[0]!, ...unshare.slice(1), 'true') && succeeds('flock', '--version')

export interface Ended extends Finished {
  readonly what: string
  readonly killed: boolean
  /** ms */
  readonly took: number
}

/** @param killAfter ms */
export async function perform(what: string, clone: Clone, killAfter?: number, inContainer = false): Promise<Ended> {
  const wrapper = inContainer ? unshare : []
  const [program, ...args] = [...wrapper, process.execPath, mabProgram, ...commands[what]!]
  const began = performance.now()
  const child = spawn(program!, args, {
    cwd: clone.directory,
    env: { ...process.env, CI: '', NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const texts = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) child[name].on('data', (data) => (texts[name] += String(data)))
  const closed = once(child, 'close') as Promise<[number | null, string | null]>
  const timers = new AbortController()
  if (killAfter !== undefined) {
    void delay(killAfter, undefined, { signal: timers.signal }).then(
      () => child.kill('SIGKILL'),
      () => {},
    )
  }
  const deadlock = setTimeout(() => child.kill('SIGQUIT'), 120_000)
  const [code, signal] = await closed
  clearTimeout(deadlock)
  timers.abort()
  const name = `${what} of ${path.basename(clone.directory)}${inContainer ? ' in a container' : ''}`
  return { what: name, killed: signal === 'SIGKILL', took: performance.now() - began, code, ...texts }
}

/** @returns the manifests of the image that is there; `undefined` if there is none. Throws if it is broken. */
export function judgeDirectory(directory: string): string[] | undefined {
  const file = path.join(directory, 'index.json')
  if (!existsSync(file)) return undefined
  const read = (digest: string): Document => {
    const bytes = readFileSync(path.join(directory, 'blobs', ...digest.split(':')))
    if (digestOf(bytes) !== digest) throw new Error(`other bytes in ${digest}`)
    return digest.length > 0 && bytes[0] === 0x7b ? (JSON.parse(bytes.toString('utf8')) as Document) : {}
  }
  const { manifests: outer } = JSON.parse(readFileSync(file, 'utf8')) as Document
  if (outer.length !== 1) throw new Error(`${outer.length} entries in index.json`)
  const { manifests } = read(outer[0].digest)
  return manifests.map(({ digest }: { digest: string }) => {
    const { config, layers } = read(digest)
    for (const part of [config, ...layers]) read(part.digest)
    return digest
  })
}

export function judgeArchive(file: string): string[] | undefined {
  if (!existsSync(file)) return undefined
  const directory = mkdtempSync(path.join(root, 'unpacked-'))
  try {
    const { status, stderr } = spawnSync('tar', ['-xf', file, '-C', directory], { encoding: 'utf8' })
    if (status !== 0) throw new Error(stderr)
    const found = judgeDirectory(directory)
    if (found === undefined) throw new Error('an archive without index.json')
    return found
  } finally {
    rmSync(directory, { recursive: true })
  }
}
