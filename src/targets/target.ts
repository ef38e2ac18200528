/** A target as the planner takes it: every default filled in, every path absolute, every platform an OCI platform. */
import { formatPlatform, type Platform } from '../oci/platform.js'

/** How BitBake is started for one build directory. */
export interface Build {
  /** TOPDIR; absolute. */
  readonly directory: string
  /** Program and first arguments. */
  readonly command: readonly string[]
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** Texts of errors of BitBake that do not make a build fail in which every task succeeded. */
  readonly acceptErrors?: readonly string[]
  /** A script that is sourced in `cwd` to set up BitBake's environment. Paths are absolute. */
  readonly init?: { readonly script: string; readonly args: readonly string[]; readonly cwd: string }
  /** `command` is then what starts kas, which starts BitBake: its configuration, as it takes it in `cwd`. */
  readonly kas?: { readonly config: string; readonly cwd: string }
}

/** A path or a glob, relative to `root` (which may itself hold characters that a glob gives a meaning). */
export interface Pattern {
  readonly root: string
  readonly pattern: string
}

/** Where a platform's single-architecture layout comes from. */
export type Source =
  | {
      readonly kind: 'bitbake'
      readonly build: Build
      /** '' is the default configuration. */
      readonly multiconfig: string
      readonly recipe: string
      /** Without `do_`. */
      readonly task: string
      readonly machine?: string
      /** DEPLOY_DIR_IMAGE, when the config says so. Absolute. */
      readonly deployDirectory?: string
      /** The layout itself, when the config says so. */
      readonly layout?: Pattern
    }
  | {
      readonly kind: 'layout'
      readonly path: Pattern
      /** Which entry of the layout is the image; the target's when absent. */
      readonly reference?: string
    }

export interface TargetPlatform {
  /** Its name in the config. */
  readonly key: string
  /** Absent when the config leaves it to BitBake and the image. */
  readonly platform?: Platform
  readonly source: Source
  /** Of its entry in the image index. */
  readonly annotations: Readonly<Record<string, string>>
}

export interface Output {
  readonly directory: string
  readonly format: 'nested' | 'flat'
  readonly mediaTypes: 'oci' | 'docker'
  readonly reference?: string
  /** More references of the same image. */
  readonly references: readonly string[]
  readonly attestations: 'drop' | 'keep'
  readonly name?: string
  readonly annotations: Readonly<Record<string, string>>
  readonly archive?: string
  readonly link: 'auto' | 'reflink' | 'hardlink' | 'copy'
}

export interface Target {
  readonly name: string
  /** In the order of the image index. */
  readonly platforms: readonly TargetPlatform[]
  /** Only some of the target's platforms: then `output` is not the whole image's. */
  readonly partial: boolean
  /** Which entry of a source layout is the image; absent when the config does not say. */
  readonly reference?: string
  /** Globs relative to `root`. */
  readonly sources?: readonly string[]
  /** Layers whose blobs a source may lack. */
  readonly allowAbsentLayers: 'none' | 'foreign' | 'any'
  /** The project: the config's directory. Absolute. */
  readonly root: string
  readonly output: Output
}

/** Its OCI platform, or its name in the config where that is not known. */
export function platformLabel({ key, platform }: Pick<TargetPlatform, 'key' | 'platform'>): string {
  return platform === undefined ? key : formatPlatform(platform)
}
