/** From a working directory or a file name to a checked Config. */
import { promises as fs } from 'node:fs'
import path from 'node:path'
import { defaultLoadersSync } from 'cosmiconfig'
import { errorCode, errorText, exists, isAbsent } from '../util/fs.js'
import { fail, ok, type ConfigProblem, type Result } from '../problem/problem.js'
import { describeValue, valueOf } from './evaluate.js'
import type { EvaluatedConfig } from './evaluate.js'
import { snapshot } from '../util/watch.js'
import { configExtensions, configNames, stateDirectoryName } from '../util/project.js'
import { compileConfig, jsonSyntaxProblems, thrownProblem, type CompiledConfig } from './compile.js'
import type { ConfigContext } from './define.js'
import type { Config } from './types.js'
import { validateConfig } from './validate.js'

export interface LoadedConfig {
  readonly config: Config
  /** Absolute. */
  readonly file: string
  /** The config's directory: what its paths are relative to, and the project's root. Absolute. */
  readonly directory: string
  /** What it takes to evaluate the config again without compiling it; absent when that cannot be told. */
  readonly origin?: ConfigOrigin
}

export interface ConfigOrigin extends Omit<CompiledConfig, 'exported'> {
  readonly inputs: readonly string[]
  /** By which another evaluation is compared; see `describeValue`. */
  readonly evaluated: string
  /** What the inputs were when the config was read; see `snapshot`. */
  readonly seen: string
}

export interface LoadOptions {
  /** Where the search begins. Absolute. */
  readonly cwd: string
  /** A config file, relative to `cwd`: then nothing is searched. */
  readonly file?: string | undefined
  readonly env: ConfigContext['env']
  /** The config, when it was evaluated already. */
  readonly evaluated?: EvaluatedConfig | undefined
}

const codeExtensions = new Set(['.ts', '.mts', '.js', '.mjs'])

/** Finds, reads and checks the config; every problem with it comes out at once. */
export async function loadConfig(options: LoadOptions): Promise<Result<LoadedConfig, ConfigProblem>> {
  const began = options.evaluated?.began ?? Date.now()
  const found = await findConfig(options)
  if (!found.ok) return found
  // One project, by whatever links it was reached. A config that is a link itself stays where the link is.
  const directory = await fs.realpath(path.dirname(found.value))
  const file = path.join(directory, path.basename(found.value))
  const evaluated =
    options.evaluated?.file === file ? ok(options.evaluated) : await evaluate(file, directory, options.env)
  if (!evaluated.ok) return evaluated
  const { value, code, inputs } = evaluated.value
  const config = validateConfig(value, file)
  if (!config.ok) return config
  const text = describeValue(value)
  const seen = inputs && snapshot(inputs, began)
  const origin =
    inputs === undefined || seen === undefined || text === undefined
      ? {}
      : { origin: { inputs, seen, evaluated: text, ...(code === undefined ? {} : { code }) } }
  return ok({ config: config.value, file, directory, ...origin })
}

type Evaluated = Pick<CompiledConfig, 'code' | 'inputs'> & { readonly value: unknown }

async function evaluate(
  file: string,
  directory: string,
  env: LoadOptions['env'],
): Promise<Result<Evaluated, ConfigProblem>> {
  if (!codeExtensions.has(path.extname(file))) {
    const data = await readData(file)
    return data.ok ? ok({ value: data.value, inputs: [file] }) : data
  }
  const compiled = await compileConfig(file, path.join(directory, stateDirectoryName))
  if (!compiled.ok) return compiled
  try {
    return ok({ ...compiled.value, value: await valueOf(compiled.value.exported, env) })
  } catch (error) {
    return fail(thrownProblem(error, file))
  }
}

