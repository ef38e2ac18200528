/**
 * A TypeScript or JavaScript config to its value: bundled by esbuild's own binary (its JavaScript API costs more to
 * start than the whole of it), evaluated from memory. `import … from 'multiarch-build'` finds this package, installed
 * beside the config or not. Nothing is written, but for a config with a top-level await: see `evaluateModule`.
 */
import { spawnSync } from 'node:child_process'
import { promises as fs, realpathSync } from 'node:fs'
import { createRequire, SourceMap, type SourceMapPayload, type SourceMapping } from 'node:module'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { evaluateCommonJs, settled } from '../start/evaluate.js'
import { errorCode, errorText, makeDirectory, temporaryName } from '../util/fs.js'
import { reusable } from './inputs.js'
import { fail, ok, type ConfigProblem, type Result } from '../util/problem.js'

const require = createRequire(import.meta.url)

/** Given by what loads the program: see src/cli/load-program.ts. */
declare const MAB_IMPORT: ((url: string) => Promise<unknown>) | undefined
const importModule = typeof MAB_IMPORT === 'function' ? MAB_IMPORT : (url: string): Promise<unknown> => import(url)

export interface CompiledConfig {
  /** The default export as it is: maybe a promise or a function. */
  readonly exported: unknown
  /** What it is evaluated from, when that can be done again without compiling it. */
  readonly code?: string
  /** Every file that `code` hangs on, also those that were looked for in vain. Absolute. */
  readonly inputs?: readonly string[]
}

export async function compileConfig(
  file: string,
  stateDirectory: string,
): Promise<Result<CompiledConfig, ConfigProblem>> {
  const binary = esbuildBinary()
  if (binary === undefined) {
    const found = `this installation has no binary of esbuild for ${process.platform}-${process.arch}`
    return fail({ code: 'compiler-unusable', file, found, chosen: false })
  }
  // CommonJS starts quicker, but cannot hold a top-level await, nor load a package that has one: so that first.
  const quick = bundle(binary, file, 'cjs')
  if (!quick.ok && !quick.problems.some(isTopLevelAwait)) return quick
  // Errors then name the lines of the user's own files.
  process.setSourceMapsEnabled(true)
  try {
    let exports = quick.ok ? evaluateIfCommonJs(quick.value.code, file) : undefined
    const again = exports !== undefined && quick.ok ? reusable(quick.value, file) : {}
    if (exports === undefined) {
      const whole = bundle(binary, file, 'esm')
      if (!whole.ok) return whole
      exports = await evaluateModule(whole.value.code, stateDirectory)
    }
    if (!isRecord(exports) || !('default' in exports)) {
      const message = 'there is no default export; write `export default defineConfig({ … })`'
      return fail({ code: 'config-broken', file, message })
    }
    return ok({ exported: exports['default'], ...again })
  } catch (error) {
    return fail(thrownProblem(error, file))
  }
}

function isTopLevelAwait(problem: ConfigProblem): boolean {
  return problem.code === 'config-broken' && problem.message.startsWith('Top-level await')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

/** Where the text of a config that is data breaks JSON's syntax; nothing when that cannot be told. */
export function jsonSyntaxProblems(file: string): readonly ConfigProblem[] {
  const binary = esbuildBinary()
  const bundled = binary === undefined ? undefined : bundle(binary, file, 'cjs')
  return bundled === undefined || bundled.ok ? [] : bundled.problems.filter(({ code }) => code === 'config-broken')
}

/** An error of the user's code, with the place in the user's code. */
export function thrownProblem(error: unknown, file: string): ConfigProblem {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  const [message = '', ...rest] = text.split('\n')
  const problem = { code: 'config-broken', message, ...(rest.length === 0 ? {} : { frame: rest.join('\n') }) } as const
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  for (const [, place = '', line, column] of stack.matchAll(/^\s+at (?:.*? \()?(?:async )?(.+?):(\d+):(\d+)\)?$/gm)) {
    const where = place.startsWith('file:') ? fileURLToPath(place) : place
    if (!path.isAbsolute(where) || where.includes(`${path.sep}node_modules${path.sep}`) || isOwn(where)) continue
    return { ...problem, file: where, line: Number(line), column: Number(column) }
  }
  return { ...problem, file }
}

function isOwn(file: string): boolean {
  return file.startsWith(path.dirname(fileURLToPath(import.meta.url)) + path.sep)
}

function esbuildBinary(): string | undefined {
  // As esbuild itself has it: where its packages are elsewhere (Nix, Bazel).
  if (process.env['ESBUILD_BINARY_PATH'] !== undefined) return process.env['ESBUILD_BINARY_PATH']
  const name = process.platform === 'win32' ? 'esbuild.exe' : 'bin/esbuild'
  try {
    // The platform packages are dependencies of esbuild, and need not be visible from here.
    return createRequire(require.resolve('esbuild')).resolve(`@esbuild/${process.platform}-${process.arch}/${name}`)
  } catch {
    return undefined
  }
}

/** Stands for `import.meta` in a bundle, until `separateMetas` gives each file its own: a name of the same length. */
function metaName(position: number): string {
  return `__mab_import_meta_${String(position).padStart(4, '0')}`
}

const metaBanner = '/* import.meta */'

export interface Bundle {
  readonly code: string
  /** What esbuild says of how it found each file. */
  readonly report: string
}

function bundle(
  binary: string,
  file: string,
  format: 'cjs' | 'esm',
  logLevel: 'verbose' | 'warning' = 'verbose',
): Result<Bundle, ConfigProblem> {
  // esbuild names files relative to the real path of where it works.
  const directory = realpathSync(path.dirname(file))
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
      `--define:import.meta=${metaName(0)}`,
      `--banner:js=${metaBanner}`,
      '--sourcemap=inline',
      `--source-root=${pathToFileURL(directory + path.sep).href}`,
      '--sources-content=false',
      `--log-level=${logLevel}`,
      '--color=false',
    ],
    { cwd: directory, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 },
  )
  if (result.error !== undefined || result.status === null) {
    const found = result.error === undefined ? `ended by ${result.signal}` : errorText(result.error)
    const chosen = process.env['ESBUILD_BINARY_PATH'] === binary
    return fail({ code: 'compiler-unusable', file, program: binary, found, chosen })
  }
  if (result.status !== 0) {
    // Without what esbuild says of all that is well.
    if (logLevel === 'verbose') return bundle(binary, file, format, 'warning')
    const problems = esbuildProblems(result.stderr, file, directory)
    return { ok: false, problems }
  }
  return ok({ code: separateMetas(result.stdout, directory), report: result.stderr })
}

