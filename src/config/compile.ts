/**
 * A TypeScript or JavaScript config to its value: bundled by esbuild's own binary (its JavaScript API costs more to
 * start than the whole of it), evaluated from memory. `import … from 'multiarch-build'` finds this package, installed
 * beside the config or not. Nothing is written, but for a config with a top-level await: see `evaluateModule`.
 */
import { spawnSync } from 'node:child_process'
import { promises as fs } from 'node:fs'
import { createRequire, Module } from 'node:module'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { temporaryName } from '../util/fs.js'
import { fail, ok, type ConfigProblem, type Result } from '../util/problem.js'

const require = createRequire(import.meta.url)

/** The default export of the config in `file`, as it is: maybe a promise or a function. */
export async function compileConfig(file: string, stateDirectory: string): Promise<Result<unknown, ConfigProblem>> {
  const binary = esbuildBinary()
  if (binary === undefined) {
    const found = `esbuild has no binary for ${process.platform}-${process.arch} in this installation`
    return fail({
      code: 'config-unreadable',
      file,
      found: `${found}; reinstall with optional dependencies, or use a .json or .yaml config`,
    })
  }
  // esbuild cannot write a top-level await as CommonJS, and CommonJS starts quicker: so that first.
  let bundled = bundle(binary, file, 'cjs')
  let format: 'cjs' | 'esm' = 'cjs'
  if (
    !bundled.ok &&
    bundled.problems[0]?.code === 'config-broken' &&
    /Top-level await/.test(bundled.problems[0].message)
  ) {
    bundled = bundle(binary, file, 'esm')
    format = 'esm'
  }
  if (!bundled.ok) return bundled
  // Errors then name the lines of the user's own files.
  process.setSourceMapsEnabled(true)
  try {
    const exports =
      format === 'cjs' ? evaluateCommonJs(bundled.value, file) : await evaluateModule(bundled.value, stateDirectory)
    if (!('default' in exports)) {
      const message = 'there is no default export; write `export default defineConfig({ … })`'
      return fail({ code: 'config-broken', file, message })
    }
    return ok(exports.default)
  } catch (error) {
    return fail(thrownProblem(error, file))
  }
}

/** An error of the user's code, with the place in the user's code. */
export function thrownProblem(error: unknown, file: string): ConfigProblem {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  for (const [, place = '', line, column] of stack.matchAll(/^\s+at (?:.*? \()?(.+?):(\d+):(\d+)\)?$/gm)) {
    const where = place.startsWith('file:') ? fileURLToPath(place) : place
    if (!path.isAbsolute(where) || where.includes(`${path.sep}node_modules${path.sep}`) || isOwn(where)) continue
    return { code: 'config-broken', file: where, line: Number(line), column: Number(column), message }
  }
  return { code: 'config-broken', file, message }
}

function isOwn(file: string): boolean {
  return file.startsWith(path.dirname(fileURLToPath(import.meta.url)) + path.sep)
}

function esbuildBinary(): string | undefined {
  if (process.env['ESBUILD_BINARY_PATH'] !== undefined) return process.env['ESBUILD_BINARY_PATH']
  const name = process.platform === 'win32' ? 'esbuild.exe' : 'bin/esbuild'
  try {
    // The platform packages are dependencies of esbuild, and need not be visible from here.
    return createRequire(require.resolve('esbuild')).resolve(`@esbuild/${process.platform}-${process.arch}/${name}`)
  } catch {
    return undefined
  }
}

function bundle(binary: string, file: string, format: 'cjs' | 'esm'): Result<string, ConfigProblem> {
  const directory = path.dirname(file)
  const define = (name: string, value: string): string => `--define:import.meta.${name}=${JSON.stringify(value)}`
  const result = spawnSync(
    binary,
    [
      path.basename(file),
      '--bundle',
      `--format=${format}`,
      '--platform=node',
      `--target=node${process.versions.node.split('.')[0]}`,
      '--packages=external',
      `--alias:multiarch-build=${fileURLToPath(new URL('define.js', import.meta.url))}`,
      define('url', pathToFileURL(file).href),
      define('dirname', directory),
      define('filename', file),
      '--sourcemap=inline',
      '--sources-content=false',
      '--log-level=warning',
      '--color=false',
    ],
    { cwd: directory, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 },
  )
  if (result.error) return fail({ code: 'config-unreadable', file, found: result.error.message })
  if (result.status !== 0) {
    const problems = esbuildProblems(result.stderr, file)
    return { ok: false, problems }
  }
  return ok(result.stdout)
}

/** esbuild's own report: `✘ [ERROR] message`, a blank line, `    file:line:column:`, the code frame. */
function esbuildProblems(report: string, file: string): ConfigProblem[] {
  const pattern = /^✘ \[ERROR\] (.*)\n\n {4}(.+?):(\d+):(\d+):\n((?: {6}.*\n?)*)/gm
  const problems = [...report.matchAll(pattern)].map(
    ([, message = '', where = '', line, column, frame = '']): ConfigProblem => ({
      code: 'config-broken',
      file: path.resolve(path.dirname(file), where),
      line: Number(line),
      // esbuild counts columns from 0, editors from 1.
      column: Number(column) + 1,
      message,
      frame: frame.trimEnd().replaceAll(/^ {6}/gm, ''),
    }),
  )
  return problems.length > 0 ? problems : [{ code: 'config-broken', file, message: report.trim() }]
}

function evaluateCommonJs(code: string, file: string): Record<string, unknown> {
  // `_compile` is what Node runs for every CommonJS file; the name gives `require` the config's own surroundings.
  const module = new Module(file) as Module & { _compile(code: string, file: string): void; paths: string[] }
  const { _nodeModulePaths } = Module as unknown as { _nodeModulePaths(from: string): string[] }
  module.filename = file
  module.paths = _nodeModulePaths(path.dirname(file))
  module._compile(code, file)
  return module.exports as Record<string, unknown>
}

/** Only a file can be an ES module that imports packages by name, so this one is written, in the state directory. */
async function evaluateModule(code: string, stateDirectory: string): Promise<Record<string, unknown>> {
  await fs.mkdir(stateDirectory, { recursive: true })
  const file = `${temporaryName(path.join(stateDirectory, 'config'))}.mjs`
  try {
    await fs.writeFile(file, code, { flag: 'wx' })
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>
  } finally {
    await fs.rm(file, { force: true })
  }
}
