/**
 * What is remembered between runs, in `.mab/` beside the config: stamps, and which files hold which digest. All of it
 * may be lost or damaged at any time; that costs work, never a wrong result.
 */
import { promises as fs } from 'node:fs'
import path from 'node:path'
import type { Digest } from '../oci/digest.js'
import type { VerifiedFiles } from '../oci/verified.js'
import type { Fingerprint } from '../plan/fingerprint.js'
import { exists, makeDirectory, readFileIfThere, sameIdentity, writeFileAtomic } from '../util/fs.js'
import { compareCodeUnits, type Json } from '../util/json.js'

/** The record of a task that succeeded. */
export interface Stamp {
  readonly fingerprint: Fingerprint
  /** What it made, as its handler needs it to go on without doing it again. */
  readonly output: Json
}

/** https://bford.info/cachedir/: backup programs leave such a directory out. */
const cacheDirTag =
  'Signature: 8a477f597d28d172789f06886806bc55\n# Made by mab. Deleting this directory is always safe.\n'

/** Enough to look back over some days of work. */
const keptLogs = 50

export class State {
  /** `.mab`; absolute. */
  readonly directory: string
  readonly #verified = new Map<string, readonly [identity: string, digest: string]>()
  #verifiedChanged = false

  private constructor(directory: string) {
    this.directory = directory
  }

  /**
   * Reads what is there; makes nothing.
   * @param forget every file that was found to be good, so that each is read again.
   */
  static async open(directory: string, forget = false): Promise<State> {
    const state = new State(directory)
    if (forget) return state
    const known = readRecord(state.#verifiedFile)
    for (const [file, entry] of Object.entries(known)) {
      if (!Array.isArray(entry)) continue
      const [identity, digest] = entry as unknown[]
      if (typeof identity === 'string' && typeof digest === 'string') state.#verified.set(file, [identity, digest])
    }
    return state
  }

  /** Makes the directory, with what keeps it out of backups and repositories. */
  async create(): Promise<void> {
    makeDirectory(this.directory)
    for (const [name, content] of [
      ['CACHEDIR.TAG', cacheDirTag],
      ['.gitignore', '*\n'],
    ] as const) {
      const file = path.join(this.directory, name)
      if (!exists(file)) writeFileAtomic(file, content)
    }
  }

  /** Removes all but the newest logs; their names begin with the time. */
  async pruneLogs(): Promise<void> {
    const names = await fs.readdir(this.logDirectory).catch(() => [])
    const old = names.toSorted(compareCodeUnits).slice(0, Math.max(0, names.length - keptLogs))
    await Promise.all(old.map((name) => fs.rm(path.join(this.logDirectory, name), { force: true })))
  }

  get logDirectory(): string {
    return path.join(this.directory, 'logs')
  }

  get lockFile(): string {
    return path.join(this.directory, 'lock')
  }

  /** `undefined` when there is none, or none that can be read. */
  async readStamp(id: string): Promise<Stamp | undefined> {
    const stamp = readRecord(this.#stampFile(id))
    const fingerprint = stamp['fingerprint'] as Partial<Fingerprint> | undefined
    if (typeof fingerprint !== 'object' || fingerprint === null) return undefined
    const { version, inputs } = fingerprint
    if (typeof version !== 'number' || typeof inputs !== 'object' || inputs === null) return undefined
    return { fingerprint: { version, inputs }, output: (stamp['output'] ?? null) as Json }
  }

  async writeStamp(id: string, stamp: Stamp): Promise<void> {
    writeFileAtomic(this.#stampFile(id), JSON.stringify(stamp))
  }

  /** Before the work begins, so that a crash leaves no stamp of work that is undone. */
  async dropStamp(id: string): Promise<void> {
    await fs.rm(this.#stampFile(id), { force: true, recursive: true })
  }

  readonly verified: VerifiedFiles = {
    has: (file, identity, digest) => {
      const known = this.#verified.get(file)
      return known !== undefined && known[1] === digest && sameIdentity(known[0], identity)
    },
    add: (file, identity, digest: Digest) => {
      this.#verified.set(file, [identity, digest])
      this.#verifiedChanged = true
    },
  }

  /** Writes what was learnt about files, without those that are gone. */
  async save(): Promise<void> {
    if (!this.#verifiedChanged) return
    for (const file of this.#verified.keys()) {
      if (!exists(file)) this.#verified.delete(file)
    }
    writeFileAtomic(this.#verifiedFile, JSON.stringify(Object.fromEntries(this.#verified)))
    this.#verifiedChanged = false
  }

  get #verifiedFile(): string {
    return path.join(this.directory, 'verified.json')
  }

  #stampFile(id: string): string {
    return path.join(this.directory, 'stamps', `${encodeURIComponent(id)}.json`)
  }
}

/** Nothing for a file that is not there, cannot be read, or holds something else. */
function readRecord(file: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(readFileIfThere(file)?.toString('utf8') ?? '{}')
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : {}
  } catch {
    return {}
  }
}
