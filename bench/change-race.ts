/** One platform's image is another than at the run before: only its bytes need to be read. */
import { mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { checkImage } from './check.js'
import { configFor, mabIn, opensslOver, output } from './contenders.js'
import { workloads } from './merge-race.js'
import { makeProject } from './project.js'
import type { Race } from './race.js'
import { printed } from './tools.js'
import { writeLayout, writeWorkload, type Layout } from './workload.js'

export const changeNames = { openssl: 'openssl dgst, new blobs', mab: 'mab run, one changed' } as const

/**
 * A race of its own, with layouts of its own: links that other projects make and remove would make `mab` read a blob
 * again that it knows. Each round's change is one of bytes that no run before has seen.
 */
export function changeRace(directory: string, mab: string): Race {
  mkdirSync(directory, { recursive: true })
  const workload = workloads['W2']!
  const [first, ...others] = writeWorkload(path.join(directory, 'layouts'), workload) as [Layout, ...Layout[]]
  let changed = first
  const place = path.join(directory, 'project')
  const project = makeProject(place, mab, configFor([first, ...others]))
  project.mab('run')
  const hasOpenssl = printed('openssl', ['version']) !== undefined
  return {
    name: 'changed',
    title: 'one of the architectures of W2 changed',
    directory,
    rounds: 5,
    warmUp: false,
    renew: (round) => {
      rmSync(first.directory, { recursive: true })
      changed = writeLayout(first.directory, first.platform, workload, 500_000 + 1000 * round)
    },
    contenders: [
      ...(hasOpenssl ? [opensslOver(changeNames.openssl, () => [changed])] : []),
      {
        ...mabIn(project, mab, changeNames.mab, ['run'], changeNames.openssl),
        check: () => checkImage(path.join(place, output), [changed, ...others]),
      },
    ],
    absent: hasOpenssl ? [] : [`${changeNames.openssl} (openssl is not installed)`],
  }
}
