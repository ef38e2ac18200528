import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { findDeployed, findNamed, type Candidate, type Candidates, type DeployQuery } from '../../src/bitbake/deploy.js'
import { temporaryDirectory } from '../rig/temp.js'

const test = suite('bitbake deploy')

const base = { multiconfig: 'a', recipe: 'base', machine: 'qemuarm64' }
const images = 'tmp-mc-a/deploy/images/qemuarm64'

/** A build directory with these entries: a name with a dot in its last part's ending is a file, `a -> b` a link. */
function buildDirectory(...entries: readonly string[]): string {
  const directory = temporaryDirectory()
  for (const entry of entries) {
    const [name, target] = entry.split(' -> ') as [string, string?]
    const place = path.join(directory, name)
    mkdirSync(path.dirname(place), { recursive: true })
    if (target !== undefined) symlinkSync(target, place)
    else if (/\.(tar|json|publish)$/.test(name)) writeFileSync(place, '')
    else mkdirSync(place, { recursive: true })
  }
  return directory
}

const inImages = (...entries: readonly string[]): string =>
  buildDirectory(...entries.map((name) => `${images}/${name}`))

/** Groups of base names. */
async function found(directory: string, query: Partial<DeployQuery> = {}): Promise<string[][]> {
  const { groups } = findDeployed({ ...base, buildDirectory: directory, ...query })
  return names({ groups })
}

function names({ groups }: Pick<Candidates, 'groups'>): string[][] {
  return groups.map((group) => group.map((candidate) => path.basename(candidate.path)))
}

test('the names of the classes, the likeliest first, directories before archives', async () => {
  const stamped = 'base-qemuarm64.rootfs-20260814120000-oci'
  const directory = inImages(
    'base-oci',
    'base-qemuarm64-latest-oci',
    `base-latest-oci -> ${stamped}`,
    stamped,
    `base-latest-oci.tar -> ${stamped}.tar`,
    'base-latest-oci-dir.tar',
    `${stamped}.tar`,
    'base-oci.tar',
    'index.json',
  )
  assert.equal(await found(directory, { reference: 'latest' }), [
    ['base-latest-oci'],
    ['base-qemuarm64-latest-oci'],
    ['base-oci'],
    [stamped],
    ['base-latest-oci.tar'],
    ['base-oci.tar'],
    [`${stamped}.tar`],
    ['base-latest-oci-dir.tar'],
  ])
})

test('a reference names the link, with : as _', async () => {
  const directory = inImages('base-latest-oci', 'base-1.2_3-oci')
  assert.equal(await found(directory, { reference: '1.2:3' }), [['base-1.2_3-oci']])
})

test('without a reference any OCI_IMAGE_TAG will do, after the usual one', async () => {
  const directory = inImages('base-1.37.0-musl-oci', 'base-v2-oci', 'base-latest-oci', 'base-v2-oci.tar')
  const { groups } = findDeployed({ ...base, buildDirectory: directory })
  assert.equal(names({ groups }), [['base-latest-oci'], ['base-1.37.0-musl-oci', 'base-v2-oci'], ['base-v2-oci.tar']])
  assert.equal(
    groups.flat().map(({ tag }) => tag),
    [undefined, '1.37.0-musl', 'v2', 'v2'],
  )
})

test('of time-stamped layouts the newest, in the form of any release', async () => {
  for (const form of [
    (stamp: string) => `base-qemuarm64-${stamp}.rootfs-oci`,
    (stamp: string) => `base-qemuarm64.rootfs-${stamp}.rootfs-oci`,
    (stamp: string) => `base-qemuarm64.rootfs-${stamp}-oci`,
    (stamp: string) => `base-${stamp}-oci`,
  ]) {
    const [old, newest] = [form('20251231235959'), form('20260101000000')]
    const all = [old, newest].flatMap((name) => [name, `${name}.tar`, `${name}-dir.tar`])
    assert.equal(await found(inImages(...all)), [[newest], [`${newest}.tar`], [`${newest}-dir.tar`]])
  }
})

test('a link to a layout that is not the newest of its recipe is outdated', () => {
  const form = (stamp: string): string => `base-qemuarm64.rootfs-${stamp}.rootfs-oci`
  const [old, middle, newest] = ['20250101000000', '20250601000000', '20260101000000'].map(form) as [
    string,
    string,
    string,
  ]
  const outdated = (entries: readonly string[], query: Partial<DeployQuery> = {}): (string | undefined)[] => {
    const { groups } = findDeployed({ ...base, buildDirectory: inImages(...entries), ...query })
    return groups[0]!.map((candidate) => candidate.outdated?.newer)
  }
  const layouts = [old, middle, newest]
  assert.equal(outdated([...layouts, `base-latest-oci -> ${newest}`]), [undefined])
  assert.equal(outdated([...layouts, `base-latest-oci -> ${old}`]), [newest])
  assert.equal(outdated(layouts), [undefined])
  // Neither is the layout that a link inside of the old one means.
  assert.equal(outdated([...layouts, `base-latest-oci -> ${old}`, `${old}/${middle} -> ${middle}`]), [newest])
  const archives = [`${old}.tar`, `${newest}.tar`]
  assert.equal(outdated([...archives, `base-latest-oci.tar -> ${old}.tar`]), [`${newest}.tar`])
  assert.equal(outdated([old, `${newest}.tar`, `base-latest-oci -> ${old}`]), [undefined])
  // IMAGE_NAME may be any name.
  const [own, later] = ['acme-20250101000000-oci', 'acme-20260101000000-oci']
  assert.equal(outdated([own, later, `base-v1-oci -> ${own}`], { reference: 'v1' }), [later])
  assert.equal(outdated([old, 'other-qemuarm64.rootfs-20260101000000-oci', `base-latest-oci -> ${old}`]), [undefined])
})

