/** What `mab init` found out about a project: as BitBake says it, or else as far as it can be read. */

export interface Multiconfig {
  /** '' is the default configuration. */
  readonly name: string
  readonly machine?: string
  /** `os/architecture[/variant]`. */
  readonly platform?: string
  /** Why there is no platform. */
  readonly reason?: string
}

/** A recipe of oci-multiarch.bbclass. */
export interface MultiarchRecipe {
  readonly name: string
  /** OCI_MULTIARCH_RECIPE. */
  readonly recipe: string
  /** OCI_MULTIARCH_PLATFORMS, each with its OCI_MULTIARCH_MC. */
  readonly platforms: readonly { readonly key: string; readonly multiconfig: string }[]
}

/** What no target is made of. */
export interface LeftOut {
  /** The recipe's name, or the platform's. */
  readonly name: string
  /** What it is that cannot be used, in words that fit several names. */
  readonly why: string
}

export interface Survey {
  /** Where the config is to be. Absolute. */
  readonly root: string
  /** Relative to the root, as the rest. */
  readonly buildDirectory?: string
  /** An oe-init-build-env, or bitbake-setup's init-build-env. */
  readonly init?: string
  readonly kas: readonly string[]
  /** Directories of layers, absolute: those of BBLAYERS, where BitBake said them. */
  readonly layers: readonly string[]
  readonly multiconfigs: readonly Multiconfig[]
  /** Image recipes with an OCI output. */
  readonly recipes: readonly string[]
  readonly multiarch: readonly MultiarchRecipe[]
  readonly leftOut: readonly LeftOut[]
  /** Names of all recipes, where BitBake said them. */
  readonly known?: readonly string[]
  /** Whether BitBake said so. */
  readonly asked: boolean
}

/** What BitBake says of a project. */
export interface Asked extends Pick<Survey, 'multiconfigs' | 'recipes' | 'multiarch' | 'leftOut' | 'known' | 'layers'> {
  /** Why BitBake skips a recipe, by the recipe's name. */
  readonly skipped: Readonly<Record<string, string>>
}
