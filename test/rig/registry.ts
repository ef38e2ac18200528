/** A real registry (docker-registry of Debian) for one test file. */
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { temporaryDirectory } from './temp.js'

export interface Registry {
  /** `127.0.0.1:PORT`; no TLS. */
  readonly host: string
  /** The manifest or index that a registry has under a tag, as it sends it, and the digest that it says. */
  manifest(repository: string, reference: string): Promise<{ readonly bytes: Buffer; readonly digest: string | null }>
  stop(): void
}

/** Accepted in place of each other: a registry answers 404 when the one that it has is not asked for. */
const accept = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ')

/** Resolves when the registry listens. */
export async function startRegistry(): Promise<Registry> {
  const work = temporaryDirectory()
  const host = `127.0.0.1:${await freePort()}`
  mkdirSync(path.join(work, 'data'))
  const config = {
    version: '0.1',
    log: { level: 'info' },
    storage: { filesystem: { rootdirectory: path.join(work, 'data') } },
    http: { addr: host },
  }
  // JSON is YAML.
  writeFileSync(path.join(work, 'config.yml'), JSON.stringify(config))
  const child = spawn('docker-registry', ['serve', path.join(work, 'config.yml')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', OTEL_TRACES_EXPORTER: 'none' },
  })
  const stop = (): void => void child.kill('SIGKILL')
  process.once('exit', stop)
  await new Promise<void>((resolve, reject) => {
    let log = ''
    const read = (chunk: Buffer): void => {
      log += chunk.toString()
      if (log.includes('listening on')) resolve()
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`the registry ended:\n${log}`)))
  })
  return {
    host,
    stop,
    manifest: async (repository, reference) => {
      const response = await fetch(`http://${host}/v2/${repository}/manifests/${reference}`, { headers: { accept } })
      if (!response.ok) throw new Error(`${repository}:${reference}: ${response.status} ${await response.text()}`)
      return {
        bytes: Buffer.from(await response.arrayBuffer()),
        digest: response.headers.get('docker-content-digest'),
      }
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
