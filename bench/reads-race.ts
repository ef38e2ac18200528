/** How many bytes to read at once: what `chunkSize` in src/oci/hash.ts goes by. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { digestOf, seededBytes } from '../test/rig/layout-builder.js'
import { expect } from './check.js'
import type { Contender, Race } from './race.js'
import { node } from './tools.js'

const KiB = 1024
const sizes = [64, 256, 1024, 4096]

export function readsRace(directory: string): Race {
  mkdirSync(directory, { recursive: true })
  const [file, copy] = [path.join(directory, 'file'), path.join(directory, 'copy')]
  const content = seededBytes(1, 256 * KiB * KiB)
  writeFileSync(file, content)
  const digest = digestOf(content).slice('sha256:'.length)
  const reading = (what: string, size: number, more: readonly string[]): Contender => ({
    name: `${what}, ${size} KiB at once`,
    baseline: `${what}, 256 KiB at once`,
    argv: [node, path.resolve('bench/hash-reads.mjs'), file, String(size * KiB), ...more],
    check: (text) => expect('digest', text.trim(), digest),
    reset: () => rmSync(copy, { force: true }),
  })
  const contenders = sizes.flatMap((size) => [reading('hash', size, []), reading('hash and copy', size, [copy])])
  return { name: 'reads', title: 'one file of 256 MiB', directory, rounds: 5, warmUp: true, contenders, absent: [] }
}
