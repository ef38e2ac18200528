/** Entries that are not judged as images: artifacts, and what a sparse layout lists and does not hold. */
import type { LayoutProblem, TreePath } from '../../problem/problem.js'
import { isAttestation, isManifestType, type Descriptor } from '../documents.js'
import type { ListedImage } from './found-image.js'
import type { Layout } from '../read/layout.js'
import { formatPlatform } from '../platform.js'
import { locateBlob } from '../read/read-blob.js'
import type { AbsentEntry, VerifiedArtifact } from './verify-report.js'

/** Where an entry of an index stands. */
export interface EntryPlace {
  readonly at: TreePath
  /** Names the list; see `FoundImage`. */
  readonly list: string
  /** The digest of the entry of `index.json` that leads to it. */
  readonly root: string
}

/** Those that one walk meets. */
export class OtherEntries {
  readonly #artifacts = new Map<string, { readonly type: string; readonly roots: Set<string> }>()
  readonly #absent = new Map<string, { readonly descriptor: Descriptor; readonly places: EntryPlace[] }>()

  addArtifact(digest: string, type: string, root: string): void {
    const known = this.#artifacts.get(digest)
    if (known === undefined) this.#artifacts.set(digest, { type, roots: new Set([root]) })
    else known.roots.add(root)
  }

  /** Of an artifact that was met before. */
  addRoot(digest: string, root: string): void {
    this.#artifacts.get(digest)?.roots.add(root)
  }

  addAbsent(descriptor: Descriptor, place: EntryPlace): void {
    const key = JSON.stringify([descriptor.digest, descriptor.platform && formatPlatform(descriptor.platform)])
    const known = this.#absent.get(key)
    if (known === undefined) this.#absent.set(key, { descriptor, places: [place] })
    else known.places.push(place)
  }

  get hasAbsent(): boolean {
    return this.#absent.size > 0
  }

  /** Those absent entries that are for a platform: in each list that has them. */
  get absentImages(): ListedImage[] {
    return [...this.#absent.values()].flatMap(({ descriptor, places }) => {
      const { platform, mediaType } = descriptor
      if (platform === undefined || !isManifestType(mediaType) || isAttestation(descriptor)) return []
      return places.map(({ at, list }) => ({ descriptor, platform, at, list }))
    })
  }

  /** Each once, at its first place. */
  absentProblems(layout: Layout): LayoutProblem[] {
    return [...this.#absent.values()].flatMap(({ descriptor, places }) => {
      const located = locateBlob(layout, descriptor, places[0]!.at)
      return located.ok ? [] : located.problems
    })
  }

  describeArtifacts(): VerifiedArtifact[] {
    return [...this.#artifacts].map(([digest, { type, roots }]) => ({ digest, type, entries: [...roots] }))
  }

  describeAbsent(): AbsentEntry[] {
    return [...this.#absent.values()].map(({ descriptor, places }) => {
      const { mediaType, digest, platform } = descriptor
      return {
        ...(platform === undefined ? {} : { platform: formatPlatform(platform) }),
        mediaType,
        digest,
        entries: [...new Set(places.map(({ root }) => root))],
      }
    })
  }
}