test('a link is outdated too where the deploy directory is reached through a link', () => {
  const [old, newest] = ['base-qemuarm64-20250101000000.rootfs-oci', 'base-qemuarm64-20260101000000.rootfs-oci']
  const directory = buildDirectory(`real/${old}`, `real/${newest}`, `real/base-latest-oci -> ${old}`, 'deploy -> real')
  const deployDirectory = path.join(directory, 'deploy')
  const [[candidate]] = findDeployed({ ...base, buildDirectory: directory, deployDirectory }).groups as [[Candidate]]
  const link = path.join(deployDirectory, 'base-latest-oci')
  assert.equal(candidate.outdated, { link, to: old, newer: newest })
})

test('a link that ln -sf put into the old layout says that the new one is meant', async () => {
  const [old, newest] = ['base-qemuarm64.rootfs-20250101000000-oci', 'base-qemuarm64.rootfs-20260101000000-oci']
  const deployed = [old, newest, `base-latest-oci -> ${old}`]
  assert.equal(await found(inImages(...deployed)), [['base-latest-oci'], [newest]])
  assert.equal(await found(inImages(...deployed, `${old}/${newest} -> ${newest}`)), [[newest], [newest]])
  const middle = 'base-qemuarm64.rootfs-20250601000000-oci'
  const links = [`${old}/${newest} -> ${newest}`, `${old}/${middle} -> ${middle}`]
  assert.equal(await found(inImages(...deployed, middle, ...links)), [[newest], [newest]])
  // What leads into the layout itself is none of the class's.
  assert.equal(await found(inImages(...deployed, `${old}/${newest} -> blobs`)), [['base-latest-oci'], [newest]])
})

test("TMPDIR of the multiconfig before anybody's", async () => {
  const places = ['tmp-a', 'tmp-a-glibc', 'tmp-mc-a', 'tmp-mc-a-glibc', 'tmp', 'tmp-glibc', 'tmp-musl']
  const directory = buildDirectory(
    ...[...places, 'tmp-a-musl', 'tmp-b', 'tmp-default'].map((tmp) => `${tmp}/deploy/images/qemuarm64/base-latest-oci`),
  )
  const { groups } = findDeployed({ ...base, buildDirectory: directory })
  assert.equal(
    groups.flat().map((candidate) => path.relative(directory, candidate.path).split('/')[0]),
    places,
  )
})

test('the default configuration looks into tmp, and never into that of a multiconfig', async () => {
  const directory = buildDirectory(
    ...['tmp', 'tmp-default', 'tmp-a', 'tmp-mc-a'].map((tmp) => `${tmp}/deploy/images/qemuarm64/base-latest-oci`),
  )
  const query = { ...base, buildDirectory: directory, multiconfig: '' }
  const places = findDeployed(query)
    .groups.flat()
    .map((candidate) => path.relative(directory, candidate.path))
  assert.equal(
    places.map((place) => place.split('/')[0]),
    ['tmp', 'tmp-default'],
  )
})

test('without MACHINE all machines are looked into, equally good', async () => {
  const directory = buildDirectory(
    'tmp-a/deploy/images/qemuarm64/base-latest-oci',
    'tmp-a/deploy/images/other/base-other-20260101000000.rootfs-oci',
    'tmp-a/deploy/images/other/base-latest-oci',
    'tmp-a/deploy/images/README.json',
  )
  const { groups } = findDeployed({ buildDirectory: directory, multiconfig: 'a', recipe: 'base' })
  assert.equal(
    groups.map((group) =>
      group.map((candidate) => path.relative(path.join(directory, 'tmp-a/deploy/images'), candidate.path)).toSorted(),
    ),
    [['other/base-latest-oci', 'qemuarm64/base-latest-oci'], ['other/base-other-20260101000000.rootfs-oci']],
  )
})

test('a known DEPLOY_DIR_IMAGE is the only place', async () => {
  const directory = buildDirectory('elsewhere/base-latest-oci', 'tmp-a/deploy/images/qemuarm64/base-latest-oci')
  const { groups } = findDeployed({
    buildDirectory: directory,
    multiconfig: 'a',
    recipe: 'base',
    deployDirectory: path.join(directory, 'elsewhere'),
  })
  assert.equal(
    groups.flat().map((candidate) => candidate.path),
    [path.join(directory, 'elsewhere/base-latest-oci')],
  )
})

