/** Running a config that was bundled to CommonJS, and the text by which two of its values are compared. */
import { Module } from 'node:module'
import { dirname } from 'node:path'

/** A config whose code was bundled earlier, and its value now. */
export interface EvaluatedConfig {
  /** Absolute. */
  readonly file: string
  readonly value: unknown
  readonly code: string
  /** When that began; ms since the epoch. */
  readonly began: number
  /** See `CompiledConfig`. */
  readonly inputs: readonly string[]
}

/** @param file the config's: what `require` and `__filename` go by. @returns the exports. Throws what the code throws. */
export function evaluateCommonJs(code: string, file: string): unknown {
  // `_compile` is what Node runs for every CommonJS file; the name gives `require` the config's own surroundings.
  const module = new Module(file) as Module & { _compile(code: string, file: string): void; paths: string[] }
  const { _nodeModulePaths } = Module as unknown as { _nodeModulePaths(from: string): string[] }
  module.filename = file
  module.paths = _nodeModulePaths(dirname(file))
  module._compile(code, file)
  return module.exports
}

/** Rejects when nothing is left that could settle the promise: Node would end there without a word. */
export function settled<T>(promise: T | Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onIdle = (): void => reject(new Error('the config waits for something that never happens'))
    process.once('beforeExit', onIdle)
    const release = (): void => void process.off('beforeExit', onIdle)
    Promise.resolve(promise).finally(release).then(resolve, reject)
  })
}

type Environment = Readonly<Record<string, string | undefined>>

/** The value that a config's default export stands for. */
export function valueOf(exported: unknown, env: Environment): Promise<unknown> {
  return settled(typeof exported === 'function' ? (exported as (context: object) => unknown)({ env }) : exported)
}

/** Deeper than any config, and shallow enough for a value that holds itself. */
const maximumDepth = 50

/**
 * Equal values give equal text, and unequal ones do not: unlike JSON's, it tells `undefined` from a key that is not
 * there. Nothing for a value that is more than data.
 */
export function describeValue(value: unknown, depth = 0): string | undefined {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'function' || typeof value === 'symbol' ? undefined : `${typeof value} ${String(value)}`
  }
  if (depth > maximumDepth) return undefined
  const parts: string[] = []
  if (Array.isArray(value)) {
    for (const item of value) {
      const text = describeValue(item, depth + 1)
      if (text === undefined) return undefined
      parts.push(text)
    }
    return `[${parts.join()}]`
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return undefined
  for (const [key, item] of Object.entries(value)) {
    const text = describeValue(item, depth + 1)
    if (text === undefined) return undefined
    parts.push(`${JSON.stringify(key)}:${text}`)
  }
  return `{${parts.join()}}`
}
