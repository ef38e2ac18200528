/**
 * What the image spec requires of each document. A schema's message says what is expected, in the words of the report.
 * Unknown properties are allowed and stay (considerations.md, "Extensibility"). docs/verify.md says which text or client
 * each rule rests on.
 */
import * as z from 'zod'
import { dockerExecution, dockerImage } from './docker-properties.js'
import type { FaultParams } from './parse.js'
import { findDataFault } from './embedded-data.js'
import { digestGrammar, isDigest } from '../digest.js'
import {
  mediaTypes,
  type Descriptor,
  type ImageConfigDocument,
  type IndexDocument,
  type LayoutFileDocument,
  type ManifestDocument,
} from '../documents.js'
import { isDateTime, isExposedPort, isMediaType, isUri, isVariable } from './grammars.js'
import { annotations, flag, integer, list, map, optional, size, text, texts } from './schema-parts.js'

const mediaType = z
  .string('a media type')
  .refine(isMediaType, 'a media type of RFC 6838, such as application/vnd.example+json')
const uri = z.string('a string').refine(isUri, 'a URI of RFC 3986, such as https://example.com/layer.tar')
const dateTime = z.string('a string').refine(isDateTime, 'a date and time of RFC 3339, such as 2026-01-31T12:00:00Z')
const platformProperties = {
  architecture: text,
  os: text,
  variant: optional(text),
  'os.version': optional(text),
  'os.features': optional(texts),
}

const platform = z.looseObject({ ...platformProperties, features: optional(texts) }, 'a platform (an object)')

const descriptorProperties = {
  mediaType,
  digest: z.string('a digest'),
  size,
  urls: optional(z.array(uri, 'an array of strings')),
  annotations: optional(annotations),
  data: optional(text),
  artifactType: optional(mediaType),
  platform: optional(platform),
}

const descriptor: z.ZodType<Descriptor> = z.looseObject(descriptorProperties, 'a descriptor (an object)')

const invalid: FaultParams = { code: 'digest-invalid' }

/** The manifest that it points to need not be in the layout, so nothing else looks at its digest. */
const subject = z
  .looseObject(
    {
      ...descriptorProperties,
      digest: z.string('a digest').refine(isDigest, { error: digestGrammar, params: invalid }),
    },
    'a descriptor (an object)',
  )
  .superRefine((value, context) => {
    const fault = isDigest(value.digest) && value.size >= 0 ? findDataFault(value) : undefined
    if (fault === undefined) return
    const params: FaultParams = { code: 'blob-data', found: fault.found }
    context.addIssue({ code: 'custom', path: ['data'], message: fault.expected, params })
  })

/**
 * A document that has what makes it two things is read as either (CVE-2021-41190). containers/image refuses it with
 * "rejecting ambiguous manifest". `fsLayers` and `history` are those of Docker's schema 1.
 */
const none = z.undefined('nothing').optional()

const schemaVersion = z.literal(2, '2')

export const indexSchema: z.ZodType<IndexDocument> = z.looseObject(
  {
    schemaVersion,
    mediaType: optional(oneOf(mediaTypes.index, mediaTypes.dockerList)),
    artifactType: optional(mediaType),
    manifests: list(descriptor, 'an array of descriptors'),
    subject: optional(subject),
    annotations: optional(annotations),
    config: none,
    layers: none,
    fsLayers: none,
    history: none,
  },
  'an image index (an object)',
)

/** umoci leaves `mediaType` out. */
export const manifestSchema: z.ZodType<ManifestDocument> = z.looseObject(
  {
    schemaVersion,
    mediaType: optional(oneOf(mediaTypes.manifest, mediaTypes.dockerManifest)),
    artifactType: optional(mediaType),
    config: descriptor,
    layers: list(descriptor, 'an array of descriptors'),
    subject: optional(subject),
    annotations: optional(annotations),
    manifests: none,
    fsLayers: none,
    history: none,
  },
  'an image manifest (an object)',
)

/** Of Go's type `map[string]struct{}`, which takes `null` for an empty object. */
const empty = z.looseObject({}, 'an empty object').nullable()
const ports = map(
  z.string().refine(isExposedPort, 'a port, as in 8080, 8080/tcp or 53/udp'),
  empty,
  'an object of empty objects',
)

/** `Memory`, `MemorySwap`, `CpuShares` and `Healthcheck` are reserved for what Docker has there. */
const execution = z.looseObject(
  {
    User: optional(text),
    ExposedPorts: optional(ports),
    Env: optional(
      z.array(z.string('a string').refine(isVariable, 'a variable and its value: NAME=VALUE'), 'an array of strings'),
    ),
    Entrypoint: optional(texts),
    Cmd: optional(texts),
    Volumes: optional(map(z.string(), empty, 'an object of empty objects')),
    WorkingDir: optional(text),
    Labels: optional(annotations),
    StopSignal: optional(text),
    ArgsEscaped: optional(flag),
    Memory: optional(integer),
    MemorySwap: optional(integer),
    CpuShares: optional(integer),
    ...dockerExecution,
  },
  'an object',
)

const historyEntry = z.looseObject(
  {
    created: optional(dateTime),
    author: optional(text),
    created_by: optional(text),
    comment: optional(text),
    empty_layer: optional(flag),
  },
  'an object',
)

export const imageConfigSchema: z.ZodType<ImageConfigDocument> = z.looseObject(
  {
    ...dockerImage,
    ...platformProperties,
    created: optional(dateTime),
    author: optional(text),
    config: optional(execution),
    rootfs: z.looseObject(
      { type: z.literal('layers', '"layers"'), diff_ids: list(text, 'an array of digests') },
      'an object',
    ),
    history: optional(z.array(historyEntry, 'an array of objects')),
  },
  'an image config (an object)',
)

export const layoutFileSchema: z.ZodType<LayoutFileDocument> = z.looseObject({ imageLayoutVersion: text }, 'an object')

function oneOf<const T extends readonly string[]>(...values: T) {
  return z.enum(values, values.map((value) => JSON.stringify(value)).join(' or '))
}
