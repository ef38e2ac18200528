/**
 * Everything that can go wrong for a reason that is the user's or the machine's, as data. Bugs are thrown instead.
 *
 * The union is closed: `report/words/words.ts` words every member in exhaustive switches, and machines read the
 * `code`, which never changes its meaning.
 */
import type { BitbakeProblem, WantedImage } from './bitbake-problem.js'
import type { LayoutRemedy } from './layout-remedy.js'

/** A value, or everything that was wrong with getting it (never an empty list). */
export type Result<T, P = Problem> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problems: readonly P[] }

export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value }
}

export function fail<P>(...problems: P[]): { readonly ok: false; readonly problems: readonly P[] } {
  return { ok: false, problems }
}

/** For the default branch of an exhaustive switch: reached only by a bug. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`)
}

/** What `mab` was called with does not fit its options. */
export interface UsageProblem {
  readonly code: 'usage'
  readonly message: string
  readonly command?: string
  readonly suggestion?: string
}

export type ConfigProblem =
  | { readonly code: 'config-not-found'; readonly directory: string; readonly names: readonly string[] }
  | { readonly code: 'config-exists'; readonly file: string }
  | { readonly code: 'config-ambiguous'; readonly directory: string; readonly found: readonly string[] }
  | {
      readonly code: 'config-unreadable'
      readonly file: string
      readonly found: string
      /** Its name was given; else it was found by search. */
      readonly named: boolean
      /** `unsuitable`: it is not a file, or has a name that no config has. */
      readonly kind: 'missing' | 'dangling-link' | 'unsuitable' | 'permission' | 'system'
    }
  | {
      /** esbuild, which compiles configs that are code, cannot be run. */
      readonly code: 'compiler-unusable'
      readonly file: string
      readonly found: string
      /** The program, where there is one. */
      readonly program?: string
      /** ESBUILD_BINARY_PATH names it. */
      readonly chosen: boolean
    }
  | {
      /** The config does not compile, or throws while it is evaluated. `line` and `column` count from 1. */
      readonly code: 'config-broken'
      readonly file: string
      readonly line?: number
      readonly column?: number
      readonly message: string
      readonly frame?: string
    }
  | {
      /** The config is a value that the schema or a cross-field rule refuses. */
      readonly code: 'config-invalid'
      readonly file: string
      readonly path: readonly (string | number)[]
      readonly message: string
      readonly suggestion?: string
    }

export type SelectionProblem =
  | {
      readonly code: 'unknown-target'
      readonly name: string
      readonly known: readonly string[]
      readonly suggestion?: string
    }
  | {
      readonly code: 'unknown-platform'
      readonly name: string
      readonly known: readonly string[]
      readonly suggestion?: string
    }
  | {
      readonly code: 'platform-not-in-target'
      readonly name: string
      readonly target: string
      readonly known: readonly string[]
    }
  | { readonly code: 'nothing-selected'; readonly reason: string }

/** A path in a layout's tree, outermost first: `index.json`, `manifests[0] sha256:ab… (linux/arm64)`, `layers[2]`. */
export type TreePath = readonly string[]

export const layoutProblemCodes = [
  'layout-unreadable',
  'layout-version',
  'document-malformed',
  'document-ambiguous',
  'document-too-large',
  'digest-invalid',
  'digest-unsupported',
  'blob-missing',
  'blob-unreadable',
  'blob-size',
  'blob-digest',
  'blob-data',
  'media-type',
  'manifests-empty',
  'not-an-image',
  'layers-empty',
  'layer-count',
  'layer-compression',
  'layer-diff-id',
  'layer-malformed',
  'layer-too-large',
  'layer-entry-escapes',
  'layer-entry-refused',
  'layer-entry-repeated',
  'layer-entry-unportable',
  'file-platform',
  'blob-unreferenced',
  'file-unknown',
  'platform-unstated',
  'platform-incomplete',
  'platform-unmatchable',
  'platform-unlisted',
  'index-too-deep',
  'reference-missing',
  'reference-ambiguous',
  'reference-repeated',
  'reference-malformed',
  'platform-missing',
  'platform-unexpected',
  'platform-duplicate',
  'platform-contradiction',
  'platform-same-image',
] as const

/** Something wrong inside an OCI image layout, with its place in the tree. */
export interface LayoutProblem {
  readonly code: (typeof layoutProblemCodes)[number]
  /** The layout's directory or archive. */
  readonly layout: string
  readonly at: TreePath
  readonly expected: string
  readonly found: string
  /** What to do next, when the place of the problem says it. */
  readonly next?: string
  /** What to do next, when it is a command. */
  readonly remedy?: LayoutRemedy
}

