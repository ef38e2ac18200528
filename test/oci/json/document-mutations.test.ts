/**
 * Each property of each document with wrong values: what mab finds is what the image spec demands (`rig/spec-oracle.ts`),
 * but for the differences that are listed here with their reasons. docs/verify.md has the same reasons for users.
 */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { verifyLayout } from '../../../src/oci/verify/verify.js'
import { buildLayout, type Document } from '../../rig/layout-builder.js'
import { temporaryDirectory } from '../../rig/temp.js'
import { emptyObject, isAllowed, oracle, type Rule } from '../../rig/spec-oracle.js'

const test = suite('document-mutations')

type Kind = keyof typeof oracle

interface Difference {
  /** Of the kind of document and the property. */
  readonly where: RegExp
  /** As JSON, or `nothing`. */
  readonly values: RegExp
  readonly spec: 'allows' | 'forbids'
  readonly reason: string
}

const differences: readonly Difference[] = [
  {
    where: /^(?!config|.* (?:manifests|layers)$)/,
    values: /^null$/,
    spec: 'forbids',
    reason: 'null for an optional property: only config.md allows it, but every reader in Go takes it for absent',
  },
  {
    where: / (?:manifests|layers|diff_ids)$/,
    values: /^null$/,
    spec: 'forbids',
    reason: 'null for a list: Go writes an empty one so, as umoci init does, and readers in Go take it',
  },
  {
    where: /(?:ExposedPorts|Volumes)$/,
    values: /^\{".*":null\}$/,
    spec: 'forbids',
    reason: 'null in a set: it is a map[string]struct{} of Go, whose decoder takes null for an empty object',
  },
  {
    where: / created$/,
    values: /^"(?:.*t.*z|.*:60Z)"$/,
    spec: 'allows',
    reason: 'lower-case t and z, and leap seconds: RFC 3339 allows them, and readers in Go refuse the whole config',
  },
  {
    where: / ExposedPorts$/,
    values: /"80\/sctp"|"80\/TCP"|"80-90\/tcp"/,
    spec: 'forbids',
    reason: 'ports that config.md does not name ("can be"), and that engines take',
  },
]

// prettier-ignore
const general: readonly unknown[] = [
  undefined, null, '', 'x', 0, -1, 1.5, true, [], {}, [null], [1], { a: 1 }, { a: null }, { '': 1 },
]

function valuesFor({ grammar, items }: Rule): readonly unknown[] {
  const ofItems = items?.grammar?.samples.map((sample) => [sample]) ?? []
  const ofKeys = items === undefined ? grammar?.samples : grammar?.samples.map((sample) => ({ [sample]: {} }))
  return [...general, ...ofItems, ...(ofKeys ?? [])]
}

/** Where a property is, in a document that has them all. */
interface Place {
  readonly keys: readonly (string | number)[]
  readonly rule: Rule
}

function placesIn(rule: Rule, keys: readonly (string | number)[] = []): readonly Place[] {
  if (rule.type === 'array' && rule.items?.properties !== undefined) return placesIn(rule.items, [...keys, 0])
  return Object.entries(rule.type === 'object' ? (rule.properties ?? {}) : {}).flatMap(([name, inner]) => {
    const place = { keys: [...keys, name], rule: inner }
    return [place, ...placesIn(inner, place.keys)]
  })
}

const annotations = { 'com.example.key': 'value', 'com.example.KEY': 'another' }
const platform = {
  architecture: 'arm64',
  os: 'linux',
  variant: 'v8',
  'os.version': '1',
  'os.features': ['a'],
  features: ['b'],
}
const created = '2026-01-31T12:00:00Z'

function completeDescriptor(descriptor: Document): void {
  const added = { urls: ['https://example.com/'], annotations, artifactType: 'a/b', platform }
  Object.assign(descriptor, structuredClone(added))
}

/** What is well-formed in it has every property that the spec names. */
function complete(kind: Kind, document: Document): void {
  if (kind === 'oci-layout') return
  if (kind === 'config') {
    const { architecture, os, variant, 'os.version': version, 'os.features': features } = platform
    Object.assign(document, {
      created,
      author: 'a',
      architecture,
      os,
      variant,
      'os.version': version,
      'os.features': features,
    })
    document['config'] = {
      User: 'u',
      ExposedPorts: { '80/tcp': {} },
      Env: ['A=b'],
      Entrypoint: ['e'],
      Cmd: ['c'],
      Volumes: { '/v': {} },
      WorkingDir: '/',
      Labels: annotations,
      StopSignal: 'SIGTERM',
      ArgsEscaped: false,
      Memory: 0,
      MemorySwap: -1,
      CpuShares: 1,
      Healthcheck: { Test: ['NONE'] },
    }
    document['history'] = [{ created, author: 'a', created_by: 'b', comment: 'c', empty_layer: false }]
    return
  }
  const subject: Document = { ...emptyObject }
  Object.assign(document, { artifactType: 'a/b', subject, annotations })
  document['mediaType'] ??= 'application/vnd.oci.image.index.v1+json'
  const { config, layers, manifests = [] } = document
  for (const descriptor of [subject, config, layers?.[0], manifests[0]]) if (descriptor) completeDescriptor(descriptor)
}

