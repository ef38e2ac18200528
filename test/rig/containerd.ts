/** A containerd of its own for one test file, with root, state and socket in a temporary directory. */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { temporaryDirectory } from './temp.js'
import { missingTool } from './tools.js'
import { runTool } from './writers.js'

export interface Containerd {
  ctr(...args: readonly string[]): string
  stop(): Promise<void>
}

/** Why it cannot be used here. */
export function missingContainerd(): string | undefined {
  return missingTool('containerd', 'ctr', 'tar') ?? (process.getuid?.() === 0 ? undefined : 'containerd needs root')
}

/** Resolves when it is ready. */
export async function startContainerd(): Promise<Containerd> {
  const work = temporaryDirectory()
  const address = path.join(work, 'socket')
  const config = path.join(work, 'config.toml')
  const lines = [
    'version = 2',
    `root = ${JSON.stringify(path.join(work, 'root'))}`,
    `state = ${JSON.stringify(path.join(work, 'state'))}`,
    'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
    '[grpc]',
    `address = ${JSON.stringify(address)}`,
    '[ttrpc]',
    `address = ${JSON.stringify(`${address}.ttrpc`)}`,
  ]
  writeFileSync(config, `${lines.join('\n')}\n`)
  const child = spawn('containerd', ['-c', config], { stdio: ['ignore', 'ignore', 'pipe'] })
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    let log = ''
    child.stderr.on('data', (chunk: Buffer) => {
      log += chunk.toString()
      if (log.includes('containerd successfully booted')) resolve()
    })
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`containerd ended:\n${log}`)))
  })
  return {
    ctr: (...args) => runTool('ctr', '--address', address, ...args),
    stop: async () => {
      child.kill('SIGTERM')
      await ended
      process.off('exit', kill)
    },
  }
}
