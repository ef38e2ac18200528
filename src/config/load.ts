/** From a working directory or a file name to a checked Config. */
import { promises as fs } from 'node:fs'
import path from 'node:path'
import { cosmiconfigSync, defaultLoadersSync } from 'cosmiconfig'
import { errorText } from '../util/fs.js'
import { fail, ok, type ConfigProblem, type Result } from '../util/problem.js'
import { compileConfig, thrownProblem } from './compile.js'
import type { ConfigContext } from './define.js'
import { stateDirectoryName } from './rules.js'
import type { Config } from './types.js'
import { validateConfig } from './validate.js'

export interface LoadedConfig {
  readonly config: Config
  /** Absolute. */
  readonly file: string
  /** The config's directory: what its paths are relative to, and the project's root. Absolute. */
  readonly directory: string
}

export interface LoadOptions {
  /** Where the search begins. Absolute. */
  readonly cwd: string
  /** A config file, relative to `cwd`: then nothing is searched. */
  readonly file?: string | undefined
  readonly env: ConfigContext['env']
}

const extensions = ['ts', 'mts', 'js', 'mjs', 'json', 'yaml', 'yml'] as const
const names = extensions.map((extension) => `multiarch.config.${extension}`)
const codeExtensions = new Set(['.ts', '.mts', '.js', '.mjs'])

/** Finds, reads and checks the config; every problem with it comes out at once. */
export async function loadConfig(options: LoadOptions): Promise<Result<LoadedConfig, ConfigProblem>> {
  const found = await findConfig(options)
  if (!found.ok) return found
  const file = found.value
  const directory = path.dirname(file)
  const raw = codeExtensions.has(path.extname(file))
    ? await compileConfig(file, path.join(directory, stateDirectoryName))
    : await readData(file)
  if (!raw.ok) return raw
  let value: unknown
  try {
    value = await (typeof raw.value === 'function'
      ? (raw.value as (context: ConfigContext) => unknown)({ env: options.env })
      : raw.value)
  } catch (error) {
    return fail(thrownProblem(error, file))
  }
  const config = validateConfig(value, file)
  return config.ok ? ok({ config: config.value, file, directory }) : config
}

async function findConfig(options: LoadOptions): Promise<Result<string, ConfigProblem>> {
  if (options.file !== undefined) {
    const file = path.resolve(options.cwd, options.file)
    if (!extensions.some((extension) => file.endsWith(`.${extension}`))) {
      const found = `its name does not end in ${extensions.map((extension) => `.${extension}`).join(', ')}`
      return fail({ code: 'config-unreadable', file, found })
    }
    try {
      const stat = await fs.stat(file)
      return stat.isFile() ? ok(file) : fail({ code: 'config-unreadable', file, found: 'not a file' })
    } catch (error) {
      return fail({ code: 'config-unreadable', file, found: errorText(error) })
    }
  }
  // Only the search is cosmiconfig's: its own TypeScript loader writes beside the config and takes syntax errors.
  const foundOnly = (): object => ({})
  const explorer = cosmiconfigSync('multiarch', {
    searchPlaces: names,
    stopDir: await projectRoot(options.cwd),
    loaders: Object.fromEntries(extensions.map((extension) => [`.${extension}`, foundOnly])),
    cache: false,
  })
  const result = explorer.search(options.cwd)
  // A global search also looks into ~/.config/multiarch, which is nobody's project.
  if (result === null || !names.includes(path.basename(result.filepath))) {
    return fail({ code: 'config-not-found', directory: options.cwd, names })
  }
  return ok(result.filepath)
}

/** The first directory upwards that holds `.git`, else the root of the file system. */
async function projectRoot(start: string): Promise<string> {
  for (let directory = start; ; directory = path.dirname(directory)) {
    const isRoot = path.dirname(directory) === directory
    if (
      isRoot ||
      (await fs.access(path.join(directory, '.git')).then(
        () => true,
        () => false,
      ))
    )
      return directory
  }
}

async function readData(file: string): Promise<Result<unknown, ConfigProblem>> {
  try {
    const content = await fs.readFile(file, 'utf8')
    const loader = path.extname(file) === '.json' ? defaultLoadersSync['.json'] : defaultLoadersSync['.yaml']
    return ok(loader(file, content) as unknown)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return fail({ code: 'config-broken', file, message: message.replaceAll(file, path.basename(file)) })
  }
}
