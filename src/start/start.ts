/**
 * Whether a command line that found everything fresh before would do so again, and if so, what it printed. Reads one
 * file, evaluates the config, and compares stats; whatever it is not sure of is for the rest of mab to find out.
 */
import { existsSync, fstatSync, readdirSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { bootId } from '../util/boot.js'
import { formatDuration } from '../util/format.js'
import { configNames, stateDirectoryName } from '../util/project.js'
import { describeValue, evaluateCommonJs, valueOf, type EvaluatedConfig } from '../config/evaluate.js'
import { guardExit } from './guard.js'
import { say } from './say.js'
import { isKept, isSameEnvironment, readRecord, recordFile, startKey, type Start } from './record.js'
import { isUnchanged, type Watched } from '../util/watch.js'

/** A config's value, with what it came from. */
/**
 * @returns `done` when all is fresh and that was said; else the config's value, when it had to be evaluated: it is not
 * to be evaluated twice.
 */
export async function tryStart(
  argv: readonly string[],
  version: string,
): Promise<'done' | EvaluatedConfig | undefined> {
  // Not `performance`, which takes 1 ms to load.
  const began = process.hrtime()
  const place = findConfig(argv)
  if (place === undefined) return undefined
  const { file, cwd } = place
  const directory = dirname(file)
  const state = join(directory, stateDirectoryName)
  const key = startKey(version, file, cwd, argv)
  const record = readRecord(recordFile(state, key))
  if (record === undefined || !isSameCommand(record.start, key)) return undefined
  const { start, watched } = record
  if (!isUnchanged(directory, watched, 0, start.configPaths)) return undefined
  let evaluated: EvaluatedConfig | undefined
  if (start.code !== undefined) {
    evaluated = await evaluate(start.code, file, inputsOf(watched, start.configPaths, directory))
    if (evaluated === undefined || !isSameValue(evaluated.value, start)) return evaluated
  }
  if (!isUnchanged(directory, watched, start.configPaths, watched.paths.length)) return evaluated
  // Another mab is at work, and what it makes is not known yet.
  if (existsSync(join(state, 'lock'))) return evaluated
  const [seconds, nanoseconds] = process.hrtime(began)
  // Whatever the config made of it; what cannot be printed makes it 1.
  process.exitCode = 0
  report(start, seconds * 1e3 + nanoseconds / 1e6)
  return 'done'
}

/** The config that the command line means. Where it is not the one, the record's key says so. */
function findConfig(argv: readonly string[]): { file: string; cwd: string } | undefined {
  try {
    const cwd = process.cwd()
    const option = argv.findIndex((word) => word === '-c' || word === '--config' || word.startsWith('--config='))
    const named = option < 0 ? undefined : (argv[option]!.split('=', 2)[1] ?? argv[option + 1] ?? '')
    const file = named === undefined ? searchUpwards(cwd) : resolve(cwd, named)
    if (file === undefined) return undefined
    return { file: join(realpathSync.native(dirname(file)), basename(file)), cwd }
  } catch {
    return undefined
  }
}

function searchUpwards(start: string): string | undefined {
  for (let directory = start; ; directory = dirname(directory)) {
    const present = readdirSync(directory)
    const found = configNames.filter((name) => present.includes(name))
    if (found.length > 0) return found.length === 1 ? join(directory, found[0]!) : undefined
    if (present.includes('.git') || dirname(directory) === directory) return undefined
  }
}

function isSameCommand(start: Start, key: readonly string[]): boolean {
  const { bitbake } = start
  return (
    start.boot === bootId() &&
    start.key.length === key.length &&
    key.every((part, position) => part === start.key[position]) &&
    Object.entries(start.environment).every(([name, value]) => (process.env[name] ?? null) === value) &&
    (bitbake === undefined || isSameEnvironment(process.env, bitbake))
  )
}

function isSameValue(value: unknown, { evaluated }: Start): boolean {
  const text = describeValue(value)
  return text !== undefined && isKept(text, evaluated)
}

/** Nothing when the config throws: why, and where, is told when it is compiled. */
async function evaluate(code: string, file: string, inputs: readonly string[]): Promise<EvaluatedConfig | undefined> {
  const release = guardExit(2)
  const began = Date.now()
  try {
    const exports = evaluateCommonJs(code, file) as { readonly default?: unknown }
    return { file, value: await valueOf(exports.default, process.env), code, began, inputs }
  } catch {
    return undefined
  } finally {
    release()
  }
}

function inputsOf({ paths }: Watched, count: number, directory: string): string[] {
  return paths.slice(0, count).map((name) => resolve(directory, name))
}

function report(start: Start, duration: number): void {
  say(2, start.stderr[isColoured(start, 2) ? 1 : 0])
  say(1, start.stdout[isColoured(start, 1) ? 1 : 0])
  if (start.summary) say(2, `everything is fresh (${formatDuration(duration)})\n`)
}

function isColoured({ color }: Start, stream: 1 | 2): boolean {
  if (color !== 'auto') return color === 'always'
  const { NO_COLOR: unwanted = '', TERM: terminal } = process.env
  return unwanted === '' && terminal !== 'dumb' && isTerminal(stream)
}

function isTerminal(stream: number): boolean {
  try {
    const stat = fstatSync(stream)
    if (!stat.isCharacterDevice()) return false
    if (process.platform === 'linux') {
      // Device numbers (Linux, devices.txt): 136 to 143 are pseudo-terminals, 1 is /dev/null and the like.
      const major = stat.rdev >> 8
      if (major === 1) return false
      if (major >= 136 && major <= 143) return true
    }
  } catch {
    return false
  }
  // Only now: loading it takes longer than comparing a thousand files.
  return process.getBuiltinModule('node:tty').isatty(stream)
}
