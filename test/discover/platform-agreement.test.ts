/** Config, image and BitBake on one platform. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Answer } from '../../src/bitbake/query/answer.js'
import { completePlatform, expectImage } from '../../src/discover/platform-agreement.js'
import type { SelectedImage } from '../../src/oci/image/select.js'
import { formatPlatform, parsePlatform, type Platform } from '../../src/oci/platform.js'
import type { DiscoverTask } from '../../src/plan/task.js'

const test = suite('agreeing on a platform')

const platformOf = (text: string): Platform => parsePlatform(text) as Platform

/** The platform of the index's entry, or the problem's code. */
function agreed(config: string | undefined, image: string, answer: Answer | undefined): string {
  const task: DiscoverTask = {
    id: 'discover:hello:board',
    kind: 'discover',
    dependsOn: [],
    target: 'hello',
    platformKey: 'board',
    ...(config === undefined ? {} : { platform: platformOf(config) }),
    source: {
      kind: 'bitbake',
      build: { directory: '/build', command: ['bitbake'], args: [], environment: {} },
      multiconfig: 'board',
      recipe: 'hello',
      task: 'image_complete',
    },
  }
  const expected = expectImage(task, answer)
  if (!expected.ok) return expected.problems[0]!.code
  const read = { platform: platformOf(image) } as unknown as SelectedImage
  const complete = completePlatform(read, { ...expected.value, task, answer })
  return complete.ok ? formatPlatform(complete.value.platform) : complete.problems[0]!.code
}

const cortexa15: Answer = { TARGET_ARCH: 'arm', TUNE_FEATURES: 'arm vfp cortexa15', MACHINE: 'qemuarm' }
const cortexa32: Answer = { TARGET_ARCH: 'arm', TUNE_FEATURES: 'arm armv8a', MACHINE: 'board' }

test('BitBake fills in what the others leave out', () => {
  assert.is(agreed(undefined, 'linux/arm', cortexa15), 'linux/arm/v7')
  assert.is(agreed('linux/arm', 'linux/arm', cortexa15), 'linux/arm/v7')
  assert.is(agreed(undefined, 'linux/arm64', { TARGET_ARCH: 'aarch64' }), 'linux/arm64')
})

test('what the config says of the system stays beside what BitBake fills in', () => {
  const task = {
    platform: { ...platformOf('arm'), 'os.version': '6.6' },
    source: { kind: 'bitbake', multiconfig: 'board', recipe: 'hello' },
  }
  const expected = expectImage(task as unknown as DiscoverTask, cortexa15)
  assert.ok(expected.ok)
  assert.equal(expected.value.platform, { ...platformOf('linux/arm/v7'), 'os.version': '6.6' })
  assert.equal(expected.value.searched, { ...platformOf('arm'), 'os.version': '6.6' })
})

test('the image comes before BitBake', () => {
  assert.is(agreed(undefined, 'linux/arm/v8', cortexa32), 'linux/arm/v8')
  assert.is(agreed(undefined, 'linux/arm', cortexa32), 'linux/arm/v7')
})

test('contradictions are refused, and so is what no OCI platform names', () => {
  assert.is(agreed('linux/amd64', 'linux/amd64', { TARGET_ARCH: 'aarch64' }), 'platform-disagrees')
  assert.is(agreed(undefined, 'linux/arm/v6', cortexa15), 'platform-disagrees')
  assert.is(agreed(undefined, 'linux/amd64', { TARGET_ARCH: 'x86_64', TUNE_FEATURES: 'mx32' }), 'platform-refused')
  assert.is(agreed(undefined, 'linux/arm', { TARGET_ARCH: 'powerpc' }), 'platform-unknown')
})

test('without BitBake the image says it, but for the version of ARM', () => {
  assert.is(agreed(undefined, 'linux/arm64', undefined), 'linux/arm64')
  assert.is(agreed(undefined, 'linux/arm', undefined), 'platform-unknown')
  assert.is(agreed(undefined, 'linux/arm/v6', undefined), 'linux/arm/v6')
})

test.run()
