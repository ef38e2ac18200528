/** The names in `index.json`, as readers of all kinds want them. The image spec lets more through. */
import type { LayoutProblem } from '../../problem/problem.js'
import { referenceOf } from '../image/entries.js'
import type { Layout } from '../read/layout.js'
import { isReference } from '../reference.js'
import { indexSteps } from '../read/references.js'

/**
 * A name of several entries: of these skopeo takes the first, containerd the last, and umoci none. A name that breaks the
 * grammar (image spec, annotations.md): none of them finds it.
 */
export function referenceProblems(layout: Layout): LayoutProblem[] {
  const problems: LayoutProblem[] = []
  const first = new Map<string, string>()
  for (const { descriptor, label } of indexSteps(layout.index)) {
    const reference = referenceOf(descriptor)
    if (reference === undefined) continue
    const place = { layout: layout.path, at: ['index.json', label] }
    const known = first.get(reference)
    if (known !== undefined) {
      const [expected, found] = [`one entry with the reference "${reference}"`, `another at ${known}`]
      problems.push({ code: 'reference-repeated', ...place, expected, found })
    } else first.set(reference, label)
    if (isReference(reference)) continue
    const expected = 'letters and digits, in between single -._:@+ or --, parts divided by /'
    problems.push({ code: 'reference-malformed', ...place, expected, found: JSON.stringify(reference.slice(0, 160)) })
  }
  return problems
}
