import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { suggest } from '../../src/util/suggest.js'

const test = suite('suggest')

test('finds the option that was meant', () => {
  assert.is(suggest('plateforms', ['build', 'platforms', 'targets']), 'platforms')
  assert.is(suggest('ARM64', ['amd64', 'arm64']), 'arm64')
})

test('says nothing when nothing is close', () => {
  assert.is(suggest('registry', ['build', 'platforms']), undefined)
  assert.is(suggest('x', []), undefined)
})

test.run()
