import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Pool } from '../../src/execute/pool.js'

const test = suite('pool')

test('never does more at once than it may, in the order of coming, also after a failure', async () => {
  const pool = new Pool(2)
  const begun: number[] = []
  let [running, most] = [0, 0]
  const work = async (number: number): Promise<void> => {
    begun.push(number)
    most = Math.max(most, ++running)
    await new Promise((resolve) => setImmediate(resolve))
    running--
    if (number === 1) throw new Error('one')
  }
  const results = await Promise.allSettled([0, 1, 2, 3, 4, 5].map((number) => pool.run(() => work(number))))
  assert.is(most, 2)
  assert.equal(begun, [0, 1, 2, 3, 4, 5])
  assert.equal(results.map(({ status }) => status).filter((status) => status === 'rejected').length, 1)
})

test.run()
