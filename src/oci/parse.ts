/** Bytes that claim to be a JSON document, to a checked value: capped, strict UTF-8, and every fault with its place. */
import type * as z from 'zod'
import { fail, ok, type LayoutProblem, type Result, type TreePath } from '../util/problem.js'

/** Bytes. What registries accept of a manifest is half of it; a document above is hostile or no document. */
export const maximumDocument = 8 * 1024 * 1024
/** Values in one document. An index of ten thousand images has fewer; to judge millions of them takes gigabytes. */
const maximumValues = 200_000
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
  let commas = 0
  for (const byte of bytes) if (byte === 0x2c) commas++
  if (commas > maximumValues) {
    const expected = `at most ${maximumValues} values`
    return fail({ code: 'document-too-large', layout, at, expected, found: `${commas} commas` })
  }
  let value: unknown
  try {
    value = JSON.parse(utf8.decode(bytes))
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error)
    return fail({ code: 'document-malformed', layout, at, expected: 'JSON in UTF-8', found })
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return ok(parsed.data)
  const problems = parsed.error.issues.slice(0, maximumFaults).map((issue): LayoutProblem => {
    const place = issue.path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('')
    return {
      code: 'document-malformed',
      layout,
      at: [...at, place.replace(/^\./, '')].filter((part) => part !== ''),
      expected: /expected (.*?)(?:, received .*)?$/.exec(issue.message)?.[1] ?? issue.message,
      found: summarize(valueAt(value, issue.path)),
    }
  })
  return { ok: false, problems }
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
