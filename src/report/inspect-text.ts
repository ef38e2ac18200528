/** What is in an image, and how to use it, for people. */
import type { InspectReport } from '../oci/image/inspect-report.js'
import { count, formatBytes } from '../util/format.js'
import type { Style } from './style.js'
import { useLines } from './use-text.js'
import { pathShower, visibleLine } from './words/wording.js'

const dockerKinds: ReadonlyMap<string, string> = new Map([
  ['application/vnd.docker.distribution.manifest.list.v2+json', 'Docker manifest list'],
  ['application/vnd.docker.distribution.manifest.v2+json', 'Docker manifest'],
])

export function formatInspection(report: InspectReport, cwd: string, style: Style): string {
  const file = pathShower(cwd)(report.layout)
  const lines = [style('strong', `${visibleLine(file)} (${report.kind})`)]
  for (const { reference, name, mediaType, digest, annotations } of report.entries) {
    const names = [reference, name].filter((text) => text !== undefined)
    const kind = dockerKinds.get(mediaType)
    const suffix = kind === undefined ? '' : `  (${kind})`
    lines.push(`  ${visibleLine(names.length > 0 ? names.join('  ') : '(no name)')}  ${digest}${suffix}`)
    lines.push(...annotationLines(annotations))
  }
  for (const image of report.images) {
    const { platform, digest, annotations, created, entrypoint, cmd, layers, size } = image
    lines.push(`  ${style('good', visibleLine(platform))}  ${digest}  ${formatBytes(size)}`)
    lines.push(...annotationLines(annotations))
    if (created !== undefined) lines.push(`    created ${visibleLine(created)}`)
    if (entrypoint !== undefined) lines.push(`    entrypoint ${visibleLine(JSON.stringify(entrypoint))}`)
    if (cmd !== undefined) lines.push(`    cmd ${visibleLine(JSON.stringify(cmd))}`)
    for (const layer of layers) {
      lines.push(`    layer ${layer.digest}  ${formatBytes(layer.size)}  ${visibleLine(layer.mediaType)}`)
    }
    for (const attestation of image.attestations) lines.push(`    attestation ${attestation.digest}`)
  }
  for (const { digest, type, size } of report.artifacts) {
    lines.push(`  artifact ${digest}  ${formatBytes(size)}  ${visibleLine(type)}`)
  }
  for (const { platform, mediaType, digest } of report.absent) {
    lines.push(`  ${style('warn', 'absent')} ${visibleLine(platform ?? mediaType)}  ${visibleLine(digest)}`)
  }
  const { images, size } = report
  lines.push(
    `  ${count(images.length, 'image')}, ${formatBytes(size)}${images.length > 1 ? `; ${wordSharing(report)}` : ''}`,
  )
  return `${[...lines, ...useLines(report, file)].join('\n')}\n`
}

function wordSharing({ shared, size, sizeUnshared }: InspectReport): string {
  return shared.length === 0
    ? 'they share no layer'
    : `they share ${count(shared.length, 'layer')}, which saves ${formatBytes(sizeUnshared - size)}`
}

function annotationLines(annotations: Readonly<Record<string, string>> = {}): string[] {
  return Object.entries(annotations).map(([key, value]) => `    ${visibleLine(`${key}=${value}`)}`)
}