export type DiscoverProblem =
  | {
      readonly code: 'layout-not-found'
      readonly target: string
      readonly platform: string
      readonly looked: readonly LookedAt[]
      /** What BitBake was to build; absent for a layout that is to be there. */
      readonly request?: { readonly multiconfig: string; readonly recipe: string; readonly task: string }
      /** BitBake was asked in this run, and says that it is built. */
      readonly asked: boolean
      /** What BitBake says of it: DEPLOY_DIR_IMAGE and STAMP. */
      readonly answer?: { readonly deployDirectory: string; readonly stamp: string }
    }
  | {
      /** BitBake makes the image in other formats only. */
      readonly code: 'no-oci-type'
      readonly target: string
      readonly platformKey: string
      /** `mc:<multiconfig>:<recipe>` */
      readonly recipe: string
      /** IMAGE_FSTYPES, as BitBake says it. */
      readonly types: string
    }
  | {
      /** The link leads to an older layout than the one that BitBake has deployed last. */
      readonly code: 'layout-outdated'
      readonly target: string
      readonly platform: string
      readonly link: string
      /** The name of the layout that it leads to, and of the newer one in the same directory. */
      readonly to: string
      readonly newer: string
      /** BitBake was in the run. */
      readonly asked: boolean
      /** OCI_IMAGE_TAG, as BitBake says it. */
      readonly tag?: string
    }
  | {
      readonly code: 'layout-ambiguous'
      readonly target: string
      readonly platform: string
      readonly candidates: readonly string[]
    }
  | {
      /** Several multiconfigs or build directories write to one place, so that what lies there is nobody's in particular. */
      readonly code: 'image-shared'
      /** `mc:<multiconfig>:<recipe>`, and the build directory that it is for; at least two. */
      readonly requests: readonly { readonly request: string; readonly directory: string }[]
      /** What they share: `TMPDIR … and MACHINE …`, a layout. */
      readonly place: string
      readonly images: readonly WantedImage[]
    }
  | {
      /** BitBake's machine is another platform than the config or the image config says. */
      readonly code: 'platform-disagrees'
      readonly target: string
      readonly platformKey: string
      readonly config?: string
      readonly image?: string
      readonly machine: string
      /** What BitBake says it by. */
      readonly by: string
    }
  | {
      /** No OCI platform says what the image runs on. */
      readonly code: 'platform-refused'
      readonly target: string
      readonly platformKey: string
      readonly reason: string
      readonly by: string
    }
  /** Neither the config nor BitBake nor the image says the platform. */
  | {
      readonly code: 'platform-unknown'
      readonly target: string
      readonly platformKey: string
      readonly reason: string
    }

/** A place where a layout was looked for, and what lies there instead. */
export interface LookedAt {
  readonly place: string
  readonly found: string
}

/** The process that holds a lock. */
export interface LockHolder {
  readonly pid: number
  readonly hostname: string
  /** ms */
  readonly heldFor: number
  /** Whether it is known to run: it is in this PID namespace of this host. */
  readonly isSeen: boolean
}

export type StateProblem =
  /** The time that the run was given is over; `failed`: something had failed before. */
  | { readonly code: 'timed-out'; readonly limit: string; readonly failed: boolean }
  /** Another mab works in a place: a project, an output directory or an archive. `file` is the lock. */
  | { readonly code: 'locked'; readonly place: string; readonly file: string; readonly holder?: LockHolder }
  /** Something else stands where mab keeps what it remembers. */
  | { readonly code: 'state-not-a-directory'; readonly path: string; readonly found: string }
  | {
      readonly code: 'file-system'
      readonly operation: string
      readonly path: string
      readonly found: string
      /** Permission is denied, and the place, or what it is in, belongs to another user. */
      readonly owner?: { readonly place: string; readonly uid: number }
    }
  | { readonly code: 'output-not-ours'; readonly directory: string; readonly found: readonly string[] }
  | { readonly code: 'archive-not-ours'; readonly file: string; readonly found: string }
  /** The output would be written into the layout that it is made from, or the other way round. */
  | { readonly code: 'output-is-source'; readonly directory: string; readonly source: string }
  | { readonly code: 'source-unreadable'; readonly pattern: string; readonly path: string; readonly found: string }

export type Problem =
  UsageProblem | ConfigProblem | SelectionProblem | BitbakeProblem | LayoutProblem | DiscoverProblem | StateProblem
