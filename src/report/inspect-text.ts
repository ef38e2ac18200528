/** What is in an image, and how to use it, for people. */
import type { InspectReport } from '../oci/inspect.js'
import { count, formatBytes } from '../util/format.js'
import type { Style } from './style.js'
import { pathShower, visible } from './words.js'

export function formatInspection(report: InspectReport, cwd: string, style: Style): string {
  const file = pathShower(cwd)(report.layout)
  const lines = [style('strong', `${file} (${report.kind})`)]
  for (const { reference, name, digest } of report.entries) {
    const names = [reference, name].filter((text) => text !== undefined)
    lines.push(`  ${visible(names.length > 0 ? names.join('  ') : '(no name)')}  ${digest}`)
  }
  for (const { platform, digest, created, entrypoint, cmd, layers, size } of report.images) {
    lines.push(`  ${style('good', visible(platform))}  ${digest}  ${formatBytes(size)}`)
    if (created !== undefined) lines.push(`    created ${visible(created)}`)
    if (entrypoint !== undefined) lines.push(`    entrypoint ${visible(JSON.stringify(entrypoint))}`)
    if (cmd !== undefined) lines.push(`    cmd ${visible(JSON.stringify(cmd))}`)
    for (const layer of layers) {
      lines.push(`    layer ${layer.digest}  ${formatBytes(layer.size)}  ${visible(layer.mediaType)}`)
    }
  }
  const saved = report.sizeUnshared - report.size
  const sharing =
    report.shared.length === 0
      ? 'no layer is in two of them'
      : `${count(report.shared.length, 'layer')} in more than one of them, which saves ${formatBytes(saved)}`
  lines.push(`  ${count(report.images.length, 'image')}, ${formatBytes(report.size)}; ${sharing}`)
  return `${[...lines, ...useLines(report, file)].join('\n')}\n`
}

/** Commands that take the image as it is; the clients refuse layouts of several entries without a reference. */
function useLines({ kind, entries }: InspectReport, file: string): string[] {
  const [only] = entries
  if (only === undefined || entries.length > 1) return []
  const reference = only.reference === undefined ? '' : `:${visible(only.reference)}`
  const source = `${kind === 'archive' ? 'oci-archive' : 'oci'}:${file}${reference}`
  return [
    'use it:',
    `  skopeo copy --all ${source} docker://REGISTRY/REPOSITORY:TAG`,
    kind === 'archive' ? `  podman load -i ${file}` : `  podman pull ${source}`,
    ...(kind === 'archive' ? [] : [`  vdkr vimport ${file} NAME:TAG`]),
  ]
}
