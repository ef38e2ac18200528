/** The part of the package that a config imports. It must stay free of imports that do something. */
import type { UserConfig } from './types.js'

/** What a config may look at. */
export interface ConfigContext {
  /** The environment that `mab` runs in. */
  readonly env: Readonly<Record<string, string | undefined>>
}

/** What the config file's default export may be. */
export type ConfigExport =
  UserConfig | Promise<UserConfig> | ((context: ConfigContext) => UserConfig | Promise<UserConfig>)

/** Gives the config its type, for completion and checks in the editor; returns it as it is. */
export function defineConfig<T extends ConfigExport>(config: T): T {
  return config
}
