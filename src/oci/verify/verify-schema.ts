/**
 * What `mab verify --format json` prints, as the source of schemas/verify-report.schema.json. Strict: whatever is added to
 * a report has to be said here.
 */
import * as z from 'zod'
import { layoutProblemCodes } from '../../problem/problem.js'
import { layerLimits, type LayerLimit } from '../layer/layer-limits.js'
import type { VerifyReport } from './verify-report.js'

const digest = z.string().describe('algorithm:hex')
const bytes = z.int().nonnegative().describe('bytes')
const quantity = z.int().nonnegative()

const problem = z.strictObject({
  code: z.enum(layoutProblemCodes).describe('never changes its meaning; docs/verify.md has a table'),
  layout: z.string().describe("the layout's directory or archive"),
  at: z.array(z.string()).describe('the place in the tree, outermost first'),
  expected: z.string(),
  found: z.string(),
  next: z.string().exactOptional().describe('what to do about it'),
})

const image = z.strictObject({
  platform: z.string().describe('os[(os.version[+feature…])]/architecture[/variant]'),
  digest: digest.describe('of the manifest'),
  entries: z.array(digest).describe('of the entries of index.json that lead to it: its own, or that of an index'),
  size: bytes.describe('bytes of manifest, config and layers'),
  layers: quantity.describe('number of layers'),
  programs: quantity
    .exactOptional()
    .describe('with --deep: number of ELF programs and libraries, for whatever machine'),
})

const artifact = z.strictObject({
  digest,
  type: z.string().describe('the artifact type, or else the media type that tells it from an image'),
  entries: z.array(digest).describe('of the entries of index.json that lead to it'),
})

const absentEntry = z.strictObject({
  platform: z.string().exactOptional().describe('as its descriptor says'),
  mediaType: z.string(),
  digest,
  entries: z.array(digest).describe('of the entries of index.json that lead to it'),
})

const entry = z.strictObject({
  reference: z.string().exactOptional().describe('org.opencontainers.image.ref.name'),
  mediaType: z.string(),
  digest,
})

const blob = z.strictObject({ digest, size: bytes })

const report = z.strictObject({
  layout: z.string().describe('the directory or archive'),
  kind: z.enum(['directory', 'archive']),
  deep: z.boolean().describe('--deep: layers were read through'),
  strict: z.boolean().describe('--strict: what belongs to no image was looked for'),
  index: digest.exactOptional().describe('the image index that lists the platforms, when index.json names exactly one'),
  entries: z.array(entry).describe('what index.json names'),
  images: z.array(image),
  artifacts: z.array(artifact).describe('what is listed and is not an image, such as signatures and attestations'),
  absentEntries: z
    .array(absentEntry)
    .describe('what an index lists and the layout does not hold, such as the other platforms of a sparse layout'),
  blobs: z.array(blob).describe('distinct blobs that can be reached and are good'),
  bytes: bytes.describe('bytes of these blobs'),
  absent: z.array(blob).describe('layers whose blobs are not there, as was allowed'),
  allowedForeign: z
    .array(z.strictObject({ pattern: z.string(), files: quantity }))
    .describe(
      '--allow-foreign: each pattern, and the number of files for other platforms that it matches in all images',
    ),
  ownerOnly: quantity.describe('number of blobs that other users cannot read'),
  unread: z
    .array(z.strictObject({ digest, mediaType: z.string() }))

    .describe(
      'blobs of no known media type whose digest is of an unregistered algorithm; with --deep also layers that cannot be read through',
    ),
  limited: z
    .array(z.strictObject({ digest, limit: z.enum(Object.keys(layerLimits) as LayerLimit[]), unchecked: z.string() }))
    .describe('--deep: layers that exceed a limit, and what was not checked of them'),
  problems: z.array(problem).describe('everything that is wrong; empty when all is right'),
})

/** One report for each operand, in their order. */
export const verifyReportsSchema: z.ZodType<readonly VerifyReport[]> = z.array(report)

export function verifyJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(verifyReportsSchema, { target: 'draft-7' })
  return { ...schema, title: 'mab verify --format json' }
}