test('what oci-multiarch.bbclass made is no source', async () => {
  const directory = inImages(
    'base-multiarch-oci',
    'base-multiarch-multiarch-oci',
    'base-x-multiarch-oci',
    'base-multiarch-oci.tar',
  )
  assert.equal(await found(directory), [])
})

test('a recipe whose name begins the same is not taken, or recognisable by its tag', async () => {
  const directory = inImages(
    'base-extra-qemuarm64-20260101000000.rootfs-oci',
    'base-extra-qemuarm64.rootfs-20260101000000-oci',
    'base-extra-20260101000000-oci',
    'base-extra-latest-oci',
  )
  const query = { ...base, buildDirectory: directory }
  const { groups } = findDeployed(query)
  assert.equal(groups, [[{ path: path.join(directory, images, 'base-extra-latest-oci'), tag: 'extra-latest' }]])
  assert.equal(await found(directory, { reference: 'latest' }), [])
})

test('the files beside a layout are no layouts', async () => {
  const directory = inImages(
    'base.publish',
    'base-qemuarm64.rootfs.tar',
    'base-latest-docker.tar',
    'base-qemuarm64.rootfs.json',
  )
  assert.equal(await found(directory), [])
})

test('nothing there: every place that was looked into is told, with what lies there', async () => {
  const directory = buildDirectory(`tmp-a/deploy/images/qemuarm64/other-latest-oci`, 'tmp/deploy/images/qemuarm64')
  const query = { ...base, buildDirectory: directory }
  const { groups, looked } = findDeployed(query)
  assert.equal(groups, [])
  const at = (tmp: string): string => path.join(directory, tmp, 'deploy/images/qemuarm64')
  assert.equal(looked, [
    { place: at('tmp-a'), found: 'other-latest-oci' },
    { place: at('tmp-a-glibc'), found: 'no such directory' },
    { place: at('tmp-mc-a'), found: 'no such directory' },
    { place: at('tmp-mc-a-glibc'), found: 'no such directory' },
    { place: at('tmp'), found: 'an empty directory' },
    { place: at('tmp-glibc'), found: 'no such directory' },
    { place: at('tmp-musl'), found: 'no such directory' },
  ])
})

test('nothing there and no MACHINE: the same', async () => {
  const directory = buildDirectory('tmp-a/deploy/images', 'tmp/deploy/images/qemuarm64/readme.json')
  const { looked } = findDeployed({ buildDirectory: directory, multiconfig: 'a', recipe: 'base' })
  const told = looked.map(({ place, found: what }) => `${path.relative(directory, place)}: ${what}`)
  assert.equal(told.toSorted(), [
    'tmp-a-glibc/deploy/images: no such directory',
    "tmp-a/deploy/images: no machine's directory",
    'tmp-glibc/deploy/images: no such directory',
    'tmp-mc-a-glibc/deploy/images: no such directory',
    'tmp-mc-a/deploy/images: no such directory',
    'tmp-musl/deploy/images: no such directory',
    'tmp/deploy/images/qemuarm64: readme.json',
  ])
})

test('a named path is taken as it is, whatever characters it has', async () => {
  for (const name of ['plain-oci', 'odd [x] {y} *-oci']) {
    const root = buildDirectory(`in (1) [2]/${name}`)
    const pattern = `in (1) [2]/${name}`
    assert.equal((await findNamed({ root, pattern })).groups, [[{ path: path.join(root, pattern) }]])
  }
})

test('a named path that is not there is still the candidate: whoever opens it says why', async () => {
  assert.equal((await findNamed({ root: '/nowhere', pattern: 'x-oci' })).groups, [[{ path: '/nowhere/x-oci' }]])
})

test('a glob finds directories and archives, in order, below a root of any name', async () => {
  const directory = buildDirectory('root [1]/b/x-oci', 'root [1]/a/x-oci', 'root [1]/a/y-oci.tar', 'root [1]/a/z')
  const root = path.join(directory, 'root [1]')
  const { groups } = await findNamed({ root, pattern: '*/*-oci{,.tar}' })
  assert.equal(
    groups.flat().map((candidate) => path.relative(root, candidate.path)),
    ['a/x-oci', 'a/y-oci.tar', 'b/x-oci'],
  )
})

test('a glob may lead out of the root, or be absolute', async () => {
  const directory = buildDirectory('root', 'beside/x-oci')
  const root = path.join(directory, 'root')
  for (const pattern of ['../beside/*-oci', path.join(directory, 'beside/*-oci')]) {
    assert.equal((await findNamed({ root, pattern })).groups, [[{ path: path.join(directory, 'beside/x-oci') }]])
  }
})

test('a glob that finds nothing says so', async () => {
  const root = buildDirectory('a')
  const { groups, looked } = await findNamed({ root, pattern: '*-oci' })
  assert.equal(groups.flat(), [])
  assert.equal(looked, [{ place: path.join(root, '*-oci'), found: 'nothing matches' }])
})

test.run()
