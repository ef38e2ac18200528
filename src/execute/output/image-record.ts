/** What stamps and reports say of an image that is written. */
import { formatPlatform, type Platform } from '../../oci/platform.js'

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
  readonly platform: Platform
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

/** An image as reports have it, with platforms as text: `os[(os.version)]/architecture[/variant]`. */
export interface ReportedImage {
  readonly index: DocumentRecord
  readonly manifests: readonly (DocumentRecord & { readonly platform: string })[]
}

export function reportImage({ index, manifests }: ImageRecord): ReportedImage {
  return { index, manifests: manifests.map((one) => ({ ...one, platform: formatPlatform(one.platform) })) }
}
