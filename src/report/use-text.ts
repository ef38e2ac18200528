/** The commands that take an image as it is, to be copied into a shell. Names in an image are whatever its maker wrote. */
import { isReference, isRepository } from '../oci/reference.js'
import type { InspectedEntry, InspectReport } from '../oci/image/inspect-report.js'
import { quote } from '../util/shell.js'

/** @param file the layout, as it is to be typed. */
export function useLines({ kind, entries }: Pick<InspectReport, 'kind' | 'entries'>, file: string): string[] {
  const images = entries.filter((entry) => entry.images > 0)
  if (images.length === 0 || /[\x00-\x1f\x7f-\x9f]/.test(file)) return []
  // skopeo, buildah and podman take an entry without a reference only if there is no other, of whatever kind.
  const isOnly = entries.length === 1
  const place = quote(file.startsWith('-') ? `./${file}` : file)
  const transport = `${kind === 'archive' ? 'oci-archive' : 'oci'}:${file}`
  // A client may take any of the entries of one reference.
  const isTaken = ({ reference }: InspectedEntry): boolean => images.some((image) => image.reference === reference)
  if (entries.some((entry) => entry.absent > 0 && isTaken(entry))) return sparseLines(images, place, transport)
  const vdkr = kind === 'archive' ? [] : [`  vdkr vimport ${place} NAME:TAG`]
  if (images.every((entry) => entry.reference === undefined) && !isOnly) {
    return [
      'use it: skopeo, buildah and podman need a reference here, and no image has one',
      // It takes an index.json with artifacts for a nested one.
      ...(images.length === entries.length ? vdkr : []),
      `  mab merge -o OTHER ${place}   (gives it one)`,
    ]
  }
  // They take what stands before the first colon for the path.
  const found = file.includes(':') ? [] : images.filter((entry) => isOnly || isFoundByReference(entry))
  const sources = found.map((entry) => quote(isFoundByReference(entry) ? `${transport}:${entry.reference}` : transport))
  const distinct = [...new Set(sources)]
  const isDocker = images.some((entry) => isDockerType(entry.mediaType))
  if (distinct.length === 0 && isDocker && !isOnly) {
    return [
      "use it: skopeo, buildah and podman do not find Docker's media types by a reference, and there are several",
      `  mab merge -o OTHER --media-types docker ${place}   (with one reference, for all of them)`,
    ]
  }
  const pull = kind === 'archive' || isRepository(`localhost/${file.replace(/^\//, '')}`)
  const podman = distinct.map((source) =>
    pull ? `  podman pull ${source}` : `  skopeo copy ${source} containers-storage:NAME:TAG`,
  )
  const lines = [
    ...distinct.map((source) => `  skopeo copy --all ${source} docker://REGISTRY/REPOSITORY:TAG`),
    ...(kind === 'archive' && isOnly ? [`  podman load -i ${place}`] : podman),
    ...(isDocker ? [] : vdkr),
  ]
  return lines.length === 0 ? [] : ['use it:', ...lines]
}

/** `skopeo copy --all` and containerd's `--all-platforms` fail for what is absent; a merged image has no absent entries. */
function sparseLines(images: readonly InspectedEntry[], place: string, transport: string): string[] {
  const isNamed = images.length > 1 && images.every(({ reference }) => reference !== undefined)
  const operands = isNamed ? images.map(({ reference }) => quote(`${transport}:${reference}`)) : [place]
  return [
    'use it: this is a sparse layout, which does not hold everything that it lists',
    ...operands.map((operand) => `  mab merge -o OTHER ${operand}   (an image of what it holds)`),
  ]
}

/**
 * Whether containers/image (skopeo, buildah, podman) finds the entry by its reference: it passes over all media types
 * but OCI's ("no descriptor found for reference"). An entry that stands alone is taken without a reference.
 */
function isFoundByReference({ reference, mediaType }: InspectedEntry): boolean {
  return reference !== undefined && isReference(reference) && !isDockerType(mediaType)
}

function isDockerType(mediaType: string): boolean {
  return mediaType.includes('.docker.')
}
