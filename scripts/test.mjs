/**
 * `npm test [-- PATTERN…]`: builds the package, compiles sources and tests file by file (so that coverage is exact), and
 * hands over to test/run.ts.
 */
import { spawnSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { build } from 'esbuild'
import glob from 'fast-glob'

const { status } = spawnSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' })
if (status !== 0) process.exit(1)

await rm('.build', { recursive: true, force: true })
await build({
  entryPoints: await glob(['src/**/*.ts', 'test/**/*.ts', 'examples/*/*.ts', 'bench/**/*.ts']),
  outdir: '.build',
  outbase: '.',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  sourcemap: true,
  logLevel: 'warning',
})
const run = spawnSync(process.execPath, ['--enable-source-maps', '.build/test/run.js', ...process.argv.slice(2)], {
  stdio: 'inherit',
})
process.exit(run.status ?? 1)
