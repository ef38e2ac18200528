/** The nodes of a plan. A plan is plain JSON: tasks refer to each other by id. */
import type { Platform } from '../oci/platform.js'
import type { Build, Output, Source, Target } from '../targets/target.js'
import type { WantedImage } from '../problem/bitbake-problem.js'

export type TaskId = string

interface Common {
  readonly id: TaskId
  /** Tasks that stand earlier in the plan. */
  readonly dependsOn: readonly TaskId[]
}

/** One BitBake target: `mc:<multiconfig>:<recipe>:do_<task>`. */
export interface BitbakeRequest {
  /** '' is the default configuration. */
  readonly multiconfig: string
  readonly recipe: string
  /** Without `do_`. */
  readonly task: string
  /** Every image that needs it. */
  readonly neededBy: readonly WantedImage[]
  /** Globs of all that it is made from; `null` when a target that needs it does not say: then only BitBake knows. */
  readonly sources: readonly string[] | null
}

/** All that the run needs of one build directory, in one invocation: BitBake locks the directory. */
export interface BitbakeTask extends Common {
  readonly kind: 'bitbake'
  readonly build: Build
  readonly requests: readonly BitbakeRequest[]
  /** What `sources` are relative to. */
  readonly root: string
}

interface OfTarget extends Common {
  readonly target: string
}

/** Finds the layout of one platform, and the image in it. */
export interface DiscoverTask extends OfTarget {
  readonly kind: 'discover'
  /** The task that builds the image; absent when nothing is to be built. */
  readonly bitbake?: TaskId
  readonly platformKey: string
  /** Absent when the config does not say: then BitBake and the image do. */
  readonly platform?: Platform
  readonly source: Source
  readonly reference?: string
}

/** Brings one platform's blobs into the output. */
export interface MergeTask extends OfTarget {
  readonly kind: 'merge'
  /** The task that finds the image. It depends on those of the other platforms too, so nothing is written if one fails. */
  readonly discover: TaskId
  readonly platformKey: string
  readonly platform?: Platform
  readonly directory: string
  readonly link: Output['link']
  readonly attestations: Output['attestations']
  readonly allowAbsentLayers: Target['allowAbsentLayers']
}

/** One platform of an image index. */
export interface PlannedEntry {
  /** The platform's name in the config. */
  readonly key: string
  /** The task that brings its blobs. */
  readonly merge: TaskId
  /** `null`: not known before the image is found. */
  readonly platform: Platform | null
  readonly annotations: Readonly<Record<string, string>>
}

/** Writes the image index, but does not put it in place: `verify` does, once it has checked it. */
export interface IndexTask extends OfTarget {
  readonly kind: 'index'
  /** In the order of the index. */
  readonly entries: readonly PlannedEntry[]
  readonly output: Output
}

/** Reads the written image back, checks it, and puts it in place of the one before. */
export interface VerifyTask extends OfTarget {
  readonly kind: 'verify'
  /** The task that wrote the index. */
  readonly index: TaskId
  readonly platforms: readonly (Platform | null)[]
  readonly directory: string
  readonly allowAbsentLayers: Target['allowAbsentLayers']
}

/** Writes the image as an `oci-archive`. */
export interface ArchiveTask extends OfTarget {
  readonly kind: 'archive'
  /** The task that put the image in place. */
  readonly verify: TaskId
  readonly directory: string
  readonly file: string
}

export type Task = BitbakeTask | DiscoverTask | MergeTask | IndexTask | VerifyTask | ArchiveTask
export type TaskKind = Task['kind']

export interface PlannedTarget {
  readonly name: string
  readonly partial: boolean
  /** OCI platforms; the name in the config where that is not known yet. */
  readonly platforms: readonly string[]
  readonly directory: string
  /** The task after which the target is done. */
  readonly last: TaskId
}

/** Tasks in an order in which each stands after all that it depends on; so there is no cycle. */
export interface Plan {
  readonly version: 1
  readonly targets: readonly PlannedTarget[]
  readonly tasks: readonly Task[]
}
