/** The platforms that an image has, compared with those that are wanted. */
import type { LayoutProblem, TreePath } from '../util/problem.js'
import { formatPlatform, matchKey, type Platform } from './platform.js'

export function comparePlatforms(
  images: readonly { readonly platform: Platform; readonly at: TreePath }[],
  wanted: readonly Platform[],
  layout: string,
): LayoutProblem[] {
  const problems: LayoutProblem[] = []
  const found = new Map(images.map(({ platform, at }) => [matchKey(platform), { platform, at }]))
  for (const platform of wanted) {
    if (found.delete(matchKey(platform))) continue
    problems.push({
      code: 'platform-missing',
      layout,
      at: ['index.json'],
      expected: `an image for ${formatPlatform(platform)}`,
      found: images.map((image) => formatPlatform(image.platform)).join(', ') || 'no image',
    })
  }
  const expected = `only ${wanted.map(formatPlatform).join(', ')}`
  for (const { platform, at } of found.values()) {
    problems.push({ code: 'platform-unexpected', layout, at, expected, found: formatPlatform(platform) })
  }
  return problems
}
