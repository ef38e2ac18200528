/** The JSON that `mab inspect --format json` prints; `schemas/inspect.schema.json` is made from it. */
import * as z from 'zod'
import type { InspectReport } from './inspect-report.js'

const text = z.string()
const bytes = z.int().nonnegative().describe('Bytes.')
const annotations = z.record(text, text)
const blob = z.strictObject({ digest: text, mediaType: text, size: bytes })

const entry = z.strictObject({
  reference: text.exactOptional().describe('`org.opencontainers.image.ref.name`'),
  name: text.exactOptional().describe('`io.containerd.image.name`'),
  mediaType: text,
  digest: text,
  annotations: annotations.exactOptional().describe('Of the image index that the entry names.'),
  images: z.int().nonnegative().describe('Number of images that it leads to and that are in the layout.'),
  absent: z
    .int()
    .nonnegative()
    .describe('Number of manifests and indexes that it leads to and that are not in the layout.'),
})

const image = z.strictObject({
  platform: text.describe('`os[(os.version[+feature…])]/architecture[/variant]`'),
  osVersion: text.exactOptional(),
  osFeatures: z.array(text).exactOptional(),
  digest: text.describe('Of the manifest.'),
  mediaType: text.describe('Of the manifest.'),
  annotations: annotations.exactOptional().describe('Of its entry in the index.'),
  created: text.exactOptional().describe('As the image config has it: RFC 3339.'),
  entrypoint: z.array(text).exactOptional(),
  cmd: z.array(text).exactOptional(),
  layers: z.array(blob),
  attestations: z.array(blob).describe('Manifests of what is attested of the image.'),
  size: bytes.describe('Bytes of manifest, config and layers.'),
})

const artifact = z.strictObject({
  ...blob.shape,
  type: text.describe('The artifact type, or else the media type that tells it from an image.'),
})

const absentManifest = z.strictObject({
  platform: text.exactOptional().describe('As its descriptor says.'),
  ...blob.shape,
})

const inspectReportsSchema: z.ZodType<InspectReport[]> = z.array(
  z.strictObject({
    layout: text,
    kind: z.enum(['directory', 'archive']),
    entries: z.array(entry).describe('Of `index.json`.'),
    images: z.array(image),
    artifacts: z
      .array(artifact)
      .describe('What is listed and is not an image; attestations of an image are listed with it.'),
    absent: z.array(absentManifest).describe('What is listed and is not in the layout.'),
    shared: z.array(blob).describe('Layers that more than one image has.'),
    size: bytes.describe('Bytes that the images have together.'),
    sizeUnshared: bytes.describe('Bytes that they would have if none shared a blob.'),
  }),
)

export function inspectJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(inspectReportsSchema, { target: 'draft-7' }), title: 'mab inspect --format json' }
}
