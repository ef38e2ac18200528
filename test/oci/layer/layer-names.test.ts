import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createNames, hides, lookUp, mark, maximumPlaces, memoryOf, says } from '../../../src/oci/layer/layer-names.js'

const test = suite('layer-names')

test('says of each place what was marked, however many there are', () => {
  const names = createNames()
  const place = (index: number): string => `usr/lib/node_modules/package-${index % 100}/file-${index}.js`
  for (let index = 0; index < 200_000; index++) assert.is(mark(names, place(index), says.entry), 0)
  for (let index = 0; index < 200_000; index += 7) {
    assert.is(mark(names, place(index), says.removed), says.entry)
    assert.is(lookUp(names, place(index)), says.entry | says.removed)
  }
  assert.is(lookUp(names, 'usr/lib'), 0)
  assert.is(lookUp(names, place(1), 'usr/lib'.length), 0)
})

test('nobody can know which names fall together, because each layer has a secret of its own', () => {
  const keys = Array.from({ length: 100 }, () => {
    const names = createNames()
    mark(names, 'usr/bin/tool', says.entry)
    const slot = names.bits.indexOf(says.entry)
    return `${names.low[slot]} ${names.high[slot]}`
  })
  assert.is(new Set(keys).size, 100)
})

test('tells all short names apart', () => {
  const names = createNames()
  const units = Array.from({ length: 300 }, (_, index) => String.fromCharCode(index + 1))
  for (const place of ['', ...units, ...units.flatMap((unit) => units.map((other) => unit + other))]) {
    assert.is(mark(names, place, says.entry), 0)
  }
})

test('memory ends at so many places, and later ones are not known', () => {
  const names = createNames()
  for (let index = 0; index < maximumPlaces + 10; index++) mark(names, `f${index}`, says.entry)
  assert.is(lookUp(names, 'f0'), says.entry)
  assert.is(lookUp(names, `f${maximumPlaces + 5}`), 0)
  assert.not(hides(names, `f${maximumPlaces + 5}`))
  assert.ok(memoryOf(names) <= 10 * 1024 * 1024)
})

test.run()
