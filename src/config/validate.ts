/** A value of unknown shape to a Config: the schema's problems with hints, then the rules'. */
import type * as z from 'zod'
import { ok, type ConfigProblem, type Result } from '../problem/problem.js'
import { suggest } from '../util/suggest.js'
import { jsonSchema } from './json-schema.js'
import { checkRules } from './rules/rules.js'
import { configSchema } from './schema.js'
import type { Config } from './types.js'

/** All problems at once: those of shape first, and those of meaning when the shape is right. */
export function validateConfig(raw: unknown, file: string): Result<Config, ConfigProblem> {
  const parsed = configSchema.safeParse(raw)
  const unnamed = passedOver(raw, file)
  if (!parsed.success || unnamed.length > 0) {
    const issues = parsed.error?.issues ?? []
    return { ok: false, problems: [...issues.flatMap((issue) => explain(issue, raw, file)), ...unnamed] }
  }
  // `types.ts` is generated from the same schema.
  const config = parsed.data as Config
  const problems = checkRules(config, file)
  return problems.length > 0 ? { ok: false, problems } : ok(config)
}

const nameGrammar = 'expected a name of letters, digits, "_", "." and "-" that starts with a letter or digit'

/** zod leaves `__proto__` out of a record without a word, and a target that is left out would not be missed. */
function passedOver(raw: unknown, file: string): ConfigProblem[] {
  return ['platforms', 'targets'].flatMap((key): ConfigProblem[] => {
    const record = valueAt(raw, [key])
    return typeof record === 'object' && record !== null && Object.hasOwn(record, '__proto__')
      ? [{ code: 'config-invalid', file, path: [key, '__proto__'], message: nameGrammar }]
      : []
  })
}

function explain(issue: z.core.$ZodIssue, raw: unknown, file: string): ConfigProblem[] {
  const at = issue.path.map((part) => (typeof part === 'number' ? part : String(part)))
  const problem = (place: typeof at, message: string, suggestion?: string): ConfigProblem => ({
    code: 'config-invalid',
    file,
    path: place,
    message,
    ...(suggestion === undefined ? {} : { suggestion }),
  })
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = knownKeys(at)
      return issue.keys.map((key) => {
        const near = suggest(key, known)
        const keys = near === undefined ? `; known keys: ${known.join(', ')}` : ''
        return problem([...at, key], `unknown key${keys}`, near)
      })
    }
    case 'invalid_value': {
      const found = valueAt(raw, at)
      const options = issue.values.map(String)
      const near = typeof found === 'string' ? suggest(found, options) : undefined
      return [problem(at, `expected ${options.join(' or ')}, found ${describe(found)}`, near)]
    }
    case 'invalid_type': {
      return [problem(at, `expected ${articled(issue.expected)}, found ${describe(valueAt(raw, at))}`)]
    }
    case 'too_small':
      return [problem(at, `expected at least one ${Array.isArray(valueAt(raw, at)) ? 'entry' : 'character'}`)]
    case 'invalid_key':
      return [problem(at, nameGrammar)]
    case 'invalid_format':
      return [problem(at, `${issue.message}, found ${describe(valueAt(raw, at))}`)]
    default:
      return [problem(at, issue.message)]
  }
}

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly additionalProperties?: SchemaNode | boolean
  readonly items?: SchemaNode
}

function knownKeys(at: readonly (string | number)[]): string[] {
  let node: SchemaNode | undefined = jsonSchema('input')
  for (const part of at) {
    const rest: SchemaNode | boolean | undefined = node?.additionalProperties
    node =
      typeof part === 'number'
        ? node?.items
        : (node?.properties?.[part] ?? (typeof rest === 'object' ? rest : undefined))
  }
  return Object.keys(node?.properties ?? {})
}

function valueAt(value: unknown, at: readonly (string | number)[]): unknown {
  return at.reduce<unknown>((inner, key) => (inner as Record<string | number, unknown> | undefined)?.[key], value)
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'function') return 'a function'
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch {
    // A BigInt, or an object that holds itself.
  }
  text ??= typeof value
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

function articled(type: string): string {
  const names: Record<string, string> = {
    object: 'an object',
    array: 'a list',
    record: 'an object',
    boolean: 'true or false',
  }
  return names[type] ?? `a ${type}`
}
