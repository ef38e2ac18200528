/** How to get a layout with the platforms that a sparse one lacks, by the tools that write them. */
import { quote } from '../../util/shell.js'
import { annotationKeys, type IndexDocument } from '../documents.js'
import { formatPlatform, type Platform } from '../platform.js'

/**
 * Returns commands that each make a new archive. The image is named as the layout has it (`io.containerd.image.name`,
 * which containerd and Docker write), or `IMAGE` if it has no name or several.
 * @param platform only that one is needed.
 */
export function waysToComplete({ manifests }: IndexDocument, platform: Platform | undefined): string {
  const names = new Set(
    (manifests ?? []).flatMap(({ annotations }) => annotations?.[annotationKeys.containerdName] ?? []),
  )
  const [only = ''] = names.size === 1 ? names : []
  // No registry has a name of `localhost`, which stands for images made on this machine.
  const name = /^\w/.test(only) && !only.startsWith('localhost/') ? quote(only) : 'IMAGE'
  // The form is os[/arch[/variant]] (docs.docker.com, "docker image save").
  const { 'os.version': _, 'os.features': __, ...bare } = platform ?? { os: '', architecture: '' }
  const docker = platform === undefined ? '' : `--platform ${quote(formatPlatform(bare))} `
  return [
    `make a layout that holds it: skopeo copy --all docker://${name} oci-archive:NEW.tar`,
    `or ctr content fetch --all-platforms ${name} && ctr images export --all-platforms NEW.tar ${name}`,
    `or docker pull ${docker}${name} && docker save ${docker}-o NEW.tar ${name}`,
  ].join('; ')
}
