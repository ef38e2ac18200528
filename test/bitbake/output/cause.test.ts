import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { findCause, findTaskCause } from '../../../src/bitbake/output/cause.js'
import type { BitbakeCause, BitbakeProblem } from '../../../src/problem/bitbake-problem.js'
import { everywhere, judged, orders, recording } from '../recordings.js'

const test = suite('bitbake cause')

function causes(problems: readonly BitbakeProblem[]): (BitbakeCause | undefined)[] {
  return problems.map((problem) => ('cause' in problem ? problem.cause : undefined))
}

const recipe = '/work-dir/meta-hello/recipes/broken.bb'

const recorded: Readonly<Record<string, readonly (BitbakeCause | undefined)[]>> = {
  'recipe-parse-error': [{ kind: 'parse-error', file: recipe, line: 2 }],
  'class-missing': [{ kind: 'parse-error', file: recipe, line: 2 }],
  'expansion-error': [{ kind: 'parse-error', file: recipe }],
  'local-conf-parse-error': [{ kind: 'parse-error', file: '/work-dir/build/conf/local.conf', line: 2 }],
  'multiconfig-file-missing': [{ kind: 'multiconfig-file-missing', multiconfig: 'container-armv7' }],
  'layer-missing': [{ kind: 'layer-missing' }],
  'locale-missing': [{ kind: 'locale-missing', locale: 'en_US.UTF-8' }],
  'python-missing': [{ kind: 'program-missing', programs: ['python3'] }],
  'zstd-missing': [
    { kind: 'program-missing', programs: ['zstd'] },
    { kind: 'program-missing', programs: ['zstd'] },
  ],
  'disk-full-python-task': [{ kind: 'disk-full' }],
  'disk-full-build-directory': [{ kind: 'disk-full' }],
  'disk-monitor': [{ kind: 'disk-full' }],
  'worker-killed': [{ kind: 'worker-died' }],
  'python-task-raises': [undefined],
  'shell-task-fails': [undefined],
  // A file, not a program.
  'python-task-opens-no-file': [undefined],
}

for (const [name, expected] of Object.entries(recorded)) {
  test(`as recorded: ${name}`, () => {
    everywhere(name, (run, order) => assert.equal(causes(judged(run, order).problems), expected))
  })
}

test('a server that was killed: said by BitBake, or seen by us', () => {
  for (const version of ['2.8', '2.19']) {
    const run = recording(version, 'server-killed')
    for (const order of orders) assert.equal(causes(judged(run, order).problems), [{ kind: 'server-died' }], version)
  }
})

test("OpenEmbedded's own checks", () => {
  for (const [name, cause] of [
    ['root', { kind: 'refused-root' }],
    ['tools-missing', { kind: 'program-missing', programs: ['chrpath'] }],
    ['machine-unknown', { kind: 'machine-unknown', machine: 'qemuarm65' }],
    ['layer-series', { kind: 'layer-incompatible', layer: 'local', core: 'blacksail wrynose', supports: 'kirkstone' }],
    ['layer-dependency', { kind: 'layer-dependency', layer: 'local', needs: 'virtualization-layer' }],
  ] as const) {
    for (const order of orders) assert.equal(causes(judged(recording('oe', name), order).problems), [cause])
  }
})

test("OpenEmbedded's recipes: what they raise or refuse while they are parsed", () => {
  const file = '/work-dir/meta-local/recipes-x/broken.bb'
  for (const [name, line] of [
    ['recipe-raises', { line: 3 }],
    ['recipe-fatal', {}],
  ] as const) {
    for (const order of orders) {
      assert.equal(causes(judged(recording('oe', name), order).problems), [{ kind: 'parse-error', file, ...line }])
    }
  }
})

test('a source that cannot be fetched', () => {
  const url = 'https://downloads.example.invalid/rootfs-1.0.tar.xz'
  for (const order of orders) {
    const { unsure, problems } = judged(recording('oe', 'source-missing-keep-going'), order)
    assert.equal(causes(problems), [{ kind: 'source-missing', url }])
    assert.equal(
      unsure.map(({ multiconfig }) => multiconfig),
      ['armv7', 'x86-64'],
    )
  }
  const refused = "Bitbake Fetcher Error: NetworkAccess('git://example.org/a.git;protocol=https', ['git', 'clone'])"
  assert.equal(findCause([refused]), { kind: 'source-missing', url: 'git://example.org/a.git' })
})

