import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { foldName } from '../../../src/oci/json/fold-name.js'

const test = suite('fold-name')

test('names that differ by case alone are equal, with the two characters that fold to ASCII', () => {
  for (const name of ['layers', 'Layers', 'LAYERS', 'layer\u017f', 'LAYER\u017f']) assert.is(foldName(name), 'layers')
  assert.is(foldName('\u212aeys'), foldName('keys'))
  for (const other of ['layer', 'layerss', 'layer\u0301s', 'la\u00fders', 'l ayers'])
    assert.is.not(foldName(other), 'layers')
})

test('folds each character as regular expressions with the flags i and u do, which is Unicode simple folding', () => {
  const wrong: string[] = []
  for (let code = 0; code < 0x2_0000; code++) {
    if (code >= 0xd800 && code < 0xe000) continue
    const character = String.fromCodePoint(code)
    const pattern = new RegExp(`^\\u{${code.toString(16)}}$`, 'iu')
    const others = [character.toLowerCase(), character.toUpperCase(), foldName(character), 's', 'k', 'i']
    for (const other of others) {
      if (Array.from(other).length !== 1) continue
      if (pattern.test(other) !== (foldName(other) === foldName(character))) wrong.push(`${character} ${other}`)
    }
  }
  assert.equal(wrong, [])
})

test.run()
