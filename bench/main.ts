/** `npm run bench [-- NAME…]`: measures, prints, and writes the numbers to bench/results/. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { changeRace } from './change-race.js'
import { deepRace } from './deep-race.js'
import { judge, type Judged } from './goals.js'
import { mergeRace, workloads } from './merge-race.js'
import { installPackage } from './project.js'
import { runRace, type Race } from './race.js'
import { readsRace } from './reads-race.js'
import { formatGoals, formatRace } from './report.js'
import { startRace } from './start-race.js'
import { printed, python } from './tools.js'

const [directory, ...wanted] = process.argv.slice(2) as [string, ...string[]]

const races: Readonly<Record<string, (place: string, mab: string) => Race>> = {
  start: startRace,
  reads: readsRace,
  ...Object.fromEntries(
    Object.entries(workloads).map(([name, workload]) => [
      name,
      (place: string, mab: string) => mergeRace(name, workload, place, mab),
    ]),
  ),
  changed: changeRace,
  deep: deepRace,
}

const unknown = wanted.filter((name) => !Object.hasOwn(races, name))
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(', ')}; there are ${Object.keys(races).join(', ')}`)
  process.exitCode = 1
} else run(wanted.length > 0 ? wanted : Object.keys(races))

function run(names: readonly string[]): void {
  const mab = installPackage(path.join(directory, 'package'))
  const judged: Judged[] = []
  const measured: object[] = []
  let wrong = 0
  for (const name of names) {
    const place = path.join(directory, name)
    console.error(`${name}: preparing`)
    const race = races[name]!(place, mab)
    const outcomes = runRace(race, console.error)
    rmSync(place, { recursive: true, force: true })
    console.log(formatRace(race, outcomes))
    const own = judge(name, outcomes)
    judged.push(...own)
    wrong += outcomes.reduce((sum, outcome) => sum + outcome.wrong.length, 0)
    measured.push({ name, title: race.title, absent: race.absent, outcomes, goals: own })
  }
  console.log(`${formatGoals(judged)}\n`)
  console.log(write({ machine: describeMachine(), races: measured }))
  if (wrong > 0) {
    console.error(`${wrong} runs failed or made something wrong`)
    process.exitCode = 1
  }
}

function describeMachine(): object {
  return {
    system: `${os.platform()} ${os.arch()}`,
    processors: os.availableParallelism(),
    memory: os.totalmem(),
    node: process.version,
    python: python && printed(python, ['--version']),
    openssl: printed('openssl', ['version']),
    tar: printed('tar', ['--version']),
    buildah: printed('buildah', ['--version']),
  }
}

function write(results: object): string {
  const file = path.join('bench/results', `${new Date().toISOString().replaceAll(/[:.]/g, '-')}.json`)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`)
  return file
}
