/** What is in an image, and how to use it, for people. */
import type { InspectReport } from '../oci/inspect-report.js'
import { count, formatBytes } from '../util/format.js'
import type { Style } from './style.js'
import { useLines } from './use-text.js'
import { pathShower, visibleLine } from './wording.js'

export function formatInspection(report: InspectReport, cwd: string, style: Style): string {
  const file = pathShower(cwd)(report.layout)
  const lines = [style('strong', `${visibleLine(file)} (${report.kind})`)]
  for (const { reference, name, mediaType, digest, annotations } of report.entries) {
    const names = [reference, name].filter((text) => text !== undefined)
    const kind = mediaType.includes('.docker.') ? '  (Docker manifest list)' : ''
    lines.push(`  ${visibleLine(names.length > 0 ? names.join('  ') : '(no name)')}  ${digest}${kind}`)
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
  const saved = report.sizeUnshared - report.size
  const sharing =
    report.shared.length === 0
      ? 'no layer is in two of them'
      : `${count(report.shared.length, 'layer')} in more than one of them, which saves ${formatBytes(saved)}`
  lines.push(`  ${count(report.images.length, 'image')}, ${formatBytes(report.size)}; ${sharing}`)
  return `${[...lines, ...useLines(report, file)].join('\n')}\n`
}

function annotationLines(annotations: Readonly<Record<string, string>> = {}): string[] {
  return Object.entries(annotations).map(([key, value]) => `    ${visibleLine(`${key}=${value}`)}`)
}
