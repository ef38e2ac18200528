/**
 * A TypeScript or JavaScript config to its value: bundled by esbuild's own binary (its JavaScript API costs more to
 * start than the whole of it), evaluated from memory. `import … from 'multiarch-build'` finds this package, installed
 * beside the config or not. Nothing is written, but for a config with a top-level await: see `evaluateModule`.
 */
import { promises as fs } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { evaluateCommonJs, settled } from './evaluate.js'
import { errorCode, errorText, makeDirectory, temporaryName } from '../util/fs.js'
import { bundle, esbuildBinary } from './bundle.js'
import { reusable, type ReusableConfig } from './inputs.js'
import { fail, ok, type ConfigProblem, type Result } from '../problem/problem.js'

/** Given by what loads the program: see src/cli/load-program.ts. */
declare const MAB_IMPORT: ((url: string) => Promise<unknown>) | undefined
const importModule = typeof MAB_IMPORT === 'function' ? MAB_IMPORT : (url: string): Promise<unknown> => import(url)

export interface CompiledConfig extends ReusableConfig {
  /** The default export as it is: maybe a promise or a function. */
  readonly exported: unknown
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
