/** What `inspectLayout` tells. Its JSON Schema is made from `inspect-schema.ts`, apart from this: types need no zod. */

export interface InspectedEntry {
  /** `org.opencontainers.image.ref.name` */
  readonly reference?: string
  /** `io.containerd.image.name` */
  readonly name?: string
  readonly mediaType: string
  readonly digest: string
  /** Of the image index that the entry names. */
  readonly annotations?: Readonly<Record<string, string>>
  /** Number of images that it leads to and that are in the layout. */
  readonly images: number
  /** Number of manifests and indexes that it leads to and that are not in the layout. */
  readonly absent: number
}

export interface InspectedArtifact extends InspectedBlob {
  /** The artifact type, or else the media type that tells it from an image. */
  readonly type: string
}

export interface AbsentManifest extends InspectedBlob {
  /** As its descriptor says. */
  readonly platform?: string
}

export interface InspectedBlob {
  readonly digest: string
  readonly mediaType: string
  /** Bytes. */
  readonly size: number
}

export interface InspectedImage {
  /** `os[(os.version[+feature…])]/architecture[/variant]` */
  readonly platform: string
  readonly osVersion?: string
  readonly osFeatures?: readonly string[]
  /** Of the manifest, as its media type. */
  readonly digest: string
  readonly mediaType: string
  /** Of its entry in the index. */
  readonly annotations?: Readonly<Record<string, string>>
  /** As the image config has it: RFC 3339. */
  readonly created?: string
  readonly entrypoint?: readonly string[]
  readonly cmd?: readonly string[]
  readonly layers: readonly InspectedBlob[]
  /** Manifests of what is attested of the image. */
  readonly attestations: readonly InspectedBlob[]
  /** Bytes of manifest, config and layers. */
  readonly size: number
}

export interface InspectReport {
  readonly layout: string
  readonly kind: 'directory' | 'archive'
  /** Of `index.json`. */
  readonly entries: readonly InspectedEntry[]
  readonly images: readonly InspectedImage[]
  /** What is listed and is not an image; attestations of an image are listed with it. */
  readonly artifacts: readonly InspectedArtifact[]
  /** What is listed and is not in the layout. */
  readonly absent: readonly AbsentManifest[]
  /** Layers that more than one image has. */
  readonly shared: readonly InspectedBlob[]
  /** Bytes that the images have together, and that they would have if none shared a blob. */
  readonly size: number
  readonly sizeUnshared: number
}
