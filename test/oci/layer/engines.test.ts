/** The table of docs/verify.md of what container engines refuse holds: for mab, and for each engine that is installed. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { verifyLayout } from '../../../src/oci/verify/verify.js'
import { buildLayout } from '../../rig/layout-builder.js'
import { layerKinds, layerOfKind, lowerLayer } from '../../rig/layer-kinds.js'
import { tarOfDirectory } from '../../rig/tar-builder.js'
import { temporaryDirectory } from '../../rig/temp.js'
import { testWith } from '../../rig/tools.js'
import { valueOf } from '../merge-layouts.js'

const test = suite('engines')
const page = readFileSync('docs/verify.md', 'utf8')
// Without the heads of the columns and the line below them.
const [, , ...rows] = [...page.matchAll(/^\| (.*) \|$/gm)]
  .map(([, row = '']) => row.split(' | ').map((cell) => cell.trim()))
  .filter((row) => row.length === 6)
const kinds = Object.keys(layerKinds)

test('the table lists every kind', () => {
  assert.equal(
    rows.map(([kind]) => kind),
    kinds,
  )
})

function layoutOf(what: string): string {
  const layers = [lowerLayer, layerOfKind(what)]
  return buildLayout({ layers, gzip: true, reference: 'latest' }).directory
}

async function codes(layout: string, strict: boolean): Promise<string> {
  const { problems } = valueOf(await verifyLayout(layout, { deep: true, strict }))
  return [...new Set(problems.map(({ code }) => `\`${code}\``))].join(', ')
}

test('mab reports what the table says', async () => {
  const found: string[][] = []
  for (const what of kinds) {
    const layout = layoutOf(what)
    const [plain, strict] = [await codes(layout, false), await codes(layout, true)]
    found.push([what, plain === '' ? (strict === '' ? 'accepts' : `${strict}, \`--strict\``) : plain])
  }
  assert.equal(
    found,
    rows.map((row) => row.slice(0, 2)),
  )
})

/** @returns why the engine cannot be compared. */
function unusable(program: string, name = program): string | undefined {
  const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' })
  if (status !== 0) return `${program} is not installed`
  const documented = new RegExp(`${name} (\\d[\\d.]*\\d)`).exec(page)?.[1]
  if (!stdout.includes(documented ?? 'none'))
    return `${program} is not the ${documented} of docs/verify.md: ${stdout.trim()}`
  return process.getuid?.() === 0 ? undefined : 'only root may unpack everything'
}

/** Compares a column with what an engine does. */
function compare(column: number, unpacks: (layout: string, number: number) => boolean): void {
  const found = kinds.map((what, number) => [what, unpacks(layoutOf(what), number) ? 'unpacks' : 'refuses'])
  assert.equal(
    found,
    rows.map((row) => [row[0], row[column]]),
  )
}

for (const [column, driver] of [
  [2, 'overlay'],
  [3, 'vfs'],
] as const) {
  testWith(test, unusable('podman'), `podman with the storage driver ${driver} does what the table says`, () => {
    const work = temporaryDirectory()
    const store = ['--root', `${work}/root`, '--runroot', `${work}/run`, '--storage-driver', driver]
    const archive = path.join(work, 'archive.tar')
    compare(column, (layout) => {
      writeFileSync(archive, tarOfDirectory(layout))
      return spawnSync('podman', [...store, 'pull', '-q', `oci-archive:${archive}`]).status === 0
    })
    spawnSync('podman', [...store, 'rmi', '--all', '--force'])
  })
}

testWith(test, unusable('umoci'), 'umoci does what the table says', () => {
  const bundle = path.join(temporaryDirectory(), 'bundle')
  compare(4, (layout) => {
    const { status } = spawnSync('umoci', ['unpack', '--image', `${layout}:latest`, bundle])
    rmSync(bundle, { recursive: true, force: true })
    return status === 0
  })
})

testWith(test, unusable('containerd') ?? unusable('ctr', 'containerd'), 'containerd does what the table says', () => {
  const work = temporaryDirectory()
  const [config, socket] = [path.join(work, 'config.toml'), path.join(work, 'socket')]
  mkdirSync(path.join(work, 'state'))
  writeFileSync(
    config,
    [
      'version = 2',
      `root = "${work}/root"`,
      `state = "${work}/state"`,
      'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
      `[grpc]\naddress = "${socket}"`,
    ].join('\n'),
  )
  const daemon = spawn('containerd', ['--config', config], { stdio: 'ignore' })
  try {
    const ctr = (...args: string[]): boolean =>
      spawnSync('ctr', ['--address', socket, '--connect-timeout', '30s', ...args]).status === 0
    assert.ok(ctr('version'), 'containerd starts')
    compare(5, (layout, number) => {
      const archive = path.join(work, 'archive.tar')
      writeFileSync(archive, tarOfDirectory(layout))
      return ctr('images', 'import', '--snapshotter', 'native', '--index-name', `kind-${number}`, archive)
    })
  } finally {
    daemon.kill('SIGKILL')
  }
})

test.run()
