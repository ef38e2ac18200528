/** How long mab takes to find out that there is nothing to do, beside Node alone. */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from './check.js'
import { expectFresh } from './contenders.js'
import { idlePeers } from './idle-peers.js'
import { makeProject } from './project.js'
import type { Contender, Race } from './race.js'
import { node } from './tools.js'
import { platforms, writeLayout } from './workload.js'
import type { UserConfig } from '../src/config/types.js'

export const startNames = {
  node: 'node -e 0',
  version: 'mab --version',
  one: 'mab run, nothing to do: 1 target, 2 platforms, 200 sources',
  many: 'mab run, nothing to do: 20 targets, 4 platforms, 2000 sources',
  huge: 'mab run, nothing to do: 500 targets, 4 platforms, 20000 sources',
} as const

const bareNode: Contender = { name: startNames.node, argv: [node, '-e', '0'], check: () => {} }

export function startRace(directory: string, mab: string): Race {
  const version: Contender = {
    name: startNames.version,
    baseline: startNames.node,
    argv: [node, mab, '--version'],
    check: (text) => expect('whether it is a version', /^\d+\.\d+\.\d+\n$/.test(text), true),
  }
  const idle = (name: string, place: string, targets: number, architectures: number, sources: number): Contender => ({
    name,
    baseline: startNames.node,
    argv: [node, mab, 'run'],
    directory: bitbakeProject(path.join(directory, place), mab, targets, architectures, sources),
    check: expectFresh,
  })
  const peers = idlePeers(path.join(directory, 'peers'), 200, { baseline: startNames.node })
  const contenders: Contender[] = [
    bareNode,
    version,
    idle(startNames.one, 'one', 1, 2, 200),
    idle(startNames.many, 'many', 20, 4, 2000),
    idle(startNames.huge, 'huge', 500, 4, 20_000),
    ...peers.contenders,
  ]
  return { name: 'start', title: 'start-up', directory, rounds: 15, warmUp: true, contenders, absent: peers.absent }
}

/** Images that BitBake deployed, by the conventions of OE-core, and that are merged already. */
function bitbakeProject(
  directory: string,
  mab: string,
  targetCount: number,
  architectures: number,
  sources: number,
): string {
  const build = path.join(directory, 'build')
  mkdirSync(path.join(build, 'conf'), { recursive: true })
  writeFileSync(path.join(build, 'conf', 'bblayers.conf'), '')
  writeFileSync(path.join(directory, 'scenario.json'), '{}')
  const targets = Array.from({ length: targetCount }, (_, number) => `image-${number}`)
  const used = platforms.slice(0, architectures)
  targets.forEach((target, number) => {
    for (const [position, platform] of used.entries()) {
      const { architecture } = platform
      const deployed = path.join(build, `tmp-${architecture}/deploy/images/qemu${architecture}/${target}-latest-oci`)
      writeLayout(deployed, platform, { layers: 3, layerSize: 1000 }, 100 * number + 10 * position)
    }
    const layer = path.join(directory, 'layers', target)
    mkdirSync(layer, { recursive: true })
    for (let file = 0; file < sources / targetCount; file++) {
      writeFileSync(path.join(layer, `recipe-${file}.bb`), `SUMMARY = "${file}"\n`.repeat(40))
    }
  })
  const config: UserConfig = {
    build: {
      command: [node, path.resolve('test/rig/fake-bitbake.mjs')],
      environment: { FAKE_BITBAKE: path.join(directory, 'scenario.json') },
    },
    platforms: Object.fromEntries(
      used.map(({ architecture, variant }) => [
        architecture,
        {
          platform: ['linux', architecture, variant].filter((part) => part !== undefined).join('/'),
          multiconfig: architecture,
          machine: `qemu${architecture}`,
          // Else BitBake is asked, and once for each recipe.
          deployDirectory: `build/tmp-${architecture}/deploy/images/qemu${architecture}`,
        },
      ]),
    ),
    targets: Object.fromEntries(targets.map((target) => [target, { sources: [`layers/${target}/**`] }])),
  }
  const project = makeProject(directory, mab, config)
  project.mab('run')
  // What was written a moment ago is told by its content; a second run records it as it stays.
  project.mab('run')
  return directory
}
