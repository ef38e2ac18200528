/** A task's meaningful inputs as a record, and what changed between two of them. */
import { canonicalJson, type Json } from '../util/json.js'
import type { Reason } from './reason.js'

/**
 * Counts changes of what tasks make or record. A stamp of another version is no stamp.
 */
export const formatVersion = 2

/** By input name. The names `platforms`, `manifests`, `systems` and `sources` have a meaning to `compareFingerprints`. */
export type Inputs = Readonly<Record<string, Json>>

export interface Fingerprint {
  readonly version: number
  readonly inputs: Inputs
}

export function fingerprint(inputs: Inputs): Fingerprint {
  return { version: formatVersion, inputs }
}

/** No reasons mean that nothing changed. */
export function compareFingerprints(before: Fingerprint, now: Fingerprint): Reason[] {
  if (before.version !== now.version) return [{ code: 'format-changed', from: before.version, to: now.version }]
  const differs = (name: string): boolean =>
    canonicalJson(before.inputs[name] ?? null) !== canonicalJson(now.inputs[name] ?? null)
  const names = [...new Set([...Object.keys(before.inputs), ...Object.keys(now.inputs)])].filter(differs).toSorted()
  return names.flatMap((name): Reason[] => {
    const [from, to] = [before.inputs[name] ?? null, now.inputs[name] ?? null]
    const changed: Reason = { code: 'input-changed', input: name, from, to }
    switch (name) {
      case 'platforms':
        return comparePlatforms(from, to)
      case 'manifests': {
        const reasons = compareManifests(from, to)
        // With no `platforms` to tell it, other platforms' manifests would be a change without a reason: fresh.
        return reasons.length > 0 || differs('platforms') ? reasons : [changed]
      }
      case 'sources':
        return [compareSources(from, to)]
      case 'systems':
        // One per platform: other platforms are told as such.
        return differs('platforms') ? [] : [changed]
      default:
        return compareRecords(name, from, to) ?? [changed]
    }
  })
}

/** Key by key, so that the one that changed is named. */
function compareRecords(name: string, from: Json, to: Json): Reason[] | undefined {
  const isRecord = (value: Json): boolean => value !== null && typeof value === 'object' && !Array.isArray(value)
  if (!isRecord(from) || !isRecord(to)) return undefined
  const [before, now] = [new Map(Object.entries(record(from))), new Map(Object.entries(record(to)))]
  const reasons = [...new Set([...before.keys(), ...now.keys()])].toSorted().flatMap((key): Reason[] => {
    const [old, fresh] = [before.get(key) ?? null, now.get(key) ?? null]
    return canonicalJson(old) === canonicalJson(fresh)
      ? []
      : [{ code: 'input-changed', input: `${name}.${key}`, from: old, to: fresh }]
  })
  return reasons.length > 0 ? reasons : undefined
}

function comparePlatforms(from: Json, to: Json): Reason[] {
  const [before, now] = [strings(from), strings(to)]
  const added = now.filter((platform) => !before.includes(platform))
  const removed = before.filter((platform) => !now.includes(platform))
  if (added.length + removed.length === 0) return [{ code: 'platforms-reordered', from: before, to: now }]
  return [
    ...added.map((platform): Reason => ({ code: 'platform-added', platform })),
    ...removed.map((platform): Reason => ({ code: 'platform-removed', platform })),
  ]
}

/** Platforms that only one side has are told by `comparePlatforms`. */
function compareManifests(from: Json, to: Json): Reason[] {
  const [before, now] = [record(from), record(to)]
  return Object.keys(now).flatMap((platform): Reason[] => {
    const [old, fresh] = [before[platform], now[platform]]
    return typeof old === 'string' && typeof fresh === 'string' && old !== fresh
      ? [{ code: 'manifest-changed', platform, from: old, to: fresh }]
      : []
  })
}

const shownFiles = 3

function compareSources(from: Json, to: Json): Reason {
  const [before, now] = [record(from), record(to)]
  const files = [...new Set([...Object.keys(before), ...Object.keys(now)])]
    .filter((file) => before[file] !== now[file])
    .toSorted()
  return { code: 'sources-changed', files: files.slice(0, shownFiles), count: files.length }
}

function strings(value: Json): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

function record(value: Json): Readonly<Record<string, Json | undefined>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
    ? (value as Readonly<Record<string, Json | undefined>>)
    : {}
}
