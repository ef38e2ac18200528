/** One platform's image is another than at the run before: only its bytes need to be read. */
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { checkImage } from './check.js'
import { configFor, mabIn, opensslOver, output } from './contenders.js'
import { workloads } from './merge-race.js'
import { makeProject } from './project.js'
import type { Race } from './race.js'
import { printed } from './tools.js'
import { platforms, writeLayout, writeWorkload } from './workload.js'

export const changeNames = { openssl: 'openssl dgst, new blobs', mab: 'mab run, one changed' } as const

/**
 * A race of its own, with layouts of its own: links that other projects make and remove would make `mab` read a blob
 * again that it knows.
 */
export function changeRace(directory: string, mab: string): Race {
  mkdirSync(directory, { recursive: true })
  const before = writeWorkload(path.join(directory, 'layouts'), workloads['W2']!)
  const changed = writeLayout(path.join(directory, 'changed'), platforms[0]!, workloads['W2']!, 500_000)
  const after = [changed, ...before.slice(1)]
  const place = path.join(directory, 'project')
  const goBack = (): void => void makeProject(place, mab, configFor(before), 'before').mab('run', '-c', 'before.ts')
  const project = makeProject(place, mab, configFor(after))
  goBack()
  const hasOpenssl = printed('openssl', ['version']) !== undefined
  return {
    name: 'changed',
    title: 'one of the architectures of W2 changed',
    directory,
    rounds: 5,
    warmUp: false,
    contenders: [
      ...(hasOpenssl ? [opensslOver(changeNames.openssl, [changed])] : []),
      {
        ...mabIn(project, mab, changeNames.mab, ['run'], changeNames.openssl),
        check: () => checkImage(path.join(place, output), after),
        reset: goBack,
      },
    ],
    absent: hasOpenssl ? [] : [`${changeNames.openssl} (openssl is not installed)`],
  }
}
