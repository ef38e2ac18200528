/** The workloads of merging, and who competes in them. */
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { archiving, buildah, copying, firstRun, names, opensslOver, whenDone } from './contenders.js'
import type { Race } from './race.js'
import { printed } from './tools.js'
import { writeWorkload, type Workload } from './workload.js'

interface MergeBench extends Workload {
  readonly rounds: number
  /** Of buildah, which is slow where there are many blobs. */
  readonly buildahRounds: number
}

const [KiB, MiB] = [1024, 1024 * 1024]

export const workloads: Readonly<Record<string, MergeBench>> = {
  W1: { architectures: 2, layers: 3, layerSize: 20 * MiB, rounds: 5, buildahRounds: 3 },
  W2: { architectures: 2, layers: 4, layerSize: 256 * MiB, rounds: 3, buildahRounds: 2 },
  W3: { architectures: 8, layers: 12, layerSize: 4 * MiB, rounds: 5, buildahRounds: 3 },
  W4: { architectures: 4, layers: 400, layerSize: 16 * KiB, rounds: 5, buildahRounds: 1 },
}

export function mergeRace(name: string, bench: MergeBench, directory: string, mab: string): Race {
  mkdirSync(directory, { recursive: true })
  const at = (part: string): string => path.join(directory, part)
  const layouts = writeWorkload(at('layouts'), bench)
  const absent: string[] = []
  const needs = <T>(program: string, argument: string, contender: string, make: () => T[]): T[] => {
    if (printed(program, [argument]) !== undefined) return make()
    absent.push(`${contender} (${program} is not installed)`)
    return []
  }
  const contenders = [
    ...needs('openssl', 'version', names.openssl, () => [opensslOver(names.openssl, () => layouts)]),
    firstRun(at('first'), mab, layouts),
    ...whenDone(at('done'), mab, layouts),
    ...needs('tar', '--version', names.tar, () => archiving(at('archived'), mab, layouts)),
    copying(directory, layouts),
    ...needs('buildah', '--version', names.buildah, () => [buildah(directory, layouts, bench.buildahRounds)]),
  ]
  const size = bench.layerSize < MiB ? `${bench.layerSize / KiB} KiB` : `${bench.layerSize / MiB} MiB`
  const title = `${bench.architectures} architectures x ${bench.layers} layers x ${size}`
  return { name, title, directory, rounds: bench.rounds, warmUp: bench.rounds > 3, contenders, absent }
}
