/**
 * Two clones that run, merge, clean and verify one output at once, while some are killed. MAB_ROUNDS sets the number of
 * rounds (default 8), MAB_SEED the choice of commands.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { missingTool, testWith } from '../rig/tools.js'
import * as contention from './contention.js'
import {
  archive,
  canUnshare,
  clones,
  images,
  judgeArchive,
  judgeDirectory,
  output,
  perform,
  type Ended,
} from './contention.js'

const test = suite('several writers of one output')
const rounds = Number(process.env['MAB_ROUNDS'] ?? 8)
const seed = Number(process.env['MAB_SEED'] ?? 1)
const counts = { processes: 0, killed: 0, good: 0, absent: 0 }

let state = seed
/** Park and Miller's generator. */
function random(below: number): number {
  state = (state * 48_271) % 2_147_483_647
  return state % below
}

function choose<T>(list: readonly T[]): T {
  return list[random(list.length)]!
}

function isKnown(manifests: readonly string[]): boolean {
  return images.some((image) => image.join() === manifests.join())
}

/** A killed `mab clean` leaves blobs without an index, and the other clone has no record of them. */
const refusedClean = /is not an image that mab may replace\n.*\n.*no record that mab wrote one/

function checkEnd({ what, killed, code, stdout, stderr }: Ended): void {
  const said = `${what}, seed ${seed}: exit ${code}\n${stdout}\n${stderr}`
  if (killed) return void counts.killed++
  if (!what.startsWith('verify') && !what.startsWith('deep')) {
    assert.ok(code === 0 || (what.startsWith('clean') && refusedClean.test(stderr)), said)
    return
  }
  const [report] = JSON.parse(stdout) as [
    { images: { digest: string }[]; blobs: unknown[]; problems: { code: string; found: string }[] },
  ]
  if (code === 0) {
    counts.good++
    assert.ok(isKnown(report.images.map(({ digest }) => digest)), `a false "ok": ${said}`)
    assert.is(report.blobs.length, 8, `a false "ok": ${said}`)
    return
  }
  counts.absent++
  const wrong = report.problems.filter(
    ({ code: problem, found }) =>
      problem !== 'layout-unreadable' || !/^no index\.json|^no such file or directory/.test(found),
  )
  assert.equal([code, wrong], [1, []], `a false alarm: ${said}`)
}

test(`${rounds} rounds: no broken image, no false verdict, nobody waits for ever`, async () => {
  let usual = 300
  for (let round = 0; round < rounds; round++) {
    const started: Promise<Ended>[] = []
    for (let position = 0; position < 5; position++) {
      const isReader = position === 4 || random(6) === 0
      const what = choose(isReader ? contention.readers : contention.writers)
      const killAfter = !isReader && random(5) < 2 ? random(Math.round(usual * 1.5)) : undefined
      started.push(perform(what, choose(clones), killAfter, canUnshare && random(3) === 0))
    }
    const ended = await Promise.all(started)
    counts.processes += ended.length
    for (const one of ended) checkEnd(one)
    const whole = ended.filter(({ killed }) => !killed).map(({ took }) => took)
    if (whole.length > 0) usual = (usual + Math.min(3000, Math.max(...whole))) / 2
    for (const found of [judgeDirectory(output), judgeArchive(archive)]) {
      assert.ok(found === undefined || isKnown(found), `round ${round}, seed ${seed}: ${JSON.stringify(found)}`)
    }
    if (round % 4 < 3) continue
    const clone = choose(clones)
    checkEnd(await perform('run', clone))
    const own = images[clones.indexOf(clone) * 2]
    assert.equal([judgeDirectory(output), judgeArchive(archive)], [own, own], `round ${round}, seed ${seed}`)
    assert.equal(readdirSync(path.dirname(output)).toSorted(), ['app', 'app.tar'], `round ${round}, seed ${seed}`)
    assert.equal(readdirSync(output).toSorted(), ['blobs', 'index.json', 'oci-layout'], `round ${round}, seed ${seed}`)
  }
  const { processes, killed, good, absent } = counts
  console.log(`${rounds} rounds, ${processes} processes, ${killed} killed, verify: ${good} ok, ${absent} no image`)
})

testWith(test, missingTool('skopeo'), 'skopeo reads the image that is left', async () => {
  checkEnd(await perform('run', clones[0]!))
  const args = ['copy', '--all', '--quiet', `oci:${output}:latest`, `dir:${path.dirname(output)}/../copied`]
  const { status, stderr } = spawnSync('skopeo', ['--insecure-policy', ...args], { encoding: 'utf8' })
  assert.is(status, 0, stderr)
})

test.run()
