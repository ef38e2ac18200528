/**
 * `npm run bench [-- NAME…]`: compiles bench/ and runs it on what is in dist/. Everything that it makes, some GiB, goes
 * into a temporary directory (TMPDIR says where), which is gone afterwards.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { build } from 'esbuild'

const directory = await realpath(await mkdtemp(path.join(os.tmpdir(), 'mab-bench-')))
try {
  const program = path.join(directory, 'bench.mjs')
  await build({
    entryPoints: ['bench/main.ts'],
    outfile: program,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    logLevel: 'warning',
  })
  // A process of its own: it works without a pause, in which a signal could be heard.
  const child = spawn(process.execPath, [program, directory, ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  const [code] = await once(child, 'exit')
  process.exitCode = code ?? 1
} finally {
  await rm(directory, { recursive: true, force: true })
}
