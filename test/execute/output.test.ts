import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkOutput, collectGarbage, stagedIndexFile } from '../../src/execute/output.js'
import { temporaryDirectory } from '../rig/temp.js'

const test = suite('output')

test('a directory that holds other things is not ours, and is never cleaned', async () => {
  const directory = temporaryDirectory()
  writeFileSync(path.join(directory, 'thesis.txt'), 'years of work')
  mkdirSync(path.join(directory, 'blobs'))
  const problem = await checkOutput(directory)
  assert.is(problem?.code, 'output-not-ours')
  await collectGarbage(directory)
  assert.equal(readdirSync(directory), ['blobs', 'thesis.txt'])
})

test('a file in the place of the directory is not ours', async () => {
  const file = path.join(temporaryDirectory(), 'output')
  writeFileSync(file, '')
  assert.is((await checkOutput(file))?.code, 'output-not-ours')
})

test('nothing, or an empty directory, may be taken', async () => {
  const directory = temporaryDirectory()
  assert.is(await checkOutput(directory), undefined)
  assert.is(await checkOutput(path.join(directory, 'nothing')), undefined)
})

test('where there is no image, nothing of a broken-off run stays', async () => {
  const directory = path.join(temporaryDirectory(), 'output')
  mkdirSync(path.join(directory, 'blobs/sha256'), { recursive: true })
  writeFileSync(path.join(directory, 'blobs/sha256/.mab-tmp-1-ab'), '')
  writeFileSync(path.join(directory, stagedIndexFile), '{}')
  await collectGarbage(directory)
  assert.not.ok(existsSync(directory))
})

test('an image that cannot be read to its end keeps all its blobs', async () => {
  const directory = temporaryDirectory()
  mkdirSync(path.join(directory, 'blobs/sha256'), { recursive: true })
  writeFileSync(path.join(directory, 'blobs/sha256/abc'), 'x')
  writeFileSync(path.join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  writeFileSync(path.join(directory, 'index.json'), '{"schemaVersion":2,"manifests":[{}]}')
  assert.type(await collectGarbage(directory), 'string')
  assert.ok(existsSync(path.join(directory, 'blobs/sha256/abc')))
})

test.run()