/** Holds one layout after another: thousands of directories would take longer than the checks. */
const directory = temporaryDirectory()

/** A layout in which one document is changed, and whose digests and sizes fit. */
function buildWith(kind: Kind, edit: (document: Document) => void): void {
  const editing = (of: Kind) => (document: Document) => {
    complete(of, document)
    // Without an artifact type, the manifest is an image's whatever its config lacks.
    if (of === 'manifest' && kind === 'config') delete document['artifactType']
    if (of === kind) edit(document)
  }
  const image = { architecture: 'arm64', editManifest: editing('manifest'), editConfig: editing('config') }
  buildLayout({ entries: [image], editIndex: editing('index') }, { edit: editing('index.json'), directory })
  const marker: Document = { imageLayoutVersion: '1.0.0' }
  editing('oci-layout')(marker)
  writeFileSync(path.join(directory, 'oci-layout'), JSON.stringify(marker))
}

/** The other codes are of what documents say together, and of blobs. */
const ofDocuments = new Set([
  'document-malformed',
  'document-ambiguous',
  'digest-invalid',
  'blob-data',
  'layout-version',
])

async function faultsOf(kind: Kind, edit: (document: Document) => void): Promise<string[]> {
  buildWith(kind, edit)
  const verified = await verifyLayout(directory)
  const problems = verified.ok ? verified.value.problems : verified.problems
  return problems
    .filter(({ code }) => ofDocuments.has(code))
    .map(({ code, at, found }) => `${code} ${at.join(' > ')}: ${found}`)
}

function holderOf(document: Document, { keys }: Place): Document {
  return keys.slice(0, -1).reduce<Document>((holder, key) => holder[key] as Document, document)
}

function put(document: Document, place: Place, value: unknown): void {
  const [holder, name] = [holderOf(document, place), place.keys.at(-1)!]
  if (value === undefined) delete holder[name]
  else holder[name] = value
}

const kinds = Object.keys(oracle) as readonly Kind[]

test('a document with every property of the spec is fine', async () => {
  for (const kind of kinds) assert.equal(await faultsOf(kind, () => {}), [])
})

test('finds what the spec forbids and nothing else, but for the listed differences', async () => {
  const wrong: string[] = []
  const used = new Set<Difference>()
  for (const kind of kinds) {
    for (const place of placesIn(oracle[kind])) {
      for (const value of valuesFor(place.rule)) {
        const text = value === undefined ? 'nothing' : JSON.stringify(value)
        const where = `${kind} ${place.keys.join(' ')}`
        const faults = await faultsOf(kind, (document) => put(document, place, value))
        const spec = isAllowed(place.rule, value) ? 'allows' : 'forbids'
        if ((faults.length === 0) === (spec === 'allows')) continue
        const known = differences.find(
          (difference) => difference.where.test(where) && difference.values.test(text) && difference.spec === spec,
        )
        if (known !== undefined) used.add(known)
        else wrong.push(`${where}: the spec ${spec} ${text}; mab: ${faults.join('; ') || 'nothing'}`)
      }
    }
  }
  assert.equal(wrong.slice(0, 20), [])
  const gone = differences.filter((difference) => !used.has(difference)).map(({ reason }) => reason)
  assert.equal(gone, [], 'a listed difference no longer exists')
})

/** Other spellings that readers in Go take for the name. */
function spellings(name: string): readonly string[] {
  const [first, rest] = [name[0]!, name.slice(1)]
  const toggled = first === first.toUpperCase() ? first.toLowerCase() : first.toUpperCase()
  const special = [name.replace(/s/i, '\u017f'), name.replace(/k/i, '\u212a')]
  return [toggled + rest, ...special].filter((spelling) => spelling !== name)
}

for (const kind of kinds) {
  test(`a property of ${kind} in another spelling is ambiguous, alone and next to the right one`, async () => {
    for (const place of placesIn(oracle[kind])) {
      const name = String(place.keys.at(-1))
      const cases = spellings(name).flatMap((spelling) => [true, false].map((isAlone) => ({ spelling, isAlone })))
      for (const { spelling, isAlone } of cases) {
        const faults = await faultsOf(kind, (document) => {
          const holder = holderOf(document, place)
          holder[spelling] = structuredClone((holder[name] ?? null) as unknown)
          if (isAlone) delete holder[name]
        })
        assert.is(faults.length, 1, `${kind} ${place.keys.join(' ')} as ${spelling}: ${faults.join()}`)
        assert.match(faults[0]!, /^document-ambiguous /)
        assert.match(faults[0]!, spelling)
      }
    }
  })
}

test.run()
