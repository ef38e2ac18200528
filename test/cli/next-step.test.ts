/** The next step that `mab verify` names for a layout that it cannot read: typed as it is, it must help. */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { remedyForError } from '../../src/oci/read/remedies.js'
import { wordRemedy } from '../../src/report/words/remedy-words.js'
import { buildLayout, type BuiltLayout } from '../rig/layout-builder.js'
import { temporaryDirectory } from '../rig/temp.js'
import { missingTool, testWith } from '../rig/tools.js'
import { mabIn, mabProgram, type Finished } from './fixture.js'

const test = suite('next steps')

/** Names that a shell would take apart. */
const odd = "it's a dir"

interface Place {
  /** Where the user is. */
  readonly cwd: string
  /** Of the directory with the odd name. */
  file(...parts: readonly string[]): string
  verify(operand: string, ...options: readonly string[]): Finished
  /** Verifies, types the proposed command, and returns it. */
  follow(operand: string): string
}

function place(): Place {
  const cwd = temporaryDirectory()
  mkdirSync(path.join(cwd, odd))
  const verify = (operand: string, ...options: readonly string[]): Finished =>
    mabIn(cwd, {}, ['verify', operand, ...options])
  return {
    cwd,
    file: (...parts) => path.join(cwd, odd, ...parts),
    verify,
    follow(operand) {
      const { code, stdout } = verify(operand)
      assert.is(code, 1, stdout)
      const next = /^ {2}next: [^:]*: (.*?)(?: \(.*\)|; or .*)?$/m.exec(stdout)?.[1]
      assert.ok(next !== undefined, stdout)
      const { status, stderr } = spawnSync('sh', ['-c', next], { cwd, encoding: 'utf8' })
      assert.is(status, 0, `${next}\n${stderr}`)
      const [report] = JSON.parse(verify(operand, '--format', 'json').stdout || '[]') as [
        { problems: { next?: string }[] },
      ]
      assert.not.ok(report?.problems.some((problem) => 'remedy' in problem))
      return next
    },
  }
}

function layoutAt(directory: string): BuiltLayout {
  return buildLayout({ reference: 'latest', layers: ['one', 'two'] }, { directory })
}

function tarOf(directory: string, file: string): string {
  execFileSync('tar', ['-cf', file, '-C', directory, '.'])
  return file
}

for (const [tool, ending, pack] of [
  ['gzip', '.tar.gz', ['gzip']],
  ['gzip', '', ['gzip']],
  ['xz', '.tar.xz', ['xz']],
  ['bzip2', '.tbz2', ['bzip2']],
  ['zstd', '.tar.zst', ['zstd', '-q', '--rm']],
] as const) {
  testWith(test, missingTool(tool), `an archive compressed by ${tool} with a name that ends in "${ending}"`, () => {
    const { file, follow, verify } = place()
    layoutAt(file('layout'))
    const tar = tarOf(file('layout'), file('-x.tar'))
    const packed = spawnSync(pack[0], [...pack.slice(1), '-c', '--', tar], { maxBuffer: 1e8 })
    assert.is(packed.status, 0, packed.stderr.toString())
    writeFileSync(file(`x${ending}`), packed.stdout)
    const command = follow(`${odd}/x${ending}`)
    assert.is(verify(`${odd}/x.tar`).code, 0, command)
  })
}

const skopeo = missingTool('skopeo')

testWith(test, skopeo, "a directory of skopeo's transport dir: is converted", () => {
  const { cwd, file, follow, verify } = place()
  layoutAt(file('layout'))
  execFileSync('skopeo', ['--insecure-policy', 'copy', '-q', `oci:${odd}/layout:latest`, `dir:${odd}/skopeo-dir`], {
    cwd,
  })
  assert.match(verify(`${odd}/skopeo-dir`).stdout, "found: a directory of skopeo's transport dir:")
  const { stdout } = verify(`${odd}/skopeo-dir`)
  assert.match(stdout, `skopeo copy --all 'dir:it'\\''s a dir/skopeo-dir' 'oci:it'\\''s a dir/skopeo-dir-oci'`)
  follow(`${odd}/skopeo-dir`)
  assert.is(verify(`${odd}/skopeo-dir-oci`).code, 0)
})

