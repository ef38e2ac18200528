/** A check of broken layouts finds exactly what is broken, and says where. */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { verifyLayout } from '../../src/oci/verify/verify.js'
import { layoutProblemCodes, type LayoutProblem } from '../../src/problem/problem.js'
import { brokenLayouts, type BrokenLayout } from '../rig/broken-layouts.js'
import { tarOfDirectory } from '../rig/tar-builder.js'
import { temporaryDirectory } from '../rig/temp.js'
import { describeProblems, platformOf } from './merge-layouts.js'

const test = suite('broken-layouts')

async function problemsOf(location: string, { deep, strict, platforms }: BrokenLayout): Promise<LayoutProblem[]> {
  const verified = await verifyLayout(location, {
    deep: deep === true,
    strict: strict === true,
    ...(platforms && { platforms: platforms.map(platformOf) }),
  })
  return [...(verified.ok ? verified.value.problems : verified.problems)]
}

/** What is random in a place is left out. */
function plain(problems: readonly LayoutProblem[]): string[] {
  return describeProblems(problems).map((problem) =>
    problem
      .replace(/blobs\/sha256\/[0-9a-f]{64}/, 'blobs/sha256/HEX')
      .replace(/SHA256:[0-9A-F]+/, 'SHA256:CAPITALS')
      .replace(/inner\/.*/, 'inner/…'),
  )
}

const found = new Set<string>()
for (const [what, broken] of Object.entries(brokenLayouts)) {
  test(`finds ${what}`, async () => {
    const directory = broken.build()
    const problems = await problemsOf(directory, broken)
    assert.equal(plain(problems), broken.problems)
    for (const problem of problems) {
      found.add(problem.code)
      assert.is(problem.layout, directory)
      assert.ok(problem.expected !== '' && problem.found !== '' && problem.expected !== problem.found)
    }
    if (broken.directoryOnly === true) return
    const archive = path.join(temporaryDirectory(), 'layout.tar')
    writeFileSync(archive, tarOfDirectory(directory))
    assert.equal(plain(await problemsOf(archive, broken)), broken.problems, 'as an archive')
  })
}

test('there are more than sixty, and every code of a check is among them', () => {
  assert.ok(Object.keys(brokenLayouts).length >= 60)
  // These are told when one image is chosen.
  const ofChoosing = ['digest-unsupported', 'reference-missing', 'reference-ambiguous', 'not-an-image']
  assert.equal(
    layoutProblemCodes.filter((code) => !found.has(code)),
    layoutProblemCodes.filter((code) => ofChoosing.includes(code)),
  )
})

test('each code is in the documentation', () => {
  const told = [...readFileSync('docs/verify.md', 'utf8').matchAll(/^\| `([a-z-]+)`/gm)].map(([, code = '']) => code)
  assert.equal(told.toSorted(), layoutProblemCodes.toSorted())
})

test.run()
