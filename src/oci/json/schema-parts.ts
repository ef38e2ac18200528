/** What the schemas of the documents are made of: the types of Go that clients decode them into. */
import * as z from 'zod'

/** `null` is the same as absent: config.md says so, and every reader in Go decodes it so in the other documents. */
export function optional<T extends z.ZodType>(schema: T) {
  return schema.nullish().transform((value) => value ?? undefined)
}

/** Go writes an empty list as `null` when nothing was ever added to it: `umoci init` does for `manifests`. */
export function list<T extends z.ZodType>(item: T, expected: string) {
  return z
    .array(item, expected)
    .nullable()
    .transform((value) => value ?? [])
}

/**
 * An object with keys of any name, which Go decodes into a map. Zod leaves `__proto__` out of a record unread, while clients
 * take it for a key like any other.
 */
export function map<T extends z.ZodType>(keys: z.ZodString, values: T, expected: string) {
  const key = '__proto__'
  return z.preprocess(
    (value, context) => {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return value
      const pair = [keys.safeParse(key), values.safeParse((value as Record<string, unknown>)[key])]
      for (const { message, path } of pair.flatMap(({ error }) => error?.issues ?? [])) {
        context.addIssue({ code: 'custom', message, path: [key, ...path] })
      }
      return value
    },
    z.record(keys, values, expected),
  )
}

export const text = z.string('a string')
export const texts = z.array(text, 'an array of strings')
export const flag = z.boolean('true or false')
const wholeNumber = `a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`
export const size = z.int(wholeNumber).nonnegative(wholeNumber)
/** Up to 64 bits, which a number of JavaScript does not hold exactly. */
export const integer = z.number('a whole number').refine(Number.isInteger, 'a whole number')
export const annotations = map(z.string(), text, 'an object of strings')
