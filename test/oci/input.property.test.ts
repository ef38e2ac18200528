/** Whatever form the sources have, the image is the same, and is found to be right. */
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { verifyLayout } from '../../src/oci/verify/verify.js'
import { blobsIn, buildLayout, withAttestation, type EntryOf, type ImageDescription } from '../rig/layout-builder.js'
import { missingTool, testWith } from '../rig/tools.js'
import { mergeLayouts, platformOf, valueOf } from './merge-layouts.js'

const test = suite('input.property')

const anyImage: fc.Arbitrary<Omit<ImageDescription, 'architecture'>> = fc.record(
  {
    docker: fc.boolean(),
    gzip: fc.boolean(),
    algorithm: fc.constantFrom('sha256', 'sha512'),
    ending: fc.constantFrom('', '\n', '  \r\n'),
    layers: fc.array(fc.constantFrom('one', 'two', 'three'), { minLength: 1, maxLength: 4 }),
  },
  { requiredKeys: [] },
)

/** Ways in which the one image of a layout can stand in it. */
const wrappings: readonly ((image: ImageDescription) => EntryOf | readonly EntryOf[])[] = [
  (image) => image,
  (image) => ({ ...image, reference: 'latest' }),
  (image) => [
    { ...image, reference: 'latest' },
    { ...image, layers: ['another'], reference: 'old' },
  ],
  (image) => ({ entries: [image], reference: 'latest' }),
  (image) => ({ entries: [{ entries: [image] }, { architecture: 'mips' }] }),
  (image) => withAttestation(image),
  (image) => [
    { ...image, platform: true },
    { architecture: 'ppc64', platform: true },
  ],
]

const packings: readonly ((directory: string) => string)[] = [
  (directory) => directory,
  (directory) => pack(directory, '-C', directory, 'index.json', 'oci-layout', 'blobs'),
  (directory) => pack(directory, '--format=posix', '-C', directory, '.'),
  (directory) => pack(directory, '--format=gnu', '-C', path.dirname(directory), path.basename(directory)),
]

function pack(directory: string, ...args: readonly string[]): string {
  execFileSync('tar', ['-cf', `${directory}.tar`, ...args])
  return `${directory}.tar`
}

const platforms = ['linux/arm64', 'linux/arm/v7', 'linux/amd64']

const anySource = fc.record({
  image: anyImage,
  wrap: fc.constantFrom(...wrappings),
  pack: fc.constantFrom(...packings),
  garbage: fc.nat(2),
})

testWith(test, missingTool('tar'), 'the form of a source changes nothing in the image', async () => {
  const plainOf = (image: Omit<ImageDescription, 'architecture'>, text: string): ImageDescription => {
    const { architecture, variant } = platformOf(text)
    const layers = [...(image.layers ?? []), text]
    return { ...image, architecture, ...(variant === undefined ? {} : { variant }), layers }
  }
  await fc.assert(
    fc.asyncProperty(fc.tuple(anySource, anySource, anySource), async (sources) => {
      const [given, plain]: [Record<string, string>, Record<string, string>] = [{}, {}]
      for (const [position, { image, wrap, pack: packIt, garbage }] of sources.entries()) {
        const text = platforms[position]!
        given[text] = packIt(buildLayout(wrap(plainOf(image, text)), { garbage }).directory)
        plain[text] = buildLayout(plainOf(image, text)).directory
      }
      const [one, other] = [await mergeLayouts(given), await mergeLayouts(plain)]
      assert.is(one.digest, other.digest)
      assert.equal(blobsIn(one.directory), blobsIn(other.directory))
      const wanted = platforms.map(platformOf)
      assert.equal(valueOf(await verifyLayout(one.directory, { platforms: wanted, deep: true })).problems, [])
    }),
    { numRuns: 40 },
  )
})

test.run()
