/** What can go wrong with BitBake, and which images that is about. */

/** An image that a run is to make, or to take. */
export interface WantedImage {
  readonly target: string
  /** As OCI writes it (`linux/arm64`); its key in the config while nobody says more. */
  readonly platform: string
}

export function distinctImages(images: readonly WantedImage[]): readonly WantedImage[] {
  return [...new Map(images.map((image) => [`${image.target} ${image.platform}`, image])).values()]
}

export type BitbakeProblem =
  | {
      readonly code: 'not-a-build-directory'
      readonly directory: string
      readonly missing: string
      readonly found: readonly string[] | null
    }
  /** `build.init` could not be sourced, or sets up something else. */
  | { readonly code: 'init-failed'; readonly script: string; readonly found: string }
  /** BitBake takes no such path for TOPDIR. */
  | { readonly code: 'build-directory-name'; readonly directory: string; readonly found: string }
  | { readonly code: 'build-directory-not-writable'; readonly directory: string; readonly found: string }
  /** Another BitBake is at work there; `detached`: for a client that is gone. */
  | {
      readonly code: 'build-directory-busy'
      readonly directory: string
      readonly pid: number
      readonly detached: boolean
    }
  | { readonly code: 'command-not-found'; readonly command: string; readonly found: string }
  | {
      readonly code: 'unknown-multiconfig'
      readonly multiconfig: string
      /** The entry of `mcdepends` that names it: `mc:<from>:<to>:<recipe>:<task>`; absent when the config names it. */
      readonly dependency?: string
      /** Where that entry is written, if mab found it. */
      readonly declared?: { readonly file: string; readonly line: number; readonly task?: string }
      /** The images that are not built because of it, here and in the other problems. */
      readonly images: readonly WantedImage[]
      readonly directory: string
      /** BBMULTICONFIG, where BitBake was asked for it. */
      readonly known?: readonly string[]
      /** Of BitBake, where it refused the multiconfig itself. */
      readonly log?: string
    }
  | {
      readonly code: 'unknown-recipe'
      readonly recipe: string
      readonly images: readonly WantedImage[]
      readonly closeMatches: readonly string[]
      readonly reason?: string
      readonly log: string
    }
  | {
      /** Of what recipes need, directly or not, nothing provides these. */
      readonly code: 'unknown-dependency'
      /** As BitBake came upon them: one that is missing makes recipes unbuildable, and then others miss those. */
      readonly names: readonly string[]
      /** Of the first; so below. */
      readonly closeMatches: readonly string[]
      readonly reason?: string
      /** From an image's recipe to what is missing. */
      readonly chain?: readonly string[]
      readonly images: readonly WantedImage[]
      readonly log: string
    }
  | {
      readonly code: 'unknown-task'
      /** The one that BitBake names. */
      readonly multiconfig: string
      readonly recipe: string
      readonly images: readonly WantedImage[]
      readonly task: string
      readonly closeMatches: readonly string[]
      readonly log: string
    }
  | {
      /** One BitBake task failed; `images` are those of its multiconfig. */
      readonly code: 'bitbake-task-failed'
      readonly multiconfig: string
      readonly recipe: string
      readonly task: string
      readonly images: readonly WantedImage[]
      readonly errors: readonly string[]
      readonly taskLog?: string
      /** The last lines of `taskLog`. */
      readonly taskOutput?: readonly string[]
      readonly cause?: BitbakeCause
      readonly log: string
    }
  | {
      /** BitBake ended badly for a reason that no line names as a task's. */
      readonly code: 'bitbake-failed'
      readonly exit: string
      readonly errors: readonly string[]
      /** All that the call was for. */
      readonly images: readonly WantedImage[]
      readonly cause?: BitbakeCause
      readonly log: string
    }
  | {
      /** Exit 0, but the summary line that every whole run prints is missing (facts: SIGTERM to the server). */
      readonly code: 'bitbake-incomplete'
      readonly expected: string
      readonly images: readonly WantedImage[]
      readonly log: string
    }

/** A reason of BitBake's to give up that has a remedy of its own. */
export type BitbakeCause =
  | { readonly kind: 'parse-error'; readonly file: string; readonly line?: number }
  | { readonly kind: 'multiconfig-file-missing'; readonly multiconfig: string }
  | { readonly kind: 'program-missing'; readonly programs: readonly string[] }
  | { readonly kind: 'locale-missing'; readonly locale: string }
  | { readonly kind: 'machine-unknown'; readonly machine: string }
  | { readonly kind: 'layer-incompatible'; readonly layer: string; readonly supports: string; readonly core: string }
  | { readonly kind: 'layer-dependency'; readonly layer: string; readonly needs: string }
  | { readonly kind: 'source-missing'; readonly url: string }
  /** All tasks succeeded, and no task is known to have said the errors. */
  | { readonly kind: 'reported-errors' }
  | {
      readonly kind:
        | 'layer-missing'
        | 'disk-full'
        | 'watch-limit'
        | 'refused-root'
        | 'refused-configuration'
        | 'server-died'
        | 'worker-died'
        | 'server-unreachable'
    }
