/** What the keys of a config mean for each other. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { UserConfig } from '../../../src/config/types.js'
import { validateConfig } from '../../../src/config/validate.js'
import { problemsOf, valueOf } from '../project.js'

const test = suite('config/rules')

const file = '/project/multiarch.config.ts'

type Platforms = NonNullable<UserConfig['platforms']>
type Target = UserConfig['targets'][string]
type Expected = readonly [path: string, message: RegExp, suggestion?: string]

const platforms = (entries: Platforms): UserConfig => ({
  platforms: entries,
  targets: { hello: { platforms: ['x86_64'] } },
})
const target = (entry: Target): UserConfig => ({ targets: { hello: entry } })
const output = (entry: NonNullable<Target['output']>): UserConfig => target({ output: entry })

const layout = { kind: 'layout', path: 'in/arm64' } as const

const broken: Readonly<Record<string, readonly [UserConfig, ...Expected[]]>> = {
  'a platform of no such architecture': [
    platforms({ a: { platform: 'linux/armv9', multiconfig: '' } }),
    ['platforms.a.platform', /^"armv9" is not an architecture that clients know/, 'arm'],
  ],
  'a platform of no such variant': [
    platforms({ a: { platform: 'linux/arm/v9', multiconfig: '' } }),
    ['platforms.a.platform', /"v9" is not a variant of arm: expected v5, v6, v7 or v8$/],
  ],
  'a key that says no platform': [
    platforms({ board: { source: { kind: 'layout', path: 'in' } } }),
    ['platforms.board.platform', /^the key "board" does not say which: set `platform`/],
  ],
  'no place for the image to come from': [
    platforms({ riscv64: {} }),
    ['platforms.riscv64', /^nothing says where the image of "riscv64" comes from: set `multiconfig`/],
  ],
  'a source beside what BitBake needs': [
    platforms({ aarch64: { source: layout, multiconfig: 'a', machine: 'b', deployDirectory: 'c', layout: 'd' } }),
    ['platforms.aarch64.multiconfig', /has a `source`: remove one of the two$/],
    ['platforms.aarch64.machine', /^`machine` is for images that BitBake builds/],
    ['platforms.aarch64.deployDirectory', /^`deployDirectory` is for images/],
    ['platforms.aarch64.layout', /^`layout` is for images/],
    ['platforms.aarch64.deployDirectory', /^`layout` says already/],
  ],
  'a layout and a deploy directory': [
    platforms({ aarch64: { deployDirectory: 'a', layout: 'b' } }),
    ['platforms.aarch64.deployDirectory', /^`layout` says already where the image is/],
  ],
  'an unknown platform': [
    target({ platforms: ['aarch46', 'mips'] }),
    ['targets.hello.platforms.0', /^unknown platform "aarch46"; there are aarch64, x86_64$/, 'aarch64'],
    ['targets.hello.platforms.1', /^unknown platform "mips"/],
  ],
  'a platform twice': [
    target({ platforms: ['aarch64', 'x86_64', 'aarch64'] }),
    ['targets.hello.platforms.2', /^the platform "aarch64" is listed twice$/],
  ],
  'two names of one platform': [
    {
      platforms: { armhf: { multiconfig: 'a' }, board: { platform: 'linux/arm', multiconfig: 'b' } },
      targets: { hello: { platforms: ['armhf', 'board'] } },
    },
    ['targets.hello.platforms.1', /^"armhf" and "board" are both linux\/arm: an index can hold only one/],
  ],
  'two names of one platform, by default': [
    { platforms: { arm64: { multiconfig: 'a' }, aarch64: {} }, targets: { hello: {} } },
    ['targets.hello.platforms', /^"arm64" and "aarch64" are both linux\/arm64/],
  ],
  'a reference that is none': [target({ reference: 'a b' }), ['targets.hello.reference', /^"a b" is no reference/]],
  'outer names of a flat layout': [
    output({ format: 'flat', reference: 'a', name: 'a:b' }),
    ['targets.hello.output.reference', /^a flat layout has no outer entry that could carry `reference`/],
    ['targets.hello.output.name', /could carry `name`/],
  ],
  'further references that are none, or there already': [
    output({ reference: '1.0', references: ['1.0', 'a b', 'x', 'x'] }),
    ['targets.hello.output.references.0', /^the image has the reference "1\.0" already$/],
    ['targets.hello.output.references.1', /^"a b" is no reference/],
    ['targets.hello.output.references.3', /^the image has the reference "x" already$/],
  ],
  'further references of a flat layout': [
    output({ format: 'flat', references: ['a'] }),
    ['targets.hello.output.references', /^a flat layout has no outer entry that could carry `references`/],
  ],
  'a Docker manifest list that is flat': [
    output({ format: 'flat', mediaTypes: 'docker' }),
    ['targets.hello.output.mediaTypes', /^index\.json of a flat layout is an OCI image index/],
  ],
  'a Docker manifest list with annotations': [
    {
      platforms: { aarch64: { annotations: { a: 'b' } }, x86_64: {} },
      targets: { hello: { output: { mediaTypes: 'docker', annotations: { a: 'b' } } } },
    },
    [
      'targets.hello.output.mediaTypes',
      /no annotations: remove `output\.annotations` and those of the platform "aarch64", or use 'oci'$/,
    ],
  ],
  'a Docker manifest list with attestations': [
    output({ mediaTypes: 'docker', attestations: 'keep' }),
    ['targets.hello.output.mediaTypes', /^a Docker manifest list has no annotations, which attestations need/],
  ],
  'a system of a platform that only BitBake knows': [
    platforms({ board: { multiconfig: 'board', osVersion: '6.6' } }),
    ['platforms.board.osVersion', /^`osVersion` belongs to a platform that the config names: set `platform` too$/],
  ],
  'a reference of a source that is none': [
    platforms({ aarch64: { source: { ...layout, reference: 'a b' } } }),
    ['platforms.aarch64.source.reference', /^"a b" is no reference/],
  ],
  'an output reference that is none': [
    output({ reference: '-a' }),
    ['targets.hello.output.reference', /^"-a" is no reference/],
  ],
  'an output reference that is none, and a name': [
    output({ reference: 'a b', name: 'A' }),
    ['targets.hello.output.reference', /^"a b" is no reference/],
    ['targets.hello.output.name', /^"A" is no image name/],
  ],
  'an output reference that is no tag': [
    output({ reference: 'a+b' }),
    ['targets.hello.output', /^the image's default name "localhost\/hello:a\+b" has the tag "a\+b".*; set `name`$/],
  ],
  'a target whose name is no image name': [
    { targets: { Hello: {} } },
    ['targets.Hello.output', /^the image's default name "localhost\/Hello:latest" is no image name.*; set `name`$/],
  ],
  'an image name without a tag': [
    output({ name: 'registry:5000/hello' }),
    ['targets.hello.output.name', /^"registry:5000\/hello" has no tag: expected a colon/],
  ],
  'an image name with a tag that is none': [
    output({ name: 'hello:a+b' }),
    ['targets.hello.output.name', /has the tag "a\+b": expected a colon and up to 128/],
  ],
  'an image name with a scheme': [
    output({ name: 'docker://a/b:c' }),
    ['targets.hello.output.name', /is no image name: expected \[host\[:port\]\/\]path in lower case/],
  ],
  'sources whose beginning cannot be named': [
    target({ sources: ['a/**', '/etc/*', '../b', '!', '!a/*/../b', '{../a,b}/**', '{/a,/b}/**', '..', '!a/../..//'] }),
    ['targets.hello.sources.3', /^the pattern is empty$/],
    ['targets.hello.sources.4', /^"!a\/\*\/\.\.\/b": write "\.\." before the first wildcard$/],
    ['targets.hello.sources.5', /^"\{\.\.\/a,b\}\/\*\*": write one pattern for each place/],
    ['targets.hello.sources.6', /^"\{\/a,\/b\}\/\*\*": write one pattern for each place/],
    ['targets.hello.sources.7', /^"\.\." is a directory: write "\.\.\/\*\*"$/],
    ['targets.hello.sources.8', /^"!a\/\.\.\/\.\.\/\/" is a directory: write "!a\/\.\.\/\.\.\/\*\*"$/],
  ],
  'sources with a bracket that never closes': [
    target({ sources: ['a/[b', 'a/{b,c', '!@(a|b', '(a', 'a/[b]{c,d}@(e|f)\\[g', 'a\\(b/**', '[[]x', '[{(]'] }),
    ['targets.hello.sources.0', /^"a\/\[b" is malformed: "\[" is never closed/],
    ['targets.hello.sources.1', /^"a\/\{b,c" is malformed: "\{" is never closed/],
    ['targets.hello.sources.2', /^"!@\(a\|b" is malformed: "\(" is never closed/],
    ['targets.hello.sources.3', /^"\(a" is malformed: "\(" is never closed; a backslash before it means the character/],
  ],
  'sources with a range that runs backwards': [
    target({ sources: ['[z-a]*', 'a/[!b-x9-0]', '[a-z-]*', '[--/]x', '[]a-z]', '[[:alpha:]-]', '\\[z-a]', '[\\!-~]'] }),
    ['targets.hello.sources.0', /^"\[z-a\]\*" is malformed: the range "z-a" runs backwards/],
    ['targets.hello.sources.1', /^"a\/\[!b-x9-0\]" is malformed: the range "9-0" runs backwards/],
  ],
  'sources that only exclude': [
    target({ sources: ['!a', '!b'] }),
    ['targets.hello.sources', /^only exclusions: name what to include first$/],
  ],
  'the project itself as output': [
    output({ directory: '.' }),
    ['targets.hello.output.directory', /^\/project is not inside the project: .* stay below \/project$/],
  ],
  'outputs outside the project': [
    output({ directory: 'a/../../b', archive: '/tmp/x.tar' }),
    ['targets.hello.output.directory', /^\/b is not inside the project/],
    ['targets.hello.output.archive', /is not inside the project/],
  ],
  'outputs in the state directory': [
    output({ directory: '.mab', archive: './.mab/x.tar' }),
    ['targets.hello.output.directory', /^"\.mab" is inside \.mab, which may be deleted at any time$/],
    ['targets.hello.output.archive', /^"\.mab\/x\.tar" is inside \.mab/],
  ],
  'outputs in places of other things': [
    output({ directory: '.git/x', archive: 'multiarch.config.ts' }),
    ['targets.hello.output.directory', /^"\.git\/x" is no place for an output$/],
    ['targets.hello.output.archive', /^"multiarch\.config\.ts" is no place for an output$/],
  ],
  'an output that holds the build directory': [
    { build: { directory: 'yocto/build' }, targets: { hello: { output: { directory: 'yocto' } } } },
    ['targets.hello.output.directory', /^"yocto" holds the build directory$/],
  ],
  'a platform whose key is a number': [
    { platforms: { 386: { platform: 'linux/386', multiconfig: 'x' } }, targets: { hello: {} } },
    ['platforms.386', /moves keys that are numbers to the front/],
  ],
  'one directory for two targets': [
    { targets: { a: { output: { directory: 'out' } }, b: { output: { directory: './out/' } } } },
    ['targets.b.output.directory', /^"out" is already written by the target "a"$/],
  ],
  "another target's default directory": [
    { targets: { a: {}, b: { output: { directory: 'deploy/a-multiarch-oci' } } } },
    ['targets.b.output.directory', /already written by the target "a"$/],
  ],
  'one archive for two targets': [
    { targets: { a: { output: { archive: 'x.tar' } }, b: { output: { archive: 'x.tar' } } } },
    ['targets.b.output.archive', /^"x\.tar" is already written by the target "a"$/],
  ],
  'an archive in its own directory': [
    output({ directory: 'out', archive: 'out/x.tar' }),
    ['targets.hello.output.archive', /^"out\/x\.tar" and out of this target lie one in the other$/],
  ],
  'a directory around another': [
    { targets: { a: { output: { directory: 'deploy/a' } }, b: { output: { directory: 'deploy' } } } },
    ['targets.b.output.directory', /^"deploy" and deploy\/a of the target "a" lie one in the other$/],
  ],
  'an output that is a source': [
    {
      platforms: { aarch64: { source: layout }, riscv64: { source: { kind: 'layout', path: 'in/riscv64.tar' } } },
      targets: { hello: { output: { directory: './in/arm64', archive: 'in/riscv64.tar' } } },
    },
    ['targets.hello.output.directory', /^the output is also the source of the platform "aarch64"/],
    ['targets.hello.output.archive', /^the output is also the source of the platform "riscv64"/],
  ],
  'several things in several places': [
    {
      platforms: { board: {} },
      targets: { a: { platforms: ['nope'], sources: ['*/..'] }, B: { output: { directory: '../x' } } },
    },
    ['platforms.board.platform', /does not say which/],
    ['platforms.board', /^nothing says where/],
    ['targets.a.platforms.0', /^unknown platform/],
    ['targets.a.sources.0', /before the first wildcard/],
    ['targets.B.output', /is no image name/],
    ['targets.B.output.directory', /is not inside the project/],
  ],
}

