/** The wording of everything that can go wrong: nothing that a problem knows may be missing from its text. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Notice } from '../../../src/problem/notice.js'
import type { Reason } from '../../../src/plan/reason.js'
import { wordNotice } from '../../../src/report/words/notice-words.js'
import { wordReason } from '../../../src/report/words/reason-words.js'
import { pathShower, visible } from '../../../src/report/words/wording.js'
import { wordProblem } from '../../../src/report/words/words.js'
import type { BitbakeCause } from '../../../src/problem/bitbake-problem.js'
import { layoutProblemCodes, type LayoutProblem, type Problem } from '../../../src/problem/problem.js'

const test = suite('report/words')

const show = pathShower('/project')

type Coded = Exclude<Problem, LayoutProblem>
type Examples<P extends { readonly code: string }> = {
  readonly [C in P['code']]: readonly Omit<Extract<P, { code: C }>, 'code'>[]
}

const file = '/project/multiarch.config.ts'
const log = '/project/.mab/logs/x.log'
const arm64 = { target: 'hello', platform: 'linux/arm64' }

/** One for each code; more where the wording depends on what is known. The compiler asks for new ones. */
const examples: Examples<Coded> = {
  usage: [
    { message: 'unknown option --fast', command: 'run', suggestion: '--force' },
    { message: 'unknown command "rnu"' },
  ],
  'config-not-found': [{ directory: '/elsewhere', names: ['multiarch.config.ts', 'multiarch.config.yaml'] }],
  'config-exists': [{ file: '/project/multiarch.config.ts' }],
  'config-ambiguous': [{ directory: '/project', found: ['multiarch.config.ts', 'multiarch.config.json'] }],
  'config-unreadable': [
    { file, found: 'no such file', named: true, kind: 'missing' },
    { file, found: 'a symbolic link to x', named: false, kind: 'dangling-link' },
    { file, found: 'not a file', named: false, kind: 'unsuitable' },
    { file, found: 'permission denied', named: false, kind: 'permission' },
    { file, found: 'too many open files', named: false, kind: 'system' },
  ],
  'compiler-unusable': [
    { file, found: 'this installation has no binary of esbuild for linux-arm64', chosen: false },
    { file, found: 'spawn ENOENT', program: '/x/esbuild', chosen: true },
  ],
  'config-broken': [
    { file, line: 3, column: 14, message: 'Expected "}"', frame: '3 | a b\n  |   ^' },
    { file, line: 3, message: 'Expected "}"' },
    { file, message: 'there is no default export' },
  ],
  'config-invalid': [
    { file, path: ['targets', 'a-b', 'platforms', 0], message: 'unknown platform', suggestion: 'aarch64' },
    { file, path: [], message: 'expected an object' },
  ],
  'unknown-target': [
    { name: 'helo', known: [], suggestion: 'hello' },
    { name: 'x', known: ['hello', 'base'] },
  ],
  'unknown-platform': [
    { name: 'aarch46', known: [], suggestion: 'aarch64' },
    { name: 'x', known: ['aarch64', 'x86_64'] },
  ],
  'platform-not-in-target': [{ name: 'linux/riscv64', target: 'hello', known: ['linux/arm64', 'linux/amd64'] }],
  'nothing-selected': [{ reason: 'all targets are manual' }],
  'not-a-build-directory': [
    { directory: '/project/build', missing: 'conf/bblayers.conf', found: ['README', 'src'] },
    { directory: '/project/build', missing: 'conf/bblayers.conf', found: null },
    { directory: '/project/build', missing: 'conf/bblayers.conf', found: [] },
  ],
  'build-directory-not-writable': [{ directory: '/project/build', found: 'EACCES' }],
  'build-directory-busy': [
    { directory: '/project/build', pid: 4711, detached: false },
    { directory: '/project/build', pid: 4711, detached: true },
  ],
  'command-not-found': [{ command: 'bitbake', found: 'no such file' }],
  'unknown-multiconfig': [
    { multiconfig: 'container-arm', images: [arm64], directory: '/project/build', log },
    { multiconfig: 'container-arm', images: [arm64], directory: '/project/build', known: ['a', 'b'] },
    { multiconfig: 'sos', dependency: 'mc:a:sos:other:do_x', images: [arm64], directory: '/project/build', log },
    {
      multiconfig: 'sos',
      dependency: 'mc:a:sos:other:do_x',
      declared: { file: '/project/meta/r.bb', line: 3, task: 'do_rootfs' },
      images: [arm64],
      directory: '/project/build',
      log,
    },
  ],
  'unknown-recipe': [
    { recipe: 'helo', images: [arm64], closeMatches: ['hello', 'hallo'], log },
    { recipe: 'helo', images: [], closeMatches: [], reason: 'it was skipped', log },
  ],
  'unknown-dependency': [
    { names: ['quilt-native'], closeMatches: ['quilt'], reason: 'required by a.bb', images: [arm64], log },
    {
      names: ['a', 'b', 'c', 'd', 'e', 'f'],
      closeMatches: [],
      reason: 'a was skipped: no',
      chain: ['hello', 'a'],
      images: [],
      log,
    },
  ],
  'unknown-task': [
    {
      multiconfig: 'a',
      images: [arm64],
      closeMatches: ['do_image_complete'],
      recipe: 'hello',
      task: 'image_complete',
      log,
    },
  ],
  'bitbake-task-failed': [
    {
      multiconfig: 'container-aarch64',
      recipe: 'hello',
      task: 'rootfs',
      images: [arm64],
      errors: ['first error', 'second error'],
      taskLog: '/project/build/tmp/log.do_rootfs',
      cause: { kind: 'program-missing', programs: ['zstd'] },
      log,
    },
    { multiconfig: '', recipe: 'hello', task: 'rootfs', images: [], errors: [], log },
  ],
  'bitbake-failed': [
    { exit: 'exit code 1', errors: ['no space left'], images: [arm64], log },
    ...(
      [
        { kind: 'parse-error', file: '/project/meta/recipes/broken.bb', line: 17 },
        { kind: 'parse-error', file: '/project/meta/recipes/broken.bb' },
        { kind: 'multiconfig-file-missing', multiconfig: 'container-arm' },
        { kind: 'program-missing', programs: ['chrpath', 'diffstat'] },
        { kind: 'locale-missing', locale: 'en_US.UTF-8' },
        { kind: 'layer-missing' },
        { kind: 'disk-full' },
        { kind: 'watch-limit' },
        { kind: 'refused-root' },
        { kind: 'server-died' },
        { kind: 'worker-died' },
        { kind: 'server-unreachable' },
      ] satisfies BitbakeCause[]
    ).map((cause) => ({ exit: 'exit code 1', errors: ['an error'], images: [], cause, log })),
  ],
  'bitbake-incomplete': [{ expected: 'a line "Tasks Summary"', images: [arm64], log }],
  'layout-not-found': [
    {
      target: 'hello',
      platform: 'linux/arm64',
      looked: [{ place: '/project/build/tmp', found: 'no such directory' }],
      request: { multiconfig: 'container-aarch64', recipe: 'hello', task: 'image_complete' },
      asked: true,
      answer: { deployDirectory: '/project/build/tmp/deploy/images/a', stamp: '/project/build/tmp/stamps/a/hello/1.0' },
    },
    {
      target: 'hello',
      platform: 'linux/arm64',
      looked: [{ place: '/project/in', found: 'nothing matches' }],
      asked: false,
    },
  ],
  'image-shared': [
    {
      requests: [
        { request: 'mc:a:hello', directory: '/project/build' },
        { request: 'mc:b:hello', directory: '/project/build' },
      ],
      place: 'TMPDIR /project/build/tmp and MACHINE qemuarm64',
      images: [
        { target: 'hello', platform: 'linux/arm64' },
        { target: 'hello', platform: 'linux/arm/v7' },
        { target: 'other', platform: 'linux/arm64' },
      ],
    },
    {
      requests: [
        { request: 'mc:a:hello', directory: '/project/build' },
        { request: 'mc:a:hello', directory: '/project/build-other' },
      ],
      place: 'TMPDIR /project/tmp',
      images: [
        { target: 'hello', platform: 'linux/arm64' },
        { target: 'other', platform: 'linux/arm64' },
      ],
    },
  ],
  'no-oci-type': [{ target: 'hello', platformKey: 'aarch64', recipe: 'mc:container-arm:hello', types: 'tar.bz2 ext4' }],
  'layout-outdated': [
    {
      target: 'hello',
      platform: 'linux/arm64',
      link: '/project/a-oci',
      to: 'a-1-oci',
      newer: 'a-2-oci',
      asked: true,
      tag: 'latest',
    },
    {
      target: 'hello',
      platform: 'linux/arm64',
      link: '/project/a-oci',
      to: 'a-1-oci',
      newer: 'a-2-oci',
      asked: false,
    },
  ],
  'layout-ambiguous': [{ target: 'hello', platform: 'linux/arm64', candidates: ['/project/a', '/project/b'] }],
  'timed-out': [
    { limit: '90s', failed: false },
    { limit: '90s', failed: true },
  ],
  'platform-disagrees': [
    { target: 'hello', platformKey: 'board', config: 'linux/amd64', machine: 'linux/arm64', by: 'mc:a:hello: …' },
    { target: 'hello', platformKey: 'board', image: 'linux/arm/v6', machine: 'linux/arm/v7', by: 'mc:a:hello: …' },
  ],
  'platform-refused': [{ target: 'hello', platformKey: 'x32', reason: 'the x32 ABI has no OCI platform', by: '…' }],
  'platform-unknown': [{ target: 'hello', platformKey: 'board', reason: 'TARGET_OS is elf, not Linux' }],
  locked: [
    {
      place: '/project',
      file: '/project/.mab/lock',
      holder: { pid: 4711, hostname: 'build-1', heldFor: 90_000, isSeen: true },
    },
    {
      place: '/project/out',
      file: '/project/out/.mab-lock',
      holder: { pid: 7, hostname: 'build-2', heldFor: 90_000, isSeen: false },
    },
    { place: '/project/out', file: '/project/out/.mab-lock' },
  ],
  'file-system': [
    { operation: 'rename', path: '/project/out', found: 'permission denied' },
    { operation: 'write', path: '', found: 'no space left on device' },
    {
      operation: 'open',
      path: '/project/.mab/lock',
      found: 'permission denied',
      owner: { place: '/project/.mab', uid: 4711 },
    },
    { operation: 'mkdir', path: '/project/.mab', found: 'permission denied', owner: { place: '/project', uid: 0 } },
  ],
  'state-not-a-directory': [{ path: '/project/.mab', found: 'a file' }],
  'archive-not-ours': [{ file: '/project/notes.txt', found: 'a file of another kind' }],
  'output-is-source': [{ directory: '/project/out', source: '/project/in' }],
  'init-failed': [{ script: '/project/oe-init-build-env', found: 'exit code 1\nno bitbake directory' }],
  'build-directory-name': [{ directory: '/my project/build', found: 'a space' }],
  'output-not-ours': [{ directory: '/project/out', found: ['README.md', 'notes'] }],
  'source-unreadable': [{ pattern: 'layers/**', path: 'layers/x.bb', found: 'permission denied' }],
}

