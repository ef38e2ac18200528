/**
 * The record of a command line that found everything fresh: what it printed, and all that this was decided from. One
 * file, made to be read quickly: a header, the watched paths, their numbers as they are in memory, and contents.
 */
import { join } from 'node:path'
import { bitbakeVariables } from '../util/environment.js'
import { isRecord } from '../util/json.js'
import { readOwnFile } from '../util/read-file.js'
import { fields, type Watched } from '../util/watch.js'

/** Counts changes of the record's form and meaning. */
const format = 4

export interface Start {
  /** All that must be the same for the record to be about the same command; see `startKey`. */
  readonly key: readonly string[]
  /** Of the kernel when it was recorded; see `bootId`. */
  readonly boot: string | null
  /** Variables that were looked at; `null` for one that is not set. */
  readonly environment: Readonly<Record<string, string | null>>
  /** Present if BitBake's work or an answer was relied on, which depend on mab's environment; see `keepVariables`. */
  readonly bitbake?: { readonly declared: string; readonly variables: Readonly<Record<string, string>> }
  /** The config as a CommonJS module. Absent for a config that is data: its file is watched. */
  readonly code?: string
  /** What `code` evaluates to, as by `describeValue`; kept by `keepValue`. */
  readonly evaluated: string
  /** As many of the watched paths, from the first, decide `code`. */
  readonly configPaths: number
  readonly color: 'auto' | 'always' | 'never'
  /** What the command prints, without colour and with it. */
  readonly stdout: readonly [plain: string, coloured: string]
  readonly stderr: readonly [plain: string, coloured: string]
  /** Whether a line about the run as a whole comes last. */
  readonly summary: boolean
}

export interface StartRecord {
  readonly start: Start
  readonly watched: Watched
}

/** @param file the config file @param argv as it was typed; nothing is made of it here */
export function startKey(version: string, file: string, cwd: string, argv: readonly string[]): string[] {
  return [String(format), version, process.version, file, cwd, ...argv]
}

export function recordFile(stateDirectory: string, key: readonly string[]): string {
  return join(stateDirectory, 'start', shortHash(key.join('\0')))
}

type Environment = Readonly<Record<string, string | undefined>>

/** Variables whose values are no secrets. */
const harmless = /^(PATH|HOME|USER|BBPATH|MACHINE|DISTRO|TCMODE|TCLIBC|SDKMACHINE|BB_ENV_PASSTHROUGH_ADDITIONS)$/

/** Returns what a record keeps of BitBake's variables. @param declared see `bitbakeVariables` */
export function keepVariables(environment: Environment, declared: string): Record<string, string> {
  const variables = Object.entries(bitbakeVariables(environment, declared))
  return Object.fromEntries(variables.map(([name, value = '']) => [name, keepText(value, harmless.test(name))]))
}

export function isSameEnvironment(
  environment: Environment,
  { declared, variables }: Required<Start>['bitbake'],
): boolean {
  const now = Object.entries(bitbakeVariables(environment, declared))
  return (
    now.length === Object.keys(variables).length &&
    now.every(([name, value = '']) => Object.hasOwn(variables, name) && isKept(value, variables[name]!))
  )
}

/**
 * Returns what a record keeps of the config's value. The config may have read secrets, but a value of which every text
 * and number is in the code says no more than the code, which the record has too.
 * @param value as by `describeValue`
 */
export function keepValue(value: string, code: string): string {
  const parts = value.match(/"(?:[^"\\]|\\.)*"|(?:number|bigint) [^,\]}]+/g) ?? []
  return keepText(
    value,
    parts.every((part) => code.includes(part.replace(/^"|"$|^\w+ /g, ''))),
  )
}

const digestPrefix = 'sha256:'

function keepText(text: string, isHarmless: boolean): string {
  return isHarmless && !text.startsWith(digestPrefix) ? text : digestOf(text)
}

