/** What is in an image, and how to use it, for people. */
import type { InspectedEntry, InspectReport } from '../oci/inspect-report.js'
import { count, formatBytes } from '../util/format.js'
import type { Style } from './style.js'
import { pathShower, visible } from './words.js'

export function formatInspection(report: InspectReport, cwd: string, style: Style): string {
  const file = pathShower(cwd)(report.layout)
  const lines = [style('strong', `${file} (${report.kind})`)]
  for (const { reference, name, mediaType, digest, annotations } of report.entries) {
    const names = [reference, name].filter((text) => text !== undefined)
    const kind = mediaType.includes('.docker.') ? '  (Docker manifest list)' : ''
    lines.push(`  ${visible(names.length > 0 ? names.join('  ') : '(no name)')}  ${digest}${kind}`)
    lines.push(...annotationLines(annotations))
  }
  for (const image of report.images) {
    const { platform, osVersion, osFeatures = [], digest, annotations, created, entrypoint, cmd, layers, size } = image
    const system = [osVersion === undefined ? [] : [`os.version ${osVersion}`], osFeatures].flat().join(', ')
    const shown = `${platform}${system === '' ? '' : ` (${system})`}`
    lines.push(`  ${style('good', visible(shown))}  ${digest}  ${formatBytes(size)}`)
    lines.push(...annotationLines(annotations))
    if (created !== undefined) lines.push(`    created ${visible(created)}`)
    if (entrypoint !== undefined) lines.push(`    entrypoint ${visible(JSON.stringify(entrypoint))}`)
    if (cmd !== undefined) lines.push(`    cmd ${visible(JSON.stringify(cmd))}`)
    for (const layer of layers) {
      lines.push(`    layer ${layer.digest}  ${formatBytes(layer.size)}  ${visible(layer.mediaType)}`)
    }
    for (const attestation of image.attestations) lines.push(`    attestation ${attestation.digest}`)
  }
  const saved = report.sizeUnshared - report.size
  const sharing =
    report.shared.length === 0
      ? 'no layer is in two of them'
      : `${count(report.shared.length, 'layer')} in more than one of them, which saves ${formatBytes(saved)}`
  lines.push(`  ${count(report.images.length, 'image')}, ${formatBytes(report.size)}; ${sharing}`)
  return `${[...lines, ...useLines(report, file)].join('\n')}\n`
}

function annotationLines(annotations: Readonly<Record<string, string>> = {}): string[] {
  return Object.entries(annotations).map(([key, value]) => `    ${visible(`${key}=${value}`)}`)
}

/** Commands that take the image as it is. Entries of several digests are several images, or one in the flat form. */
function useLines({ kind, entries }: InspectReport, file: string): string[] {
  const [first, ...others] = entries
  if (first === undefined) return []
  const vdkr = kind === 'archive' ? [] : [`  vdkr vimport ${file} NAME:TAG`]
  if (entries.every((entry) => entry.reference === undefined) && others.length > 0) {
    return [
      'use it: this is a flat layout, which skopeo, buildah and podman do not take',
      ...vdkr,
      `  mab merge -o OTHER ${file}   (a nested one, for all others)`,
    ]
  }
  const transport = kind === 'archive' ? 'oci-archive' : 'oci'
  const sources = entries.map((entry) => `${transport}:${file}${referenceOf(entry)}`)
  const load = kind === 'archive' && others.length === 0
  return [
    'use it:',
    ...sources.map((source) => `  skopeo copy --all ${source} docker://REGISTRY/REPOSITORY:TAG`),
    ...(load ? [`  podman load -i ${file}`] : sources.map((source) => `  podman pull ${source}`)),
    ...vdkr,
  ]
}

function referenceOf({ reference }: InspectedEntry): string {
  return reference === undefined ? '' : `:${visible(reference)}`
}
