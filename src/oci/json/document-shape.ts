/**
 * How readers in Go decode a document, for `scanJson`: into a struct, whose property names they compare without regard
 * to case, or into a map, whose keys they compare exactly. Derived from the document's schema.
 */
import * as z from 'zod'
import { foldName } from './fold-name.js'

export type DocumentShape =
  | { readonly kind: 'struct'; readonly properties: ReadonlyMap<string, Property> }
  | { readonly kind: 'map'; readonly values: DocumentShape | undefined }
  | { readonly kind: 'list'; readonly items: DocumentShape | undefined }
  | { readonly kind: 'integer' }

/** Found by its folded name. */
export interface Property {
  readonly name: string
  readonly shape: DocumentShape | undefined
}

const shapes = new WeakMap<z.core.$ZodType, DocumentShape>()

/** Returns undefined for a text or a boolean, and for what the schema does not describe. */
export function shapeOf(schema: z.core.$ZodType): DocumentShape | undefined {
  const known = shapes.get(schema)
  if (known !== undefined) return known
  const shape = deriveShape(schema)
  if (shape !== undefined) shapes.set(schema, shape)
  return shape
}

function deriveShape(schema: z.core.$ZodType): DocumentShape | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return shapeOf(schema.unwrap())
  // The first part of `z.preprocess` is a function, of `transform` the second one.
  if (schema instanceof z.ZodPipe) return shapeOf(schema.in) ?? shapeOf(schema.out)
  if (schema instanceof z.ZodArray) return { kind: 'list', items: shapeOf(schema.element) }
  if (schema instanceof z.ZodRecord) return { kind: 'map', values: shapeOf(schema.valueType) }
  if (schema instanceof z.ZodNumber) return { kind: 'integer' }
  if (schema instanceof z.ZodLiteral) return typeof schema.value === 'number' ? { kind: 'integer' } : undefined
  if (!(schema instanceof z.ZodObject)) return undefined
  const properties = Object.entries(schema.shape).map(([name, inner]): [string, Property] => [
    foldName(name),
    { name, shape: shapeOf(inner) },
  ])
  return { kind: 'struct', properties: new Map(properties) }
}
