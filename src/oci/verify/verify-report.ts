/** What `verifyLayout` is asked, and what it finds. Of the latter `verify-schema.ts` is the JSON Schema's source. */
import type { LayoutProblem } from '../../problem/problem.js'
import type { AbsentLayers } from '../documents.js'
import type { AllowedPattern } from '../layer/allowed-foreign.js'
import type { LayerLimit } from '../layer/layer-limits.js'
import type { Layout, OpenOptions } from '../read/layout.js'
import type { Platform } from '../platform.js'
import type { ReadingOptions } from '../verified.js'

export interface VerifyOptions extends OpenOptions, ReadingOptions {
  /** The image must hold exactly these platforms. Without it, those that its descriptors say are taken as wanted. */
  readonly platforms?: readonly Platform[]
  /** Everything that an index lists must be in the layout; implied by `platforms` and `strict`. */
  readonly complete?: boolean
  /** Only the entries of `index.json` with this name are looked at. */
  readonly reference?: string
  /** Layers whose blobs may be absent; `none` by default. */
  readonly allowAbsentLayers?: AbsentLayers
  /** Layers are read through: diff IDs, the entries of their tars, and the machine of each program and library. */
  readonly deep?: boolean
  /** Paths in images, as globs, of programs for other platforms that are there on purpose. For `deep`. */
  readonly allowForeign?: readonly string[]
  /** Nothing may lie in the layout that belongs to no image of it, and layers may hold nothing that some engines refuse. */
  readonly strict?: boolean
}

/** An entry of `index.json`. */
export interface VerifiedEntry {
  /** `org.opencontainers.image.ref.name` */
  readonly reference?: string
  readonly mediaType: string
  readonly digest: string
}

export interface VerifiedImage {
  readonly platform: string
  readonly digest: string
  /** Digests of the entries of `index.json` that lead to it: its own, or that of an index. */
  readonly entries: readonly string[]
  /** Bytes of the manifest, config and layers. */
  readonly size: number
  /** Number of layers. */
  readonly layers: number
  /** Number of programs and libraries, for whatever machine; only when layers were read through. */
  readonly programs?: number
}

/** What is listed next to images, or in place of them, and is not judged as one. */
export interface VerifiedArtifact {
  readonly digest: string
  /** As `artifactTypeOf` says, or the media type of an entry that is no manifest. */
  readonly type: string
  /** Digests of the entries of `index.json` that lead to it. */
  readonly entries: readonly string[]
}

/** What an index lists and the layout does not hold: a manifest, an index, or something else. */
export interface AbsentEntry {
  /** As its descriptor says. */
  readonly platform?: string
  readonly mediaType: string
  readonly digest: string
  /** Digests of the entries of `index.json` that lead to it: its own, or that of an index. */
  readonly entries: readonly string[]
}

export interface LimitedLayer {
  readonly digest: string
  readonly limit: LayerLimit
  /** What was not checked, in words. */
  readonly unchecked: string
}

export interface VerifyReport {
  readonly layout: string
  readonly kind: Layout['kind']
  /** Whether layers were read through. */
  readonly deep: boolean
  /** Whether what belongs to no image was looked for. */
  readonly strict: boolean
  /** The image index that lists the platforms, when `index.json` names exactly one. */
  readonly index?: string
  /** What `index.json` names; of these only the wanted reference's, when one is. */
  readonly entries: readonly VerifiedEntry[]
  readonly images: readonly VerifiedImage[]
  readonly artifacts: readonly VerifiedArtifact[]
  readonly absentEntries: readonly AbsentEntry[]
  /** Distinct blobs that can be reached, and their bytes. */
  readonly blobs: readonly { readonly digest: string; readonly size: number }[]
  readonly bytes: number
  /** Layers whose blobs are not there, as was allowed. */
  readonly absent: readonly { readonly digest: string; readonly size: number }[]
  /** What was allowed by `allowForeign`. */
  readonly allowedForeign: readonly AllowedPattern[]
  /** Number of blobs that other users cannot read. */
  readonly ownerOnly: number
  /** Blobs of no known type with a digest of an algorithm that is not; when layers were read through, those that cannot be. */
  readonly unread: readonly { readonly digest: string; readonly mediaType: string }[]
  /** Layers of which not everything was checked, because they exceed a limit. For `deep`. */
  readonly limited: readonly LimitedLayer[]
  readonly problems: readonly LayoutProblem[]
}
