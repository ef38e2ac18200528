/** `-p`: an image with some of the platforms must never stand where the whole one does. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { UserConfig } from '../../src/config/types.js'
import { resolveTargets } from '../../src/targets/resolve.js'
import type { Target } from '../../src/targets/target.js'
import { configOf, valueOf } from '../config/project.js'

const test = suite('targets/narrow')

type Output = NonNullable<UserConfig['targets'][string]['output']>

function narrowed(output: Output, platforms: readonly string[]): Target {
  const config = configOf({
    platforms: { aarch64: {}, x86_64: {}, armv7: { multiconfig: 'armv7' } },
    targets: { hello: { sources: ['a/**'], reference: '1.0', output } },
  })
  const [target] = valueOf(resolveTargets(config, { targets: [], platforms }, { directory: '/project' }))
  return target!
}

const output = {
  directory: 'out/hello',
  archive: 'out/hello.oci.tar',
  reference: '1.0',
  references: ['1'],
  name: 'r.example:5000/hello:1.0',
}

test('directory, archive and image name say which platforms there are', () => {
  const whole = narrowed(output, [])
  const part = narrowed(output, ['arm', 'amd64'])
  assert.is(whole.partial, false)
  assert.is(part.partial, true)
  assert.equal(
    part.platforms.map(({ key }) => key),
    ['x86_64', 'armv7'],
  )
  assert.equal(part.output, {
    ...whole.output,
    references: [],
    directory: '/project/out/hello-only-linux-amd64_linux-arm-v7',
    archive: '/project/out/hello.oci-only-linux-amd64_linux-arm-v7.tar',
    name: 'r.example:5000/hello:1.0-linux-amd64_linux-arm-v7',
  })
  const { platforms: _a, partial: _b, output: _c, ...rest } = part
  const { platforms: _d, partial: _e, output: _f, ...wholeRest } = whole
  assert.equal(rest, wholeRest)
})

test('all platforms are the whole image, however they are named', () => {
  assert.equal(narrowed(output, ['arm', 'linux/amd64', 'aarch64']), narrowed(output, []))
})

test('an archive without an extension, and no archive', () => {
  assert.is(narrowed({ archive: 'out.d/hello' }, ['arm64']).output.archive, '/project/out.d/hello-only-linux-arm64')
  assert.is('archive' in narrowed({}, ['arm64']).output, false)
})

test('a flat layout has no name to change', () => {
  const { output: flat } = narrowed({ format: 'flat' }, ['arm64'])
  assert.is(flat.directory, '/project/deploy/hello-multiarch-oci-only-linux-arm64')
  assert.is('name' in flat, false)
})

test('a tag stays within its 128 characters, and tells the platforms nevertheless', () => {
  const { output: long } = narrowed({ name: `hello:${'x'.repeat(128)}` }, ['arm64'])
  assert.is(long.name, `hello:${'x'.repeat(116)}-linux-arm64`)
})

test.run()