/** What says by itself what to do, or where to read on. Every other wording ends with the next step. */
const withoutNext: ReadonlySet<Problem['code']> = new Set(['config-broken', 'config-invalid'] as const)

function leaves(value: unknown): string[] {
  if (typeof value === 'string') return value.split('\n')
  if (typeof value === 'number') return [String(value)]
  if (typeof value !== 'object' || value === null) return []
  // Words say what a cause's kind is, and times in units for people.
  return Object.entries(value).flatMap(([key, inner]) => (['kind', 'heldFor'].includes(key) ? [] : leaves(inner)))
}

function checkWording(problem: Problem): string {
  const { headline, details, next } = wordProblem(problem, show)
  assert.match(headline, /^\S[^\n]*[^\s.:]$/, 'one line without a period')
  for (const line of details) assert.not.match(line, /\n|undefined|\[object/)
  const text = [headline, ...details, next ?? ''].join('\n')
  const { code: _, ...data } = problem
  for (const leaf of leaves(data))
    assert.ok(text.includes(leaf) || text.includes(show(leaf)), `"${leaf}" is missing from:\n${text}`)
  return text
}

for (const [code, list] of Object.entries(examples)) {
  list.forEach((data, position) => {
    test(`${code} ${position + 1}: says all that is known, and what next`, () => {
      const problem = { code, ...data } as Problem
      checkWording(problem)
      assert.is(wordProblem(problem, show).next === undefined, withoutNext.has(problem.code))
    })
  })
}

test('every problem of a layout has a headline of its own, its place, both sides and the next step', () => {
  const headlines = layoutProblemCodes.map((code) => {
    const problem = {
      code,
      layout: '/project/in/arm64',
      at: ['index.json', 'manifests[0]'],
      expected: 'this',
      found: 'that',
    }
    checkWording({ ...problem, next: 'do something' })
    checkWording({ ...problem, at: [] })
    assert.is(wordProblem({ ...problem, next: 'do something' }, show).next, 'do something')
    return wordProblem(problem, show).headline
  })
  assert.is(new Set(headlines).size, layoutProblemCodes.length)
})

test('places are written as editors and configs write them', () => {
  const headline = (problem: Problem): string => wordProblem(problem, show).headline
  assert.is(
    headline({ code: 'config-broken', file, line: 3, column: 14, message: 'no' }),
    'multiarch.config.ts:3:14: no',
  )
  assert.is(headline({ code: 'config-broken', file, message: 'no' }), 'multiarch.config.ts: no')
  const at = (...path: (string | number)[]): string =>
    headline({ code: 'config-invalid', file, path, message: 'no' }).split(': ')[1] ?? ''
  assert.is(at('targets', 'hello', 'platforms', 0), 'targets.hello.platforms[0]')
  assert.is(at('targets', 'a-b', 'output'), 'targets["a-b"].output')
  assert.is(at('a b', 'c'), '["a b"].c')
  assert.is(at(), 'the config')
})

test('paths are shown as they would be typed', () => {
  assert.is(pathShower('/')('/etc/passwd'), '/etc/passwd')
  const shower = pathShower('/home/me/project')
  const cases = {
    '/home/me/project': '.',
    '/home/me/project/a/b': 'a/b',
    '/home/me/other': '../other',
    '/home/other': '../../other',
    '/srv/x': '/srv/x',
    'a/b': 'a/b',
  }
  for (const [given, shown] of Object.entries(cases)) assert.is(shower(given), shown)
  assert.is(pathShower(process.cwd())('./a'), './a')
})

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`

const reasons: Examples<Reason> = {
  'never-done': [{}],
  forced: [{}],
  'asks-bitbake': [{}],
  'format-changed': [{ from: 1, to: 2 }],
  'input-changed': [
    { input: 'format', from: 'nested', to: { a: ['x'.repeat(99)] } },
    { input: 'environment', from: '1', to: '2' },
    { input: 'index', from: digest('a'), to: digest('b') },
  ],
  'platform-added': [{ platform: 'linux/riscv64' }],
  'platform-removed': [{ platform: 'linux/riscv64' }],
  'platforms-reordered': [{ from: ['a', 'b'], to: ['b', 'a'] }],
  'manifest-changed': [{ platform: 'linux/arm64', from: digest('a'), to: digest('b') }],
  'sources-changed': [
    { files: ['a.bb', 'b.bb'], count: 2 },
    { files: ['a.bb'], count: 4 },
    { files: [], count: 0 },
  ],
  'output-missing': [{ file: '/project/out/index.json' }],
  'output-altered': [{ file: '/project/out/index.json' }],
  'output-staged': [{ file: '/project/out/.mab-staged-index.json' }],
  'image-missing': [{}, { platform: 'linux/arm64' }],
  'source-unreadable': [{ file: 'a.bb', found: 'EACCES: permission denied' }],
  depends: [{ task: 'index:hello' }],
}

test('reasons in words', () => {
  const worded = Object.entries(reasons).flatMap(([code, list]) =>
    list.map((data) => wordReason({ code, ...data } as Reason, show)),
  )
  assert.equal(worded, [
    'not done before',
    'forced',
    'only BitBake knows (no `sources` declared)',
    "mab's format changed: 1 -> 2",
    `format changed: "nested" -> {"a":["${'x'.repeat(50)}...`,
    'the environment of BitBake changed',
    'image index changed: sha256:aaaaaaaaaaaa -> sha256:bbbbbbbbbbbb',
    'platform added: linux/riscv64',
    'platform removed: linux/riscv64',
    'platforms reordered: a, b -> b, a',
    'manifest of linux/arm64 changed: sha256:aaaaaaaaaaaa -> sha256:bbbbbbbbbbbb',
    'sources changed: a.bb, b.bb',
    'sources changed: a.bb (+3 more)',
    'sources changed',
    'missing: out/index.json',
    'changed since it was written: out/index.json',
    'not verified yet: out/.mab-staged-index.json',
    'there is no image that can be taken',
    'there is no image for linux/arm64 that can be taken',
    'cannot read the source a.bb: EACCES: permission denied',
    'depends on index:hello',
  ])
})