for (const [name, [raw, ...expected]] of Object.entries(broken)) {
  test(`refuses ${name}`, () => {
    const problems = problemsOf(validateConfig(raw, file))
    const found = problems.map((problem) => (problem.code === 'config-invalid' ? problem : assert.unreachable()))
    assert.equal(
      found.map((problem) => problem?.path.join('.')),
      expected.map(([path]) => path),
    )
    expected.forEach(([, message, suggestion], position) => {
      assert.match(found[position]?.message ?? '', message)
      assert.is(found[position]?.suggestion, suggestion)
    })
  })
}

const good: Readonly<Record<string, UserConfig>> = {
  'the smallest config': { targets: { hello: {} } },
  'an overridden built-in machine': platforms({ aarch64: { machine: 'genericarm64' } }),
  'an overridden built-in multiconfig': platforms({ x86_64: { multiconfig: '' } }),
  'a layout for a built-in platform': platforms({ aarch64: { source: layout } }),
  'a platform by its architecture': platforms({ riscv64: { multiconfig: 'riscv' }, armv7: { source: layout } }),
  'a platform by a name of its own': platforms({
    board: { platform: 'linux/arm/v6', multiconfig: 'b', layout: 'x/*' },
  }),
  'a platform of another system': platforms({ w: { platform: 'windows/amd64', source: layout } }),
  'two keys of one platform that no target has both of': {
    platforms: { a: { platform: 'linux/arm64', multiconfig: 'a' }, b: { platform: 'linux/arm64', multiconfig: 'b' } },
    targets: { a: { platforms: ['a'] }, b: { platforms: ['b'] } },
  },
  'a reference that is no tag, with a name': output({ reference: 'rel/1.0+b', name: 'r.example:5000/a/b_c:1.0' }),
  'a flat layout of a target whose name is no image name': { targets: { Hello: { output: { format: 'flat' } } } },
  'neighbouring outputs': {
    targets: { a: { output: { directory: 'out/a', archive: 'out/a.tar' } }, b: { output: { directory: 'out/a-b' } } },
  },
  'sources with exclusions': target({ sources: ['layers/**/*.{bb,inc}', '!layers/x/**', 'a..b/*'] }),
  'a task with do_': target({ task: 'do_image_complete', manual: true, reference: '1.0' }),
}
for (const [name, raw] of Object.entries(good)) {
  test(`takes ${name}`, () => {
    valueOf(validateConfig(raw, file))
  })
}

test.run()
