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

export const indexSchema: z.ZodType<IndexDocument> = z.looseObject({
  schemaVersion: z.literal(2),
  // One that says to be something else is read as that by others (CVE-2021-41190).
  mediaType: z.enum([mediaTypes.index, mediaTypes.dockerList]).optional(),
  manifests: z.array(descriptorSchema).nullable(),
  annotations: annotations.optional(),
})

/** umoci leaves `mediaType` out. */
export const manifestSchema: z.ZodType<ManifestDocument> = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.enum([mediaTypes.manifest, mediaTypes.dockerManifest]).optional(),
  config: descriptorSchema,
  layers: z.array(descriptorSchema),
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
