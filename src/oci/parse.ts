/** Bytes that claim to be a JSON document, to a checked value: capped, strict UTF-8, and every fault with its place. */
import type * as z from 'zod'
import { errorText } from '../util/fs.js'
import { fail, ok, type LayoutProblem, type Result, type TreePath } from '../util/problem.js'
import { scanJson, type JsonFault, type JsonLimits } from './json-scan.js'

/** Bytes. What registries accept of a manifest is half of it; a document above is hostile or no document. */
export const maximumDocument = 8 * 1024 * 1024
const limits: JsonLimits = {
  /** Documents have five or six levels; a parser that goes into itself for each ends with its stack. */
  depth: 100,
  /** An index of ten thousand images has fewer; to judge millions of them takes gigabytes. */
  values: 200_000,
}
/** Faults told of one document: enough to see what is wrong with it. */
const maximumFaults = 20

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function parseDocument<T>(
  layout: string,
  at: TreePath,
  bytes: Uint8Array,
  schema: z.ZodType<T>,
): Result<T, LayoutProblem> {
  if (bytes.length > maximumDocument) {
    return fail({
      code: 'document-too-large',
      layout,
      at,
      expected: `at most ${maximumDocument} bytes`,
      found: `${bytes.length} bytes or more`,
    })
  }
  const fault = scanJson(bytes, limits)
  if (fault !== undefined) return fail(faultOf(fault, layout, at))
  let value: unknown
  try {
    value = JSON.parse(utf8.decode(bytes))
  } catch (error) {
    const found = bytes[0] === 0xef && bytes[1] === 0xbb ? 'a byte order mark' : errorText(error)
    return fail({ code: 'document-malformed', layout, at, expected: 'JSON in UTF-8', found })
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return ok(parsed.data)
  const problems = parsed.error.issues.slice(0, maximumFaults).map((issue): LayoutProblem => {
    return {
      code: 'document-malformed',
      layout,
      at: [...at, placeOf(issue.path)].filter((part) => part !== ''),
      expected: expectedBy(issue.message),
      found: summarize(valueAt(value, issue.path)),
    }
  })
  return { ok: false, problems }
}

/** zod's `Invalid input: expected string, received number` says what was expected, not what stands there. */
function expectedBy(message: string): string {
  const expected = /expected (.*?)(?:, received .*)?$/.exec(message)?.[1] ?? message
  if (expected === 'undefined') return 'nothing'
  if (expected.startsWith('int')) return `a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`
  if (expected === 'number to be >=0') return 'a number that is not negative'
  return expected.replaceAll('"|"', '" or "')
}

function faultOf(fault: JsonFault, layout: string, at: TreePath): LayoutProblem {
  const tooLarge = { code: 'document-too-large', layout, at } as const
  switch (fault.kind) {
    case 'name-twice': {
      const [expected, found] = ['each name once in an object', 'the name twice: readers differ in which they take']
      return { code: 'document-ambiguous', layout, at: [...at, placeOf(fault.path)], expected, found }
    }
    case 'lone-surrogate': {
      const [expected, found] = ['strings of whole characters (I-JSON)', 'half of a surrogate pair']
      return { code: 'document-malformed', layout, at: [...at, placeOf(fault.path)], expected, found }
    }
    case 'no-integer':
      return {
        code: 'document-malformed',
        layout,
        at: [...at, placeOf(fault.path)],
        expected: 'an integer, written without fraction and exponent',
        found: fault.text,
      }
    case 'too-deep':
      return { ...tooLarge, expected: `at most ${limits.depth} levels`, found: `one more at byte ${fault.position}` }
    case 'too-many':
      return { ...tooLarge, expected: `at most ${limits.values} values`, found: `one more at byte ${fault.position}` }
  }
}

/** `manifests[0].digest` */
function placeOf(keys: readonly PropertyKey[]): string {
  const place = keys.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('')
  return place.replace(/^\./, '').slice(0, 200)
}

function valueAt(value: unknown, keys: readonly PropertyKey[]): unknown {
  let inner = value
  for (const key of keys) inner = (inner as Record<PropertyKey, unknown> | null | undefined)?.[key]
  return inner
}

function summarize(value: unknown): string {
  if (value === undefined) return 'nothing'
  // Not spelled out: a hostile one nests deeper than the stack.
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object'
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
