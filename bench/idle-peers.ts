/** Other runners with nothing to do, for the same files: one output that is made from all of them. */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from './check.js'
import type { Contender } from './race.js'
import { printed, runUntimed } from './tools.js'

export interface Peers {
  readonly contenders: readonly Contender[]
  /** Why the others are not among them. */
  readonly absent: readonly string[]
}

/** @param of what the names begin with, and the baseline of the ratios */
export function idlePeers(directory: string, sources: number, of: { baseline: string }): Peers {
  const all = [make, ninja, wireit].map((peer) => peer(directory, sources, of.baseline))
  return {
    contenders: all.flatMap((peer) => (typeof peer === 'string' ? [] : [peer])),
    absent: all.filter((peer) => typeof peer === 'string'),
  }
}

function make(place: string, sources: number, baseline: string): Contender | string {
  if (printed('make', ['--version']) === undefined) return 'make'
  const { directory, files } = tree(path.join(place, 'make'), sources)
  writeFileSync(path.join(directory, 'Makefile'), `out: ${files.join(' ')}\n\ttouch out\n`)
  return contender('make', ['make'], directory, baseline, /up to date/)
}

function ninja(place: string, sources: number, baseline: string): Contender | string {
  if (printed('ninja', ['--version']) === undefined) return 'ninja'
  const { directory, files } = tree(path.join(place, 'ninja'), sources)
  writeFileSync(
    path.join(directory, 'build.ninja'),
    `rule touch\n  command = touch $out\nbuild out: touch ${files.join(' ')}\n`,
  )
  return contender('ninja', ['ninja'], directory, baseline, /no work to do/)
}

/** Started by npm, as it cannot be started otherwise. */
function wireit(place: string, sources: number, baseline: string): Contender | string {
  if (printed('sh', ['-c', 'command -v wireit']) === undefined) return 'wireit (npm install --global wireit)'
  const { directory } = tree(path.join(place, 'wireit'), sources)
  const script = { command: 'touch out', files: ['layers/**'], output: ['out'] }
  const manifest = { name: 'idle', version: '1.0.0', scripts: { build: 'wireit' }, wireit: { build: script } }
  writeFileSync(path.join(directory, 'package.json'), JSON.stringify(manifest))
  writeFileSync(path.join(directory, 'package-lock.json'), '{}')
  return contender('wireit', ['npm', 'run', 'build'], directory, baseline, /Already fresh|Ran 0 scripts|skipped/)
}

function contender(name: string, argv: string[], directory: string, baseline: string, idle: RegExp): Contender {
  runUntimed(argv, directory)
  return {
    name: `${name}, nothing to do: 200 sources`,
    baseline,
    argv,
    directory,
    check: (text) => expect('whether there was nothing to do', idle.test(text), true),
  }
}

function tree(directory: string, count: number): { directory: string; files: string[] } {
  mkdirSync(path.join(directory, 'layers'), { recursive: true })
  const files = Array.from({ length: count }, (_, file) => `layers/recipe-${file}.bb`)
  for (const file of files) writeFileSync(path.join(directory, file), `SUMMARY = "${file}"\n`.repeat(40))
  return { directory, files }
}