const notices: Examples<Notice> = {
  'layout-passed-over': [{ place: '/project/a-oci', found: 'no index.json', taken: '/project/a-oci.tar' }],
  'bitbake-silent': [{ recipes: ['mc:a:hello'], log }],
  'bitbake-warnings': [
    { count: 1, warnings: ['container-arm: hello-1.0 do_rootfs: careful'], log },
    { count: 9, warnings: ['a', 'b', 'c', 'd', 'x'.repeat(999), 'f', 'g'], log },
  ],
  'bitbake-errors-accepted': [{ errors: ['cannot fetch uninative'], log }],
  'bitbake-tainted': [{ tasks: ['mc:container-arm:hello:do_rootfs'] }],
  'sources-match-nothing': [{ pattern: 'x/**' }],
  'waiting-for-lock': [
    {
      place: '/project',
      file: '/project/.mab/lock',
      holder: { pid: 4711, hostname: 'build-1', heldFor: 90_000, isSeen: true },
    },
  ],
  'waiting-for-bitbake': [
    { pid: 4711, directory: '/project/build', detached: false },
    { pid: 4711, directory: '/project/build', detached: true },
  ],
  'attestations-dropped': [{ target: 'app', platform: 'linux/arm64', count: 2 }],
  'attestations-stray': [{ layout: '/project/a-oci', count: 1 }],
  'manifests-absent': [{ layout: '/project/one.tar', absent: ['linux/arm64', 'linux/arm/v7'] }],
  'garbage-kept': [{ directory: '/project/out', found: 'permission denied' }],
}