async function findConfig(options: LoadOptions): Promise<Result<string, ConfigProblem>> {
  if (options.file !== undefined) {
    const file = path.resolve(options.cwd, options.file)
    if (!configExtensions.some((extension) => file.endsWith(`.${extension}`))) {
      const found = `its name does not end in ${configExtensions.map((extension) => `.${extension}`).join(', ')}`
      return fail({ code: 'config-unreadable', file, found, named: true, kind: 'unsuitable' })
    }
    const unreadable = await whyUnreadable(file, true)
    return unreadable === undefined ? ok(file) : fail(unreadable)
  }
  for (const directory of await directoriesUpwards(options.cwd)) {
    const found = await configIn(directory)
    if (found !== undefined) return found
  }
  return fail({ code: 'config-not-found', directory: options.cwd, names: configNames })
}

/** Nothing is opened: a named pipe would wait for its other end. Which of two configs is meant is not for mab to guess. */
async function configIn(directory: string): Promise<Result<string, ConfigProblem> | undefined> {
  const present = await fs.readdir(directory, { withFileTypes: true }).catch(() => [])
  const entries = present.filter(({ name }) => configNames.includes(name))
  const files = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name)
  const found = configNames.filter((name) => files.includes(name))
  if (found.length > 1) return fail({ code: 'config-ambiguous', directory, found })
  const [name = entries[0]?.name] = found
  if (name === undefined) return undefined
  const file = path.join(directory, name)
  const unreadable = await whyUnreadable(file, false)
  return unreadable === undefined ? ok(file) : fail(unreadable)
}

/** Bytes. */
const largestConfig = 16 * 1024 * 1024

type Unreadable = Extract<ConfigProblem, { code: 'config-unreadable' }>

/** Why the config cannot be read, if it cannot. @param named see `config-unreadable` */
async function whyUnreadable(file: string, named: boolean): Promise<ConfigProblem | undefined> {
  const problem = (kind: Unreadable['kind'], found: string): ConfigProblem => ({
    code: 'config-unreadable',
    file,
    found,
    named,
    kind,
  })
  try {
    const stat = await fs.stat(file)
    if (!stat.isFile()) return problem('unsuitable', 'not a file')
    if (stat.size > largestConfig) return problem('unsuitable', `${stat.size} bytes, more than a config may have`)
    await fs.access(file, fs.constants.R_OK)
    return undefined
  } catch (error) {
    const code = errorCode(error)
    if (code === 'EACCES' || code === 'EPERM') return problem('permission', errorText(error))
    if (!isAbsent(error)) return problem('system', errorText(error))
    const target = await fs.readlink(file).catch(() => undefined)
    return target === undefined
      ? problem('missing', errorText(error))
      : problem('dangling-link', `a symbolic link to ${target}, which does not exist`)
  }
}

/** From `start` up to the first directory that holds `.git`, else to the root of the file system. */
async function directoriesUpwards(start: string): Promise<string[]> {
  const directories: string[] = []
  for (let directory = start; ; directory = path.dirname(directory)) {
    directories.push(directory)
    const isProject = exists(path.join(directory, '.git'))
    if (isProject || path.dirname(directory) === directory) return directories
  }
}

async function readData(file: string): Promise<Result<unknown, ConfigProblem>> {
  const isJson = path.extname(file) === '.json'
  let content: string
  try {
    content = (await fs.readFile(file, 'utf8')).replace(/^\uFEFF/, '')
  } catch (error) {
    return fail({ code: 'config-unreadable', file, found: errorText(error), named: false, kind: 'system' })
  }
  try {
    return ok(isJson ? (JSON.parse(content) as unknown) : (defaultLoadersSync['.yaml'](file, content) as unknown))
  } catch (error) {
    const problems = isJson ? jsonSyntaxProblems(file) : []
    return problems.length > 0 ? { ok: false, problems } : fail(dataProblem(error, file))
  }
}

/** What js-yaml says, if it is its error. */
function dataProblem(error: unknown, file: string): ConfigProblem {
  const { reason, mark } = error as { reason?: string; mark?: { line: number; column: number; snippet: string } }
  const message = reason ?? (error instanceof Error ? error.message : String(error))
  const place = mark === undefined ? {} : { line: mark.line + 1, column: mark.column + 1, frame: mark.snippet }
  return { code: 'config-broken', file, message, ...place }
}