/** Whether a record keeps this text. */
export function isKept(text: string, kept: string): boolean {
  return kept === (kept.startsWith(digestPrefix) ? digestOf(text) : text)
}

/** Loads node:crypto only now: that takes 3 ms, and most records need no digest. */
function digestOf(text: string): string {
  const { createHash } = process.getBuiltinModule('node:crypto')
  return digestPrefix + createHash('sha256').update(text).digest('hex')
}

interface Header {
  readonly start: Start
  /** Bytes. */
  readonly paths: number
  readonly count: number
  readonly contents: readonly (readonly [position: number, bytes: number])[]
}

export function encodeRecord({ start, watched }: StartRecord): Buffer {
  const paths = Buffer.from(watched.paths.join('\0'))
  const contents = [...watched.contents]
  const header: Header = {
    start,
    paths: paths.length,
    count: watched.paths.length,
    contents: contents.map(([position, content]) => [position, content.length]),
  }
  const text = Buffer.from(JSON.stringify(header))
  const { buffer, byteOffset, byteLength } = watched.stats
  const body = Buffer.concat([
    Buffer.from(`${text.length}\n`),
    text,
    paths,
    Buffer.from(buffer, byteOffset, byteLength),
    ...contents.map(([, content]) => content),
  ])
  // Twice: comparing the two is the quickest way to tell damage. A digest would take 2 ms for loading node:crypto.
  return Buffer.concat([body, body])
}

/** Nothing for anything but a whole record. */
export function decodeRecord(twice: Buffer): StartRecord | undefined {
  const half = twice.length / 2
  const bytes = twice.subarray(0, half)
  if (!Number.isInteger(half) || !bytes.equals(twice.subarray(half))) return undefined
  try {
    const line = bytes.indexOf(10)
    let at = line + 1
    const take = (size: number): Buffer => {
      if (at + size > bytes.length) throw new RangeError('the record is cut off')
      return bytes.subarray(at, (at += size))
    }
    const length = Number(bytes.toString('latin1', 0, line))
    const text = take(length)
    const { start, paths, count, contents } = JSON.parse(text.toString('utf8')) as Header
    const names = take(paths).toString('utf8').split('\0')
    const numbers = new Uint8Array(take(count * fields * 8))
    const kept = new Map(contents.map(([position, size]) => [position, take(size)]))
    if (names.length !== count || at !== bytes.length || !isStart(start, count)) return undefined
    return { start, watched: { paths: names, stats: new Float64Array(numbers.buffer), contents: kept } }
  } catch {
    return undefined
  }
}

function isStart(value: unknown, count: number): value is Start {
  if (!isRecord(value)) return false
  const { key, boot, environment, bitbake, code, evaluated, configPaths, color, stdout, stderr, summary } = value
  const isText = (text: unknown): boolean => typeof text === 'string'
  const isPair = (pair: unknown): boolean => Array.isArray(pair) && pair.length === 2 && pair.every(isText)
  return (
    Array.isArray(key) &&
    (boot === null || isText(boot)) &&
    isRecord(environment) &&
    (bitbake === undefined || (isRecord(bitbake) && isText(bitbake['declared']) && isRecord(bitbake['variables']))) &&
    (code === undefined || isText(code)) &&
    isText(evaluated) &&
    Number.isInteger(configPaths) &&
    (configPaths as number) <= count &&
    isText(color) &&
    isPair(stdout) &&
    isPair(stderr) &&
    typeof summary === 'boolean'
  )
}

export function readRecord(file: string): StartRecord | undefined {
  const bytes = readOwnFile(file)
  return bytes && decodeRecord(bytes)
}

/** FNV-1a, for names of files alone: what it decides is compared as a whole afterwards. */
function shortHash(text: string): string {
  let hash = 0x811c9dc5
  for (let position = 0; position < text.length; position++) {
    hash = Math.imul(hash ^ text.charCodeAt(position), 0x01000193)
  }
  return (hash >>> 0).toString(36)
}
