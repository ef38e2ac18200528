/** What is remembered and told of an image that is written. */

export interface BlobRecord {
  readonly digest: string
  /** Bytes. */
  readonly size: number
}

export interface DocumentRecord extends BlobRecord {
  readonly mediaType: string
}

/** What is attested of an image. */
export interface AttestationRecord extends DocumentRecord {
  /** They name the image, so they stay as they are. */
  readonly annotations: Readonly<Record<string, string>>
}

/** One platform's manifest. */
export interface ManifestRecord extends DocumentRecord {
  /** `os/architecture[/variant]` */
  readonly platform: string
}

export interface ImageRecord {
  /** Of the image index that lists the platforms. */
  readonly digest: string
  /** Of the content of `index.json`. */
  readonly indexJson: string
  readonly index: DocumentRecord
  /** In the order of the index. */
  readonly manifests: readonly ManifestRecord[]
  readonly blobs: readonly BlobRecord[]
}
