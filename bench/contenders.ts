/** What a workload is given to: mab in its different situations, and what can be compared with it. */
import { rmSync } from 'node:fs'
import path from 'node:path'
import { blobsOf, checkArchive, checkBlobs, checkHashes, checkImage, expect } from './check.js'
import { makeProject, type Project } from './project.js'
import type { Contender } from './race.js'
import { node, python } from './tools.js'
import type { Layout } from './workload.js'
import type { UserConfig } from '../src/config/types.js'

/** Names, as goals and tables have them. */
export const names = {
  openssl: 'openssl dgst',
  tar: 'tar -cf',
  python: 'python shutil.copy2',
  buildah: 'buildah manifest',
  first: 'mab run',
  verify: 'mab verify',
  fresh: 'mab run, nothing to do',
  archive: 'mab run, archive alone',
} as const

export const output = 'deploy/image-multiarch-oci'
const archive = 'deploy/image.tar'

export function configFor(layouts: readonly Layout[], withArchive = false): UserConfig {
  return {
    platforms: Object.fromEntries(
      layouts.map(({ directory, platform: { os, architecture, variant } }) => [
        keyOf(architecture),
        {
          platform: [os, architecture, variant].filter((part) => part !== undefined).join('/'),
          source: { kind: 'layout', path: directory },
        },
      ]),
    ),
    targets: {
      image: {
        platforms: layouts.map(({ platform }) => keyOf(platform.architecture)),
        ...(withArchive ? { output: { archive } } : {}),
      },
    },
  }
}

/** JavaScript moves keys that are numbers (386) to the front. */
function keyOf(architecture: string): string {
  return `linux-${architecture}`
}

/** @param layouts as they are when it runs */
export function opensslOver(name: string, layouts: () => readonly Layout[]): Contender {
  return {
    name,
    get argv() {
      return ['openssl', 'dgst', '-sha256', '-r', ...blobsOf(layouts()).values()]
    },
    check: (printedText) => checkHashes(printedText, layouts()),
  }
}

export function firstRun(directory: string, mab: string, layouts: readonly Layout[]): Contender {
  const project = makeProject(directory, mab, configFor(layouts))
  return {
    ...mabIn(project, mab, names.first, ['run'], names.openssl),
    check: () => checkImage(path.join(directory, output), layouts),
    reset: () => project.forget(),
  }
}

export function whenDone(directory: string, mab: string, layouts: readonly Layout[]): Contender[] {
  const project = makeProject(directory, mab, configFor(layouts))
  project.mab('run')
  return [
    {
      ...mabIn(project, mab, names.verify, ['verify', output, '--format', 'json'], names.openssl),
      check: (text) => {
        const [report] = JSON.parse(text) as { problems: unknown[]; blobs: unknown[] }[]
        expect('problems', report?.problems, [])
        // The index is a blob too.
        expect('number of blobs', report?.blobs.length, blobsOf(layouts).size + 1)
      },
    },
    {
      ...mabIn(project, mab, names.fresh, ['run'], names.openssl),
      // Other projects link the same blobs, which changes their ctime: that is looked into once, by a run like this.
      prepare: () => void project.mab('run'),
      check: (text) => {
        expectFresh(text)
        checkImage(path.join(directory, output), layouts)
      },
    },
  ]
}

export function archiving(directory: string, mab: string, layouts: readonly Layout[]): Contender[] {
  const project = makeProject(directory, mab, configFor(layouts, true))
  project.mab('run')
  const [made, image, peer] = [archive, output, 'peer.tar'].map((name) => path.join(directory, name)) as [
    string,
    string,
    string,
  ]
  rmSync(made)
  return [
    {
      ...mabIn(project, mab, names.archive, ['run'], names.tar),
      check: () => checkArchive(made, image),
      reset: () => rmSync(made, { force: true }),
    },
    {
      name: names.tar,
      argv: ['tar', '-cf', peer, '-C', image, 'index.json', 'oci-layout', 'blobs'],
      check: () => checkArchive(peer, image),
      reset: () => rmSync(peer, { force: true }),
    },
  ]
}

export function copying(directory: string, layouts: readonly Layout[]): Contender {
  const target = path.join(directory, 'copied')
  return {
    name: names.python,
    baseline: names.openssl,
    argv: [python!, path.resolve('bench/copy2.py'), target, ...layouts.map((layout) => layout.directory)],
    check: () => checkBlobs(target, layouts),
    reset: () => rmSync(target, { recursive: true, force: true }),
  }
}

export function buildah(directory: string, layouts: readonly Layout[], rounds: number): Contender {
  const [root, run, made] = ['root', 'run', 'made'].map((name) => path.join(directory, `buildah-${name}`)) as [
    string,
    string,
    string,
  ]
  const command = `buildah --root '${root}' --runroot '${run}' --storage-driver vfs manifest`
  const lines = [
    `${command} create image`,
    ...layouts.map((layout) => `${command} add image 'oci:${layout.directory}:latest'`),
    `${command} push --quiet --all image 'oci:${made}:latest'`,
  ]
  return {
    name: names.buildah,
    baseline: names.openssl,
    rounds,
    argv: ['sh', '-c', lines.join(' && ')],
    check: () => checkImage(made, layouts),
    reset: () => {
      for (const place of [root, run, made]) rmSync(place, { recursive: true, force: true })
    },
  }
}

export function mabIn(
  project: Project,
  mab: string,
  name: string,
  argv: readonly string[],
  baseline: string,
): Omit<Contender, 'check'> {
  return { name, baseline, argv: [node, mab, ...argv], directory: project.directory }
}

export function expectFresh(text: string): void {
  expect('whether everything is fresh', text.includes('everything is fresh'), true)
}
