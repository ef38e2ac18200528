import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { temporaryDirectory } from './rig/temp.js'

const test = suite('package')

/** A project that has the packed package installed, and its one dependency beside it. */
function install(): string {
  const directory = temporaryDirectory()
  const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', directory], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim()
  execFileSync('tar', ['-xf', path.join(directory, packed), '-C', directory])
  mkdirSync(path.join(directory, 'node_modules'))
  renameSync(path.join(directory, 'package'), path.join(directory, 'node_modules/multiarch-build'))
  for (const dependency of ['esbuild', '@esbuild', '@types', 'undici-types']) {
    symlinkSync(path.resolve('node_modules', dependency), path.join(directory, 'node_modules', dependency))
  }
  return directory
}

const directory = install()
const installed = path.join(directory, 'node_modules/multiarch-build')

test('needs nothing at run time but what it declares', () => {
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: object }
  assert.equal(Object.keys(dependencies), ['@types/node', 'esbuild'])
  const config = `import { defineConfig } from 'multiarch-build'
export default defineConfig({ targets: { app: { sources: ['x/**'] } } })`
  writeFileSync(path.join(directory, 'multiarch.config.ts'), config)
  const program = path.join(installed, 'dist/mab.cjs')
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'plan'], {
    cwd: directory,
    encoding: 'utf8',
  })
  assert.is(status, 0, stderr)
  assert.match(stdout, /index app/)
})

test('the API does what the commands do', () => {
  const program = `
    import { createPlan, defineConfig, loadConfig, resolveTargets, runPlan, verifyLayout } from 'multiarch-build'
    const loaded = await loadConfig({ cwd: process.cwd(), env: {} })
    const targets = resolveTargets(loaded.value.config, { targets: [], platforms: [] }, { directory: process.cwd() })
    const plan = createPlan(targets.value)
    const report = await verifyLayout('nowhere')
    console.log(plan.tasks.length, report.ok, typeof runPlan, defineConfig({ targets: {} }).targets)`
  writeFileSync(path.join(directory, 'program.mjs'), program)
  const { stdout, stderr } = spawnSync(process.execPath, ['program.mjs'], { cwd: directory, encoding: 'utf8' })
  assert.is(stdout, '7 false function {}\n', stderr)
})

test('brings the worker thread that hashes large blobs', async () => {
  const worker = new Worker(path.join(installed, 'dist/worker.js'))
  worker.postMessage({ kind: 'hash', range: { file: process.execPath, offset: 0, size: 0 }, algorithm: 'sha256:' })
  const [answer] = (await once(worker, 'message')) as [{ result: { digest: string } }]
  await worker.terminate()
  assert.is(answer.result.digest, 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
})

test('a config is typed: completion for what is right, an error for what is not', () => {
  const compile = (source: string): string => {
    writeFileSync(path.join(directory, 'typed.ts'), source)
    const tsc = path.resolve('node_modules/typescript/bin/tsc')
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--types', 'node']
    const { stdout } = spawnSync(process.execPath, [tsc, ...options, 'typed.ts'], { cwd: directory, encoding: 'utf8' })
    return stdout
  }
  const start = `import { defineConfig, runPlan, type UserConfig } from 'multiarch-build'\nexport { runPlan }\n`
  assert.is(
    compile(`${start}const platforms = ['aarch64'] as const
export default defineConfig(async ({ env }) => ({ targets: { app: { platforms, recipe: env['R'] ?? 'app' } } }))`),
    '',
  )
  assert.is(compile(`${start}const config: UserConfig = { targets: { app: {} } }\nexport default config`), '')
  assert.match(compile(`${start}export default defineConfig({ targets: { app: { recpie: 'x' } } })`), /recpie/)
  assert.match(
    compile(`${start}export default defineConfig({ targets: { app: { output: { format: 'round' } } } })`),
    /round/,
  )
})

test('carries the licences of what is bundled, and no source or test', () => {
  assert.match(readFileSync(path.join(installed, 'dist/THIRD-PARTY-LICENSES.txt'), 'utf8'), /^zod \d/m)
  const files = execFileSync('find', ['.', '-type', 'f'], { cwd: installed, encoding: 'utf8' }).trim().split('\n')
  const strangers = files.filter(
    (file) => !/^\.\/(dist|schemas|docs)\/|^\.\/(package\.json|README\.md|LICENSE|CHANGELOG\.md)$/.test(file),
  )
  assert.equal(strangers, [])
})

test.run()
