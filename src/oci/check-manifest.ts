/** What the image spec asks of a manifest as a whole. */
import type { LayoutProblem, TreePath } from '../util/problem.js'
import { mediaTypes, type ManifestDocument } from './documents.js'

/**
 * Finds an artifact without its type, which manifest.md demands where the config is empty, and if `needsLayer` also a
 * manifest without layers, which it advises against ("SHOULD have at least one entry"). Merging takes both.
 */
export function manifestProblems(
  manifest: ManifestDocument,
  layout: string,
  at: TreePath,
  needsLayer: boolean,
): LayoutProblem[] {
  const problems: LayoutProblem[] = []
  if (manifest.config.mediaType === mediaTypes.empty && manifest.artifactType === undefined) {
    const expected = `a media type, as the media type of config is ${mediaTypes.empty}`
    problems.push({ code: 'document-malformed', layout, at: [...at, 'artifactType'], expected, found: 'nothing' })
  }
  if (needsLayer && manifest.layers.length === 0) {
    problems.push({ code: 'layers-empty', layout, at, expected: 'at least one layer', found: 'none' })
  }
  return problems
}