testWith(test, skopeo, "Docker's archives are converted, also with an index.json that lists nothing", () => {
  const { cwd, file, follow, verify } = place()
  layoutAt(file('layout'))
  const target = `docker-archive:${file('saved.tar')}:localhost/app:1`
  execFileSync('skopeo', ['--insecure-policy', 'copy', '-q', `oci:${odd}/layout:latest`, target], { cwd })
  follow(`${odd}/saved.tar`)
  assert.is(verify(`${odd}/saved-oci`).code, 0)
  // Docker 25.
  mkdirSync(file('unpacked'))
  execFileSync('tar', ['-xf', file('saved.tar'), '-C', file('unpacked')])
  writeFileSync(file('unpacked/index.json'), '{"schemaVersion":2,"manifests":null}')
  writeFileSync(file('unpacked/oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  tarOf(file('unpacked'), file('docker25.tar'))
  follow(`${odd}/docker25.tar`)
  assert.is(verify(`${odd}/docker25-oci`).code, 0)
})

test('an index.json that is a link to a file of another name: a copy has files', () => {
  const { file, follow, verify } = place()
  layoutAt(file('layout'))
  renameSync(file('layout/index.json'), file('abc-index'))
  symlinkSync('../abc-index', file('layout/index.json'))
  follow(`${odd}/layout`)
  assert.is(verify(`${odd}/layout-copy`).code, 0)
})

for (const name of [
  (hex: string) => `blobs/${hex}`,
  (hex: string) => `blobs/sha256.${hex}`,
  (hex: string) => `blobs/sha256:${hex}`,
  (hex: string) => hex.toUpperCase(),
]) {
  test(`a blob at ${name('<hex>')} is found and moved`, () => {
    const { file, follow, verify } = place()
    const { images } = layoutAt(file('layout'))
    const hex = images[0]!.layers[1]!.split(':')[1]!
    renameSync(file('layout/blobs/sha256', hex), file('layout', name(hex)))
    assert.match(verify(`${odd}/layout`).stdout, `no such file at blobs/sha256/${hex}, but there is ${name(hex)}`)
    follow(`${odd}/layout`)
    assert.is(verify(`${odd}/layout`).code, 0)
  })
}

test('a blob of an archive that is at another place is moved after unpacking', () => {
  const { file, follow, verify } = place()
  const { images } = layoutAt(file('layout'))
  const [first, second] = images[0]!.layers.map((layer) => layer.split(':')[1]!)
  renameSync(file('layout/blobs/sha256', first!), file('layout/blobs', first!))
  renameSync(file('layout/blobs/sha256', second!), file('layout', `sha256:${second}`))
  tarOf(file('layout'), file('x.tar'))
  follow(`${odd}/x.tar`)
  follow(`${odd}/x-unpacked`)
  assert.is(verify(`${odd}/x-unpacked`).code, 0)
})

test('a part of a blob is named and not moved', () => {
  const { file, verify } = place()
  const { images } = layoutAt(file('layout'))
  const hex = images[0]!.layers[1]!.split(':')[1]!
  renameSync(file('layout/blobs/sha256', hex), file('layout/blobs/sha256', `${hex}.part`))
  const { stdout } = verify(`${odd}/layout`)
  assert.match(stdout, `but there is blobs/sha256/${hex}.part`)
  assert.not.match(stdout, 'mv ')
})

/** `mab verify` as a user who may not read everything: as root, somebody else; else the modes forbid it to this one. */
function verifyAsOther(cwd: string, operand: string): string {
  const isRoot = process.getuid?.() === 0
  const ids = isRoot ? { uid: 65534, gid: 65534 } : {}
  const env = { ...process.env, NO_COLOR: '1', CI: '' }
  return spawnSync(process.execPath, [mabProgram, 'verify', operand], { cwd, env, encoding: 'utf8', ...ids }).stdout
}

test('blobs that another user wrote for itself alone, as umoci does: chmod, not another layout', () => {
  const { cwd, file } = place()
  // As root this user is another one, to which 0600 is closed; else it is the owner.
  const closed = process.getuid?.() === 0 ? 0o600 : 0
  for (const directory of [cwd, file('.')]) chmodSync(directory, 0o755)
  const { images } = layoutAt(file('layout'))
  const blob = file('layout/blobs', ...images[0]!.layers[1]!.split(':'))
  chmodSync(blob, closed)
  const said = verifyAsOther(cwd, `${odd}/layout`)
  assert.match(said, /unreadable blob in [^]*EACCES/)
  const command = /next: as its owner or root: (.*); or run mab/.exec(said)?.[1]
  assert.is(command, `chmod -R a+rX 'it'\\''s a dir/layout'`)
  execFileSync('sh', ['-c', command!], { cwd })
  assert.match(verifyAsOther(cwd, `${odd}/layout`), /layout: ok\n/)
  chmodSync(file('layout'), closed)
  assert.match(verifyAsOther(cwd, `${odd}/layout`), /not a readable OCI layout in [^]*chmod -R a\+rX/)
  chmodSync(file('layout'), 0o755)
  tarOf(file('layout'), file('x.tar'))
  chmodSync(file('x.tar'), closed)
  assert.match(verifyAsOther(cwd, `${odd}/x.tar`), `chmod a+r 'it'\\''s a dir/x.tar'`)
  chmodSync(file('.'), closed)
  assert.match(verifyAsOther(cwd, `${odd}/x.tar`), `chmod a+x 'it'\\''s a dir'`)
  chmodSync(file('.'), 0o755)
})

test("an error of the system is not the layout's fault", () => {
  const show = (file: string): string => file
  const nextFor = (code: string): string => {
    const { remedy } = remedyForError(Object.assign(new Error(code), { code }), '/layout')
    return remedy === undefined ? '' : wordRemedy(remedy, show)
  }
  assert.match(nextFor('EMFILE'), 'ulimit -n')
  assert.match(nextFor('ENFILE'), 'fs.file-max')
  assert.match(nextFor('EIO'), 'dmesg')
  assert.match(nextFor('ESTALE'), 'network file system')
  assert.match(nextFor('ENOENT'), 'removed while mab was reading')
  assert.is(nextFor('EISDIR'), '')
})

test.run()