test('errors though every task succeeded: of setting up, here for want of a network', () => {
  for (const order of orders) {
    const { built, problems } = judged(recording('oe', 'errors-reported-keep-going'), order)
    assert.equal([built, causes(problems)], [[], [{ kind: 'reported-errors' }]])
  }
})

test('a full disk or a used up quota, in the words of the programs that report them', () => {
  for (const text of [
    'Error: write /x/blob: no space left on device',
    'copying file: write /x/blob: disk quota exceeded',
    "cp: error writing 'big': No space left on device",
    'OSError: [Errno 122] Disk quota exceeded',
    'No space left on device (os error 28)',
    'Error: ENOSPC: no space left on device, write',
    'sqlite3.OperationalError: database or disk is full',
    'Error Summary: At least 12MB more space needed on the / filesystem.',
  ]) {
    assert.equal([findCause([text]), findTaskCause([text])], [{ kind: 'disk-full' }, { kind: 'disk-full' }], text)
  }
  // mcopy of mtools, for an image that is too small; a registry; a compiler.
  for (const text of ['Disk full', 'API rate quota exceeded', 'x.c:3: case ENOSPC: return 1;']) {
    assert.is(findTaskCause([text]), undefined, text)
  }
})

test('a limit of inotify, which BitBake 2.0 words like a full disk', () => {
  const text = 'No space left on device or exceeds fs.inotify.max_user_watches?'
  assert.equal(findCause([text]), { kind: 'watch-limit' })
})

test('a server that does not answer, and workers that were killed', () => {
  for (const text of [
    'Unable to connect to bitbake server, or start one (server startup failures would be in bitbake-cookerdaemon.log).',
    'Timeout while waiting for a reply from the bitbake server (60s at 12:00:00.000000)',
    'Timeout while waiting for a reply from the bitbake server (60s)',
  ]) {
    assert.equal(findCause([text]), { kind: 'server-unreachable' }, text)
  }
  for (const text of [
    'Fakeroot process (12) exited unexpectedly (-9), shutting down...',
    'ParseError in None: Not all recipes parsed, parser thread killed/died? Exiting.',
  ]) {
    assert.equal(findCause([text]), { kind: 'worker-died' }, text)
  }
})

test('a file that does not parse is named without what follows it', () => {
  for (const text of [
    'Unable to parse /m/a_b_c_d.bb: Exited with "1"',
    'ParseError in /m/a_b_c_d.bb: Unable to generate default variables from filename (too many underscores)',
    'ExpansionError during parsing /m/a_b_c_d.bb',
  ]) {
    assert.equal(findCause([text]), { kind: 'parse-error', file: '/m/a_b_c_d.bb' }, text)
  }
  assert.is(findTaskCause(['Unable to parse /etc/app.json']), undefined)
})

test('a source that cannot be fetched while a recipe is parsed (AUTOREV) is no error of the recipe', () => {
  const expansion =
    'ExpansionError during parsing /m/a.bb\nExpansionError: Failure expanding variable PV, expression was'
  for (const [why, url] of [
    [
      `FetchError: Fetcher failure: Fetch command export https_proxy="http://proxy:3128"; git -c gc.autoDetach=false ls-remote https://example.org/a.git  failed with exit code 128`,
      'https://example.org/a.git',
    ],
    [
      `NetworkAccess: Network access disabled through BB_NO_NETWORK (or set indirectly due to use of BB_FETCH_PREMIRRORONLY) but access requested with command git ls-remote (for url https://example.org/a.git)`,
      'https://example.org/a.git',
    ],
    [
      `FetchError: Fetcher failure for URL: 's3://bucket/a.tar'. Unable to fetch URL from any source.`,
      's3://bucket/a.tar',
    ],
  ] as const) {
    assert.equal(findCause([`${expansion} x which triggered exception ${why}`]), { kind: 'source-missing', url })
  }
})

test('of several, the one that explains the others', () => {
  const texts = ['ParseError at /a.bb:3: bad', 'OSError: [Errno 28] No space left on device']
  assert.equal(findCause(texts), { kind: 'disk-full' })
  assert.is(findCause(['nothing known', '']), undefined)
  assert.is(findCause([]), undefined)
})

test.run()
