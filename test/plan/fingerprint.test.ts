import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { compareFingerprints, fingerprint, formatVersion, type Inputs } from '../../src/plan/fingerprint.js'
import type { Reason } from '../../src/plan/reason.js'
import { canonicalJson } from '../../src/util/json.js'

const test = suite('plan/fingerprint')

const arm = 'linux/arm64'
const amd = 'linux/amd64'
const riscv = 'linux/riscv64'

const cases: readonly (readonly [name: string, before: Inputs, now: Inputs, ...reasons: Reason[]])[] = [
  ['nothing', { a: 1, b: [1, 2] }, { a: 1, b: [1, 2] }],
  ['the order of keys', { a: 1, b: { c: 1, d: 2 } }, { b: { d: 2, c: 1 }, a: 1 }],
  ['absent and null', { a: 1, b: null }, { a: 1 }],
  ['a platform more', { platforms: [arm] }, { platforms: [arm, riscv] }, { code: 'platform-added', platform: riscv }],
  ['a platform less', { platforms: [arm, amd] }, { platforms: [amd] }, { code: 'platform-removed', platform: arm }],
  [
    'a platform for another',
    { platforms: [arm, amd] },
    { platforms: [riscv, amd] },
    { code: 'platform-added', platform: riscv },
    { code: 'platform-removed', platform: arm },
  ],
  [
    'the order of platforms',
    { platforms: [arm, amd] },
    { platforms: [amd, arm] },
    { code: 'platforms-reordered', from: [arm, amd], to: [amd, arm] },
  ],
  [
    'a manifest',
    { manifests: { [arm]: 'sha256:a', [amd]: 'sha256:b' } },
    { manifests: { [amd]: 'sha256:b', [arm]: 'sha256:c' } },
    { code: 'manifest-changed', platform: arm, from: 'sha256:a', to: 'sha256:c' },
  ],
  [
    'the manifest of a platform that was not there is no reason beside the platform itself',
    { platforms: [arm], manifests: { [arm]: 'sha256:a' } },
    { platforms: [arm, amd], manifests: { [arm]: 'sha256:a', [amd]: 'sha256:b' } },
    { code: 'platform-added', platform: amd },
  ],
  [
    'the manifest of another platform, with nothing else to tell it',
    { link: 'auto', manifests: { [arm]: 'sha256:a' } },
    { link: 'auto', manifests: { [amd]: 'sha256:a' } },
    { code: 'input-changed', input: 'manifests', from: { [arm]: 'sha256:a' }, to: { [amd]: 'sha256:a' } },
  ],
  [
    'sources: changed, added and removed, the first of them by name',
    { sources: { 'e.bb': '1', 'd.bb': '1', same: '1', 'a.bb': '1' } },
    { sources: { same: '1', 'd.bb': '2', 'c.bb': '1', 'b.bb': '1' } },
    { code: 'sources-changed', files: ['a.bb', 'b.bb', 'c.bb'], count: 5 },
  ],
  [
    'a source with the name of something that objects have',
    { sources: {} },
    { sources: { constructor: '1' } },
    { code: 'sources-changed', files: ['constructor'], count: 1 },
  ],
  [
    'other inputs, by name',
    { format: 'nested', annotations: {}, gone: true },
    { format: 'flat', annotations: { a: 'b' }, name: 'x' },
    { code: 'input-changed', input: 'annotations.a', from: null, to: 'b' },
    { code: 'input-changed', input: 'format', from: 'nested', to: 'flat' },
    { code: 'input-changed', input: 'gone', from: true, to: null },
    { code: 'input-changed', input: 'name', from: null, to: 'x' },
  ],
  [
    'several at once',
    { platforms: [arm], manifests: { [arm]: 'sha256:a' }, reference: 'a' },
    { platforms: [arm, amd], manifests: { [arm]: 'sha256:b', [amd]: 'sha256:c' }, reference: 'b' },
    { code: 'manifest-changed', platform: arm, from: 'sha256:a', to: 'sha256:b' },
    { code: 'platform-added', platform: amd },
    { code: 'input-changed', input: 'reference', from: 'a', to: 'b' },
  ],
]
for (const [name, before, now, ...reasons] of cases) {
  test(name, () => {
    assert.equal(compareFingerprints(fingerprint(before), fingerprint(now)), reasons)
  })
}

test('a record of another format is compared no further', () => {
  const before = { version: formatVersion - 1, inputs: { a: 1 } }
  const expected: Reason[] = [{ code: 'format-changed', from: formatVersion - 1, to: formatVersion }]
  assert.equal(compareFingerprints(before, fingerprint({ a: 2 })), expected)
})

const platform = fc.constantFrom(arm, amd, riscv)
const digests = fc.dictionary(platform, fc.constantFrom('sha256:a', 'sha256:b'))
const inputs: fc.Arbitrary<Inputs> = fc.record(
  {
    platforms: fc.uniqueArray(platform),
    manifests: digests,
    sources: fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('1', '2')),
    link: fc.constantFrom('auto', 'copy'),
  },
  { requiredKeys: [] },
)

test('there is a reason if, and only if, something differs', () => {
  fc.assert(
    fc.property(inputs, inputs, (before, now) => {
      const text = (value: Inputs): string =>
        canonicalJson({ platforms: null, manifests: null, sources: null, link: null, ...value })
      const reasons = compareFingerprints(fingerprint(before), fingerprint(now))
      assert.is(reasons.length > 0, text(before) !== text(now))
    }),
  )
})

test.run()