/** `import.meta` of each bundled file as it would be unbundled; the source map knows which file a name comes from. */
function separateMetas(code: string, directory: string): string {
  if (!code.includes(metaName(0))) return code
  const encoded = code.slice(code.lastIndexOf(';base64,') + ';base64,'.length)
  const map = new SourceMap(JSON.parse(Buffer.from(encoded, 'base64').toString('utf8')) as SourceMapPayload)
  const files: string[] = []
  const separate = code.split('\n').map((text, line) =>
    text.replaceAll(metaName(0), (_name, column: number) => {
      const { originalSource } = map.findEntry(line, column) as SourceMapping
      if (!files.includes(originalSource)) files.push(originalSource)
      return metaName(1 + files.indexOf(originalSource))
    }),
  )
  const metas = files.map((source, position) => {
    const filename = path.resolve(directory, source)
    const meta = { url: pathToFileURL(filename).href, filename, dirname: path.dirname(filename) }
    return `${metaName(1 + position)} = ${JSON.stringify(meta)}`
  })
  return separate.join('\n').replace(metaBanner, () => `var ${metas.join(', ')};`)
}

/** esbuild's own report: `✘ [ERROR] message`, a blank line, `    file:line:column:`, the code frame. */
function esbuildProblems(report: string, file: string, directory: string): ConfigProblem[] {
  const pattern = /^✘ \[ERROR\] (.*)\n\n {4}(.+?):(\d+):(\d+):\n((?: {6}.*\n?)*)/gm
  const problems = [...report.matchAll(pattern)].map(
    ([, message = '', where = '', line, column, frame = '']): ConfigProblem => ({
      code: 'config-broken',
      file: path.resolve(directory, where),
      line: Number(line),
      // esbuild counts columns from 0, editors from 1.
      column: Number(column) + 1,
      message,
      frame: frame.trimEnd().replaceAll(/^ {6}/gm, ''),
    }),
  )
  return problems.length > 0 ? problems : [{ code: 'config-broken', file, message: report.trim() }]
}

/** @returns the exports; nothing when a package that it loads can only be imported. */
function evaluateIfCommonJs(code: string, file: string): unknown {
  try {
    return evaluateCommonJs(code, file)
  } catch (error) {
    if (errorCode(error) === 'ERR_REQUIRE_ASYNC_MODULE') return undefined
    throw error
  }
}

/** Only a file can be an ES module that imports packages by name, so this one is written, in the state directory. */
async function evaluateModule(code: string, stateDirectory: string): Promise<Record<string, unknown>> {
  const file = `${temporaryName(path.join(stateDirectory, 'config'))}.mjs`
  let made = false
  try {
    made = makeDirectory(stateDirectory)
    await fs.writeFile(file, code, { flag: 'wx' })
  } catch (error) {
    throw new Error(`a config with a top-level await is compiled to a file there: ${errorText(error)}`, {
      cause: error,
    })
  }
  try {
    const exports = await settled(importModule(pathToFileURL(file).href) as Promise<Record<string, unknown>>)
    // A promise that is rejected by now is awaited only after the file is gone, which Node takes for never.
    Promise.resolve(exports['default']).catch(() => undefined)
    return exports
  } finally {
    await fs.rm(file, { force: true })
    // Looking at a config leaves nothing behind; another process may already need the directory, though.
    if (made) await fs.rmdir(stateDirectory).catch(() => undefined)
  }
}
