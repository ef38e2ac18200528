/** The wording of what is wrong inside an image layout. */
import type { LayoutProblem } from '../../problem/problem.js'
import { wordRemedy } from './remedy-words.js'
import { visibleLine, type Show, type Wording } from './wording.js'

const layoutHeadlines: Readonly<Record<LayoutProblem['code'], string>> = {
  'layout-unreadable': 'not a readable OCI layout',
  'layout-version': 'unknown layout version',
  'document-malformed': 'malformed document',
  'document-ambiguous': 'ambiguous document',
  'document-too-large': 'document too large',
  'digest-invalid': 'invalid digest',
  'digest-unsupported': 'digest of an unsupported algorithm',
  'blob-missing': 'missing blob',
  'blob-unreadable': 'unreadable blob',
  'blob-size': 'blob of the wrong size',
  'blob-digest': 'corrupt blob',
  'blob-data': 'embedded data that is not the blob',
  'media-type': 'wrong media type',
  'manifests-empty': 'no image',
  'not-an-image': 'not a container image',
  'layers-empty': 'no layers',
  'layer-count': 'layers and diff IDs do not match',
  'layer-compression': 'layer that cannot be unpacked',
  'layer-diff-id': 'layer with another diff ID',
  'layer-malformed': 'malformed layer',
  'layer-too-large': 'layer too large',
  'layer-entry-escapes': 'layer that leads out of the image',
  'layer-entry-refused': 'layer that container engines refuse',
  'layer-entry-repeated': 'path twice in a layer',
  'layer-entry-unportable': 'layer that some container engines refuse',
  'file-platform': 'program of another platform',
  'blob-unreferenced': 'unneeded blob',
  'file-unknown': 'unknown file',
  'platform-unstated': 'image without a platform',
  'platform-incomplete': 'incomplete platform',
  'platform-unmatchable': 'platform that clients cannot choose',
  'platform-unlisted': 'platform that the image spec does not list',
  'index-too-deep': 'indexes nested too deep',
  'reference-missing': 'no such reference',
  'reference-ambiguous': 'ambiguous reference',
  'reference-repeated': 'one reference on several entries',
  'reference-malformed': 'malformed reference',
  'platform-missing': 'missing platform',
  'platform-unexpected': 'unexpected platform',
  'platform-duplicate': 'platform twice',
  'platform-contradiction': 'image of another platform',
  'platform-same-image': 'one image under two platforms',
}

const platformNext =
  'build the image for the platform (BitBake: MACHINE, OCI_IMAGE_ARCH), or correct the platform that is said of it'

/** Where "have it made again" says too little. */
const layoutNexts: Readonly<Partial<Record<LayoutProblem['code'], string>>> = {
  'layout-unreadable':
    'correct the path: name a directory with index.json and oci-layout, or an uncompressed tar of one',
  'digest-unsupported': 'have the image made again with sha256 digests',
  'document-ambiguous': 'have the document made again with each property once, in the spelling of the image spec',
  'platform-missing': platformNext,
  'platform-contradiction': platformNext,
  'platform-unexpected': 'leave the image out, or add its platform to those that are wanted',
  'platform-duplicate': 'leave one of the images out, or correct its platform',
  'platform-same-image': platformNext,
  'not-an-image': "name a layout or a reference that holds an image; 'mab inspect LAYOUT' lists what there is",
  'layers-empty': 'add a layer, which may be empty, or check without --strict',
  'layer-compression': 'pack the layer again with gzip, or zstd without --long, under the media type of what it is',
  'media-type': 'have the index made again with the media types that the manifests have',
  'layer-diff-id': 'have the image made again: its layers were changed or packed anew after its config was written',
  'layer-too-large': 'see what is in it before anything unpacks it',
  'layer-entry-escapes': 'do not unpack it; have the layer made with names relative to the root of the image',
  'layer-entry-refused':
    'have the layer made again without the entry, by a tool that makes OCI layers, or GNU tar without --sparse',
  'layer-entry-repeated':
    'have the layer made again with each path once (GNU tar repeats those that it is given twice, or that -r and -u append)',
  'layer-entry-unportable': 'have the layer made again without it, or check the image without --strict',
  'file-platform':
    "build the file for the image's platform (BitBake: MACHINE, or what the recipe copies in), give the image the platform of its files (OCI_IMAGE_ARCH), or allow it with --allow-foreign GLOB if it belongs there",
  'blob-unreferenced': "remove it ('umoci gc --layout' does)",
  'file-unknown': 'remove it',
  'reference-repeated':
    "put the images into one index that has the name ('mab merge' does): skopeo takes the first of several entries, containerd the last",
  'platform-unmatchable': 'correct the platform, or leave the image out',
  'platform-unlisted': 'use a listed name, or check the image without --strict',
  'reference-malformed': 'give it another name, such as 1.0 or latest',
  'platform-unstated': "have the index made again with a platform for each image ('mab merge' does)",
}

/** Returns what the problem itself says about what to do. */
export function nextOf({ next, remedy }: LayoutProblem, show: Show): string | undefined {
  return next ?? (remedy === undefined ? undefined : wordRemedy(remedy, show))
}

/** Removing the lock of a mab that still runs would let another one write at the same time. */
const nextForOwnFile =
  'do not remove it while another mab writes there; what a killed one left, the next run, merge or clean removes'

function isOwnFile({ code, at }: LayoutProblem): boolean {
  return code === 'file-unknown' && /(?:^|\/)\.mab-[^/]*$/.test(at.at(-1) ?? '')
}

export function wordLayoutProblem(problem: LayoutProblem, show: Show): Wording {
  const details = problem.at.length === 0 ? [] : [`at: ${problem.at.join(' -> ')}`]
  details.push(`expected: ${problem.expected}`, `found: ${problem.found}`)
  return {
    headline: `${layoutHeadlines[problem.code]} in ${show(problem.layout)}`,
    details: details.map(visibleLine),
    next:
      nextOf(problem, show) ??
      (isOwnFile(problem) ? nextForOwnFile : undefined) ??
      layoutNexts[problem.code] ??
      'have the layout made again by whatever made it',
  }
}
