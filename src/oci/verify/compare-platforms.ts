/** The platforms that an image has, compared with those that are wanted. */
import type { LayoutProblem, TreePath } from '../../problem/problem.js'
import { formatPlatform, isPlatform, type Platform } from '../platform.js'

export function comparePlatforms(
  images: readonly { readonly platform: Platform; readonly at: TreePath }[],
  wanted: readonly Platform[],
  layout: string,
): LayoutProblem[] {
  const problems: LayoutProblem[] = []
  for (const platform of wanted) {
    if (images.some((image) => isPlatform(platform, image.platform))) continue
    problems.push({
      code: 'platform-missing',
      layout,
      at: ['index.json'],
      expected: `an image for ${formatPlatform(platform)}`,
      found: images.map((image) => formatPlatform(image.platform)).join(', ') || 'no image',
    })
  }
  const expected = `only ${wanted.map(formatPlatform).join(', ')}`
  for (const { platform, at } of images) {
    if (wanted.some((one) => isPlatform(one, platform))) continue
    problems.push({ code: 'platform-unexpected', layout, at, expected, found: formatPlatform(platform) })
  }
  return problems
}
