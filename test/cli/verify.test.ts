import { chmodSync, rmSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { verifyReportsSchema } from '../../src/oci/verify/verify-schema.js'
import { artifacts } from '../rig/artifacts.js'
import { elfs } from '../rig/elf-builder.js'
import { buildLayout, flipByte } from '../rig/layout-builder.js'
import { tarOfEntries } from '../rig/tar-builder.js'
import { temporaryDirectory } from '../rig/temp.js'
import { helloConfig, mabIn, makeProject } from './fixture.js'

const test = suite('mab verify')
const output = 'deploy/hello-multiarch-oci'

test('says what is in a good image', () => {
  const { mab } = makeProject()
  mab('run')
  const { code, stdout } = mab('verify', 'hello')
  assert.is(code, 0)
  assert.match(stdout, /^deploy\/hello-multiarch-oci: ok\n {2}index sha256:[0-9a-f]{64} \(latest\)\n/)
  assert.match(stdout, /^ {2}linux\/arm64 sha256:[0-9a-f]{64}: 1 layer, /m)
  assert.match(stdout, /^ {2}7 blobs, /m)
})

test('checks any layout or archive, with no config near', () => {
  const { mab, file } = makeProject(helloConfig({ archive: 'deploy/hello.tar' }))
  mab('run')
  rmSync(file('multiarch.config.json'))
  const { code, stdout } = mab('verify', output, 'deploy/hello.tar')
  assert.is(code, 0)
  assert.match(stdout, /deploy\/hello\.tar: ok/)
})

test('a target must hold exactly its platforms', () => {
  const { mab, configure } = makeProject()
  mab('run')
  const config = helloConfig() as { targets: { hello: { platforms: string[] } }; platforms?: object }
  config.platforms = { riscv64: { multiconfig: 'container-riscv64' } }
  config.targets.hello.platforms = ['aarch64', 'riscv64']
  configure(config)
  const { code, stdout } = mab('verify', 'hello')
  assert.is(code, 1)
  assert.match(
    stdout,
    /missing platform[^]*expected: an image for linux\/riscv64\n {2}found: linux\/arm64, linux\/amd64/,
  )
  assert.match(stdout, /unexpected platform[^]*found: linux\/amd64/)
})

test('every problem is reported, as text and as data with codes and places', () => {
  const { mab, file } = makeProject()
  const layout = buildLayout([{ architecture: 'arm64', layers: ['a', 'b'] }, { architecture: 'amd64' }], {
    directory: file('layout'),
  })
  flipByte(layout.file(layout.images[0]!.layers[1]!))
  rmSync(layout.file(layout.images[1]!.config))
  const text = mab('verify', 'layout')
  assert.is(text.code, 1)
  assert.match(text.stdout, /layout: 2 problems/)
  assert.match(
    text.stdout,
    /corrupt blob in layout\n {2}at: index\.json -> manifests\[0\] sha256:\w{12} \(linux\/arm64\) -> layers\[1\] sha256:/,
  )
  const [report] = JSON.parse(mab('verify', 'layout', '--format', 'json').stdout) as {
    problems: { code: string; expected: string }[]
  }[]
  assert.equal(report!.problems.map(({ code }) => code).toSorted(), ['blob-digest', 'blob-missing'])
})

test('what is printed as JSON is what the schema says', () => {
  const { mab, file } = makeProject()
  const programs = tarOfEntries([{ name: 'bin/tool', content: elfs.amd64 }])
  const encrypted = 'application/vnd.oci.image.layer.v1.tar+encrypted'
  const built = buildLayout(
    {
      entries: [
        { layers: [programs], reference: 'a' },
        { architecture: 'arm64', layers: [programs], gzip: true },
        { architecture: 's390x', editManifest: ({ layers }) => (layers[0].mediaType = encrypted) },
        { architecture: 'riscv64' },
        artifacts['a chart of Helm']!.image,
      ],
    },
    { directory: file('layout'), garbage: 1 },
  )
  rmSync(built.file(built.images[3]!.digest))
  const { code, stdout } = mab('verify', 'layout', 'nowhere/', '--format', 'json', '--deep', '--strict')
  assert.is(code, 1)
  const [report, nothing] = verifyReportsSchema.parse(JSON.parse(stdout))
  assert.equal([report!.deep, report!.strict, report!.index], [true, true, built.indexes[0]])
  assert.equal(
    report!.images.map(({ programs: found }) => found),
    [1, 1, 0],
  )
  assert.is(report!.unread[0]!.mediaType, encrypted)
  assert.equal(
    report!.problems.map(({ code: found }) => found),
    ['file-platform', 'blob-missing'],
  )
  assert.equal(
    report!.absentEntries.map(({ platform }) => platform),
    ['linux/riscv64'],
  )
  assert.is(report!.artifacts[0]!.type, 'application/vnd.cncf.helm.config.v1+json')
  assert.equal(report!.problems[0]!.at.slice(-1), ['bin/tool'])
  assert.is(nothing!.problems[0]!.code, 'layout-unreadable')
})

test('text names the file of another platform, with its layer', () => {
  const { mab, file } = makeProject()
  const layers = [tarOfEntries([{ name: 'usr/bin/tool', content: elfs.amd64 }])]
  buildLayout({ architecture: 'arm64', layers }, { directory: file('layout') })
  assert.is(mab('verify', 'layout').code, 0)
  const { code, stdout } = mab('verify', 'layout', '--deep')
  assert.is(code, 1)
  assert.match(
    stdout,
    /error: program of another platform in layout\n {2}at: .* -> layers\[0\] \S+ -> usr\/bin\/tool\n/,
  )
  assert.match(stdout, /expected: code for arm64\n {2}found: code for amd64/)
})

test('programs for other platforms are allowed by option and by config, and the text says so', () => {
  const { mab, file, configure } = makeProject()
  const layers = [tarOfEntries([{ name: 'opt/go/testdata/x', content: elfs.amd64 }])]
  buildLayout({ architecture: 'arm64', layers }, { directory: file('layout') })
  const allowed = mab('verify', 'layout', '--deep', '--allow-foreign', 'opt/go/**', '--allow-foreign', 'usr/*')
  assert.is(allowed.code, 0)
  assert.match(allowed.stdout, /note: "opt\/go\/\*\*" allows 1 file for other platforms\n/)
  assert.match(allowed.stdout, /note: "usr\/\*" matches no file for other platforms\n/)
  const [report] = JSON.parse(mab('verify', 'layout', '--deep', '--allow-foreign', 'opt/**', '--format', 'json').stdout)
  assert.equal(report.allowedForeign, [{ pattern: 'opt/**', files: 1 }])

  const shallow = mab('verify', 'layout', '--allow-foreign', 'opt/**')
  assert.is(shallow.code, 2)
  assert.match(shallow.stderr, /--allow-foreign has an effect with --deep only: add --deep/)
  const malformed = mab('verify', 'layout', '--deep', '--allow-foreign', 'opt/[a')
  assert.is(malformed.code, 2)
  assert.match(malformed.stderr, /--allow-foreign "opt\/\[a" is malformed: "\[" is never closed/)

  const config = helloConfig() as { targets: { hello: { verify?: object } } }
  config.targets.hello.verify = { allowForeign: ['usr/lib/**'] }
  configure(config)
  mab('run')
  assert.match(mab('verify', 'hello', '--deep').stdout, /note: "usr\/lib\/\*\*" matches no file for other platforms/)
  config.targets.hello.verify = { allowForeign: ['../x'] }
  configure(config)
  const wrong = mab('verify', 'hello')
  assert.is(wrong.code, 2)
  assert.match(wrong.stderr, /"\.\.\/x" is malformed: paths start at the root of the image/)
})

test('says what to do about it, and speaks of mab only where mab wrote the layout', () => {
  const { mab, file } = makeProject()
  const built = buildLayout(
    { entries: [{ editConfig: (config) => (config['architecture'] = 'arm64') }] },
    { directory: file('layout') },
  )
  chmodSync(built.file(built.images[0]!.digest), 0o600)
  const { stdout } = mab('verify', 'layout')
  assert.match(
    stdout,
    /image of another platform[^]*next: build the image for the platform .*, or correct the platform/,
  )
  assert.match(stdout, /note: only their owner can read 1 blob: chmod -R a\+rX layout\n/)
  assert.match(mab('verify', './nothing').stdout, /found: no such file or directory\n {2}next: correct the path: /)
})

test('a name in an image config is corrected in the image, not in the index', () => {
  const { mab, file } = makeProject()
  buildLayout({ architecture: 'aarch64' }, { directory: file('kirkstone') })
  assert.is(mab('verify', 'kirkstone').code, 0)
  const { stdout } = mab('verify', '--strict', 'kirkstone')
  assert.match(stdout, /the image config says linux\/aarch64\n {2}next: build the image with the expected name/)
})

test('an image for unknown/unknown is an attestation to clients', () => {
  const { mab, file } = makeProject()
  buildLayout({ os: 'unknown', architecture: 'unknown' }, { directory: file('unknown') })
  const found = /image config says unknown\/unknown: in an index, "unknown" marks an attestation/
  assert.match(mab('verify', 'unknown').stdout, found)
  assert.match(mab('merge', '-o', 'out', 'unknown').stderr, found)
})

test('names say which image they lead to, and one of them can be looked at alone', () => {
  const { mab, file } = makeProject()
  buildLayout([{ reference: 'one' }, { reference: 'two', layers: ['another'] }], { directory: file('multi') })
  const both = mab('verify', 'multi')
  assert.is(both.code, 0)
  assert.match(both.stdout, /^multi: ok\n {2}linux\/amd64 sha256:\w{64}: .* \(one\)\n {2}linux\/amd64 .* \(two\)\n/)
  for (const command of ['verify', 'inspect']) {
    const { code, stdout } = mab(command, 'oci:multi:two')
    assert.is(code, 0)
    assert.match(stdout, /two/)
    assert.not.match(stdout, /\bone\b/)
    const none = mab(command, 'oci:multi:three')
    assert.is(none.code, 1)
    assert.match(
      none.stdout + none.stderr,
      /no such reference in multi[^]*expected: the reference "three"\n {2}found: one, two/,
    )
  }
})

test('a path that leads nowhere is told as such, with a config or without', () => {
  const { mab, file } = makeProject()
  rmSync(file('multiarch.config.json'))
  for (const command of ['verify', 'inspect']) {
    for (const operand of ['nothing', './nothing', 'oci:nothing:latest']) {
      const { code, stdout, stderr } = mab(command, operand)
      assert.is(code, 1)
      assert.match(stdout + stderr, /not a readable OCI layout in nothing\n[^]*found: no such file or directory/)
    }
    for (const operand of ['', 'oci:', 'oci:x:'])
      assert.match(mab(command, operand).stderr, /expected a target, LAYOUT/)
  }
})

test('what is neither target nor file is told apart from a broken image', () => {
  const { mab } = makeProject()
  const unknown = mab('verify', 'helo')
  assert.is(unknown.code, 2)
  assert.match(unknown.stderr, /unknown target "helo"[^]*did you mean "hello"\?/)
  const unbuilt = mab('verify')
  assert.is(unbuilt.code, 1)
  assert.match(unbuilt.stdout, /no such file or directory\n {2}next: mab run hello\n/)
})

test('a next step finds the config that was named', () => {
  const { directory } = makeProject()
  const elsewhere = temporaryDirectory()
  const config = path.join(elsewhere, 'a link', 'multiarch.config.json')
  symlinkSync(directory, path.dirname(config))
  for (const [command, operand] of [
    ['verify', 'hello'],
    ['inspect', 'hello'],
    ['verify', 'hell'],
    ['run', 'hell'],
  ] as const) {
    const { stdout, stderr } = mabIn(elsewhere, {}, [command, operand, '-c', 'a link/multiarch.config.json'])
    const next = operand === 'hello' ? 'run hello' : 'list'
    assert.match(stdout + stderr, `next: mab ${next} -c 'a link/multiarch.config.json'\n`)
  }
})

test.run()
