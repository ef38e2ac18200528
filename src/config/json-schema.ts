/** The config's JSON Schema: for editors and YAML or JSON configs ("input"), and for generating types. */
import * as z from 'zod'
import { configSchema } from './schema.js'

/** draft-07, which VS Code and yaml-language-server read best. */
export function jsonSchema(io: 'input' | 'output'): Record<string, unknown> {
  const schema = z.toJSONSchema(configSchema, { io, target: 'draft-7' })
  return io === 'input' ? { ...schema, title: 'multiarch.config' } : schema
}
