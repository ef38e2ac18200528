import { appendFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Stamps, type Stamp } from '../../../src/execute/state/stamps.js'
import { fingerprint } from '../../../src/plan/fingerprint.js'
import { temporaryDirectory } from '../../rig/temp.js'

const test = suite('execute/stamps')

const stampOf = (value: number): Stamp => ({ fingerprint: fingerprint({ value, sources: 'list' }), output: null })
const file = (): string => path.join(temporaryDirectory(), '.mab', 'stamps.ndjson')

test('the next run finds what was written and not dropped, whenever it was broken off', () => {
  const steps = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.option(fc.nat(9)), fc.boolean()))
  fc.assert(
    fc.property(steps, (list) => {
      const place = file()
      const model = new Map<string, Stamp>()
      let stamps = new Stamps(place)
      for (const [id, value, again] of list) {
        if (value === null) stamps.drop(id)
        else stamps.write(id, stampOf(value))
        if (value === null) model.delete(id)
        else model.set(id, stampOf(value))
        if (again) stamps = new Stamps(place)
      }
      const found = new Stamps(place)
      for (const id of ['a', 'b', 'c']) assert.equal(found.read(id), model.get(id))
      rmSync(path.dirname(path.dirname(place)), { recursive: true })
    }),
  )
})

test('history is left out, and the lists that no stamp names with it', () => {
  const place = file()
  const stamps = new Stamps(place)
  stamps.keepList('list', { a: '1' })
  stamps.keepList('other', { b: '1' })
  for (let value = 0; value < 300; value++) stamps.write('a', stampOf(value))
  stamps.save()
  assert.is(readFileSync(place, 'utf8').split('\n').length, 4)
  const found = new Stamps(place)
  assert.equal(found.read('a'), stampOf(299))
  assert.equal([found.list('list'), found.list('other')], [{ a: '1' }, undefined])
})

test('large lists that no stamp names are left out soon', () => {
  const place = file()
  const stamps = new Stamps(place)
  for (const list of ['1', '2', '3']) stamps.keepList(list, { [list]: 'x'.repeat(3 * 1024 * 1024) })
  stamps.write('a', { fingerprint: fingerprint({ sources: '3' }), output: null })
  stamps.save()
  assert.ok(statSync(place).size < 4 * 1024 * 1024)
  assert.equal(Object.keys(new Stamps(place).list('3') ?? {}), ['3'])
})

test('a line that was cut off is no line', () => {
  const place = file()
  new Stamps(place).write('a', stampOf(1))
  appendFileSync(place, '{"id":"a"')
  const cut = new Stamps(place)
  assert.equal(cut.read('a'), stampOf(1))
  cut.write('b', stampOf(2))
  assert.equal([new Stamps(place).read('a'), new Stamps(place).read('b')], [stampOf(1), stampOf(2)])
})

test('a file with anything else in it holds nothing, and is replaced', () => {
  const spoil: Record<string, (place: string) => void> = {
    rubbish: (place) => writeFileSync(place, Buffer.from([0, 255, 10, 7])),
    'another format': (place) => writeFileSync(place, readFileSync(place, 'utf8').replace(/\d+/, '2')),
    'a line of rubbish': (place) => writeFileSync(place, readFileSync(place, 'utf8').replace('"id"', '"xy"')),
    'a stamp of another shape': (place) => appendFileSync(place, '{"id":"a","stamp":{"fingerprint":{}}}\n'),
    'an id that is a number': (place) => appendFileSync(place, `${JSON.stringify({ id: 7, stamp: stampOf(1) })}\n`),
    'a list that is none': (place) => appendFileSync(place, '{"list":"x","files":[7]}\n'),
    'not an object': (place) => appendFileSync(place, 'null\n'),
    empty: (place) => writeFileSync(place, ''),
    'a directory': (place) => {
      rmSync(place)
      mkdirSync(path.join(place, 'x'), { recursive: true })
    },
  }
  for (const [name, damage] of Object.entries(spoil)) {
    const place = file()
    new Stamps(place).write('a', stampOf(1))
    damage(place)
    const spoilt = new Stamps(place)
    assert.is(spoilt.read('a'), undefined, name)
    spoilt.write('b', stampOf(2))
    assert.equal(new Stamps(place).read('b'), stampOf(2), name)
  }
})

test.run()
