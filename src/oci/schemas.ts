/** What the documents of an image must be like. Unknown keys are none of our business and stay. */
import * as z from 'zod'
import {
  mediaTypes,
  type Descriptor,
  type ImageConfigDocument,
  type IndexDocument,
  type LayoutFileDocument,
  type ManifestDocument,
} from './documents.js'

const annotations = z.record(z.string(), z.string())

const platformSchema = z.looseObject({
  architecture: z.string(),
  os: z.string(),
  variant: z.string().optional(),
  'os.version': z.string().optional(),
  'os.features': z.array(z.string()).optional(),
})

const descriptorSchema: z.ZodType<Descriptor> = z.looseObject({
  mediaType: z.string(),
  digest: z.string(),
  size: z.int().nonnegative(),
  platform: platformSchema.optional(),
  annotations: annotations.optional(),
  data: z.string().optional(),
})

// A document that says to be something else, or has what makes it two things, is read as either (CVE-2021-41190).
const none = z.undefined().optional()

export const indexSchema: z.ZodType<IndexDocument> = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.enum([mediaTypes.index, mediaTypes.dockerList]).optional(),
  manifests: z.array(descriptorSchema).nullable(),
  config: none,
  layers: none,
  annotations: annotations.optional(),
})

/** umoci leaves `mediaType` out. */
export const manifestSchema: z.ZodType<ManifestDocument> = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.enum([mediaTypes.manifest, mediaTypes.dockerManifest]).optional(),
  artifactType: z.string().optional(),
  config: descriptorSchema,
  layers: z.array(descriptorSchema),
  manifests: none,
  annotations: annotations.optional(),
})

export const imageConfigSchema: z.ZodType<ImageConfigDocument> = z.looseObject({
  architecture: z.string(),
  os: z.string(),
  variant: z.string().optional(),
  'os.version': z.string().optional(),
  'os.features': z.array(z.string()).nullish(),
  created: z.string().nullish(),
  config: z.looseObject({ Entrypoint: z.array(z.string()).nullish(), Cmd: z.array(z.string()).nullish() }).nullish(),
  rootfs: z.looseObject({ diff_ids: z.array(z.string()).nullable() }),
})

export const layoutFileSchema: z.ZodType<LayoutFileDocument> = z.looseObject({ imageLayoutVersion: z.string() })
