/**
 * Which files were read and found to hold which digest, from one run to the next, as `.mab/verified.json`. What was
 * learnt before the last boot does not count: after a power failure a file may have lost its bytes and kept its times.
 */
import path from 'node:path'
import type { Digest } from '../../oci/digest.js'
import type { VerifiedFiles } from '../../oci/verified.js'
import { bootId } from '../../util/boot.js'
import { exists } from '../../util/fs.js'
import { isRecord } from '../../util/json.js'
import { readJsonRecord, writeJsonRecord } from './json-file.js'

/** Counts changes of the file's form. */
const format = 2

type Known = readonly [identity: string, digest: string]

export class KnownFiles implements VerifiedFiles {
  readonly #file: string
  /** Paths in it are kept relative to it: the project may be moved. */
  readonly #root: string
  readonly #known = new Map<string, Known>()
  /** By device and inode: what one name of a file is known to hold, its other names hold too. */
  readonly #byInode = new Map<string, Known>()
  /** Learnt in this run: there a moment ago, and not worth another look at each. */
  readonly #learnt = new Set<string>()

  constructor(file: string, root: string, forget: boolean) {
    this.#file = file
    this.#root = root
    if (forget) return
    const record = readJsonRecord(file)
    if (record['format'] !== format || record['boot'] !== bootId()) return
    if (!isRecord(record['files'])) return
    for (const [name, entry] of Object.entries(record['files'])) {
      if (!Array.isArray(entry)) continue
      const [identity, digest] = entry as unknown[]
      if (typeof identity === 'string' && typeof digest === 'string') {
        this.#learn(path.resolve(root, name), [identity, digest])
      }
    }
  }

  has(file: string, identity: string, digest: Digest): boolean {
    const agrees = (known: Known | undefined): boolean =>
      known !== undefined && known[1] === digest && known[0] === identity
    return agrees(this.#known.get(file)) || agrees(this.#byInode.get(inodeOf(identity)))
  }

  add(file: string, identity: string, digest: Digest): void {
    this.#learn(file, [identity, digest])
    this.#learnt.add(file)
  }

  /** Writes what was learnt, without files that are gone. */
  save(): void {
    if (this.#learnt.size === 0) return
    const within = this.#root + path.sep
    const entries: Record<string, Known> = {}
    for (const [file, known] of this.#known) {
      if (!this.#learnt.has(file) && !exists(file)) continue
      entries[file.startsWith(within) ? file.slice(within.length) : file] = known
    }
    writeJsonRecord(this.#file, { format, boot: bootId(), files: entries })
    this.#learnt.clear()
  }

  #learn(file: string, known: Known): void {
    this.#known.set(file, known)
    this.#byInode.set(inodeOf(known[0]), known)
  }
}

function inodeOf(identity: string): string {
  return identity.split(':', 2).join(':')
}