test('notices in words', () => {
  const worded = Object.entries(notices).flatMap(([code, list]) =>
    list.map((data) => wordNotice({ code, ...data } as Notice, show)),
  )
  assert.equal(worded, [
    'a-oci is no readable layout (no index.json): a-oci.tar is taken instead',
    'BitBake does not say where mc:a:hello deploys (.mab/logs/x.log): looking by convention',
    '1 warning of BitBake, in .mab/logs/x.log\n  container-arm: hello-1.0 do_rootfs: careful',
    `9 warnings of BitBake, in .mab/logs/x.log\n  a\n  b\n  c\n  d\n  ${'x'.repeat(240)}…\n  and 2 more`,
    'all tasks succeeded, and BitBake reported what `build.acceptErrors` accepts (.mab/logs/x.log):\n  cannot fetch uninative',
    "forced at some time (bitbake -f or -C), so that its hash is nobody else's: mc:container-arm:hello:do_rootfs; 'bitbake -c clean' of the recipe ends that, or removing the .taint file beside its stamps",
    'the sources pattern "x/**" matches no file',
    'waiting, because another mab (process 4711 on build-1, for 1 min 30 s) is at work in this directory; to stop it: kill -INT 4711',
    'waiting for another BitBake to finish in build (process 4711); Ctrl-C where it was started stops it',
    'waiting for a BitBake whose client is gone to finish in build (process 4711); it ends by itself',
    "2 attestations of the image for linux/arm64 left out of app: `output.attestations: 'keep'` keeps them (mab merge: --attestations keep)",
    '1 attestation in a-oci left out: the image that it describes is not in the layout',
    'one.tar lists linux/arm64, linux/arm/v7, and the blob is absent: left out',
    'blobs of earlier images stay in out: permission denied',
  ])
})

test('characters that hide or turn text around are shown by their number; text and commands stay as they are', () => {
  const hidden = '\u202e\u2066\u061c\u200b\u200d\ufeff\u2028\u2029\u00ad\x1b\x85\ud800\u{e0041}'
  assert.is(
    visible(hidden),
    String.raw`\u{202e}\u{2066}\u{61c}\u{200b}\u{200d}\u{feff}\u{2028}\u{2029}\xad\x1b\x85\u{d800}\u{e0041}`,
  )
  const plain = String.raw`tab	é ü 日本 😀 cp 'it'\''s' a\b`
  assert.is(visible(plain), plain)
})

test.run()
