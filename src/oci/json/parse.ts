/** Bytes that claim to be a JSON document, to a checked value: capped, strict UTF-8, and every fault with its place. */
import type * as z from 'zod'
import { errorText } from '../../util/fs.js'
import { fail, ok, type LayoutProblem, type Result, type TreePath } from '../../problem/problem.js'
import { shapeOf } from './document-shape.js'
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

/** What a rule of a schema may say besides the words of its message, as `params` of its issue. */
export interface FaultParams {
  readonly code?: LayoutProblem['code']
  readonly found?: string
}

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
  const fault = scanJson(bytes, limits, shapeOf(schema))
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
    const place = [...at, placeOf(issue.path)].filter((part) => part !== '')
    const found = summarize(valueAt(value, issue.path))
    return { code: 'document-malformed', layout, at: place, expected: issue.message, found, ...detailsOf(issue) }
  })
  return { ok: false, problems }
}

/** What is particular to a rule with a code of its own, and to one about the keys of a map. */
function detailsOf(issue: z.core.$ZodIssue): Partial<Pick<LayoutProblem, 'expected'>> & FaultParams {
  if (issue.code === 'custom') return (issue.params ?? {}) as FaultParams
  if (issue.code !== 'invalid_key') return {}
  const [ofKey] = issue.issues
  return { ...(ofKey && { expected: ofKey.message }), found: summarize(issue.path.at(-1)) }
}

function faultOf(fault: JsonFault, layout: string, at: TreePath): LayoutProblem {
  const tooLarge = { code: 'document-too-large', layout, at } as const
  switch (fault.kind) {
    case 'name-twice': {
      const [expected, found] = ['each name once in an object', 'the name twice: readers differ in which they take']
      return { code: 'document-ambiguous', layout, at: [...at, placeOf(fault.path)], expected, found }
    }
    case 'name-case': {
      const { path, other, isThere } = fault
      const name = JSON.stringify(path.at(-1))
      const [expected, found] = isThere
        ? [
            'names that differ by more than case',
            `${JSON.stringify(other)} and ${name}: readers in Go take them for one`,
          ]
        : [
            JSON.stringify(other),
            `${name}: readers in Go take it for ${JSON.stringify(other)}, other readers ignore it`,
          ]
      return { code: 'document-ambiguous', layout, at: [...at, placeOf(path)], expected, found: found.slice(0, 200) }
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
