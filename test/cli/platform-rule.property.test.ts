/** `verify`, `merge` and `run` have one rule about platforms: what one of them takes, the others take. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  architectures,
  formatPlatform,
  isUnmatchable,
  judgePlatform,
  parsePlatform,
  platformId,
  reconcilePlatform,
  type Platform,
} from '../../src/oci/platform.js'
import { verifyLayout } from '../../src/oci/verify/verify.js'
import { findPlatforms } from '../../src/cli/arguments/merge-operands.js'
import { buildLayout } from '../rig/layout-builder.js'
import { mergeLayouts, valueOf } from '../oci/merge-layouts.js'

const test = suite('platform rule')

const names = [...architectures, 'x86_64', 'aarch64', 'i686', 'armhf', 'AMD64', 'm68k', 'x32', 'powerpc', 'a/b', '']
const variants = [
  undefined,
  '',
  '7',
  'v1',
  'v3',
  'v6',
  'v7',
  'v8',
  'v8.0',
  'v8.2',
  'v8a',
  'v9',
  'power9',
  'power11',
  'z15',
]
const platforms: readonly Platform[] = [
  ...names.flatMap((architecture) => variants.map((variant) => ({ os: 'linux', architecture, variant }))),
  ...['', 'Linux', 'wasi', 'windows', 'macos', '..'].map((os) => ({ os, architecture: 'amd64', variant: undefined })),
  ...['10.0.17763.1', '(a+b)/100%', ''].flatMap((version) => [
    { os: 'windows', architecture: 'amd64', 'os.version': version },
    { os: 'windows', architecture: 'amd64', 'os.version': version, 'os.features': ['win32k', 'a'] },
  ]),
]

const io = { cwd: '/', env: {} } as unknown as Parameters<typeof findPlatforms>[2]

/** What `verify` says of an image, what `merge` says of it, and what `verify` says of the image that `merge` writes. */
async function judge(platform: Platform, isDescribed: boolean): Promise<void> {
  const text = JSON.stringify(platform)
  const layout = buildLayout({
    platform: isDescribed,
    // An incomplete entry says nothing, and the platform comes from the image config.
    editConfig: (config) => void Object.assign(config, isDescribed && !isComplete(platform) ? {} : platform),
    editDescriptor: (descriptor) => void (isDescribed && Object.assign(descriptor, { platform })),
  })
  const { problems } = valueOf(await verifyLayout(layout.directory))
  const found = findPlatforms([layout.directory], '/nowhere', io)
  if (!found.ok) {
    assert.equal(codesOf(found.problems), codesOf(problems), text)
    return
  }
  const taken = found.value.platforms[0]!.platform
  const isRepaired = isDescribed && ['spelling', 'incomplete'].includes(judgePlatform(platform)?.kind ?? '')
  assert.is(problems.length > 0, isRepaired, `${text}: ${JSON.stringify(problems)}`)
  const merged = await mergeLayouts({ [formatPlatform(taken)]: layout.directory })
  const checked = valueOf(await verifyLayout(merged.directory, { platforms: [taken] }))
  assert.equal(checked.problems, [], text)
}

function isComplete({ os, architecture }: Platform): boolean {
  return os !== '' && architecture !== ''
}

function codesOf(problems: readonly { readonly code: string }[]): readonly string[] {
  return [...new Set(problems.map(({ code }) => code))]
}

for (const isDescribed of [true, false]) {
  test(`verify and merge agree on each platform that ${isDescribed ? 'an index' : 'an image config'} says`, async () => {
    for (const platform of platforms) await judge(platform, isDescribed)
  })
}

test('a platform is read back from the text that it is shown as', () => {
  for (const platform of platforms) {
    if (isUnmatchable(judgePlatform(platform))) continue
    const text = formatPlatform(platform)
    if (/[^\w.()+/-]/.test(text.replaceAll(/%[0-9A-F]{2}/g, ''))) continue
    const parsed = parsePlatform(text)
    assert.not.ok('error' in parsed, text)
    assert.is(platformId(parsed as Platform), platformId(platform))
    assert.ok(reconcilePlatform(parsed as Platform, platform), text)
  }
})

test.run()
