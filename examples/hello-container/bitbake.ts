/** The BitBake that builds this example, or, on a machine that has none, the stand-in beside this file. */
import { accessSync, constants } from 'node:fs'
import path from 'node:path'

/** `build.command`: what BITBAKE names, else `bitbake` when it is on PATH, else the stand-in. */
export function bitbakeOrStandIn(env: Readonly<Record<string, string | undefined>>): string[] {
  if (env['BITBAKE'] !== undefined && env['BITBAKE'] !== '') return [env['BITBAKE']]
  const directories = (env['PATH'] ?? '').split(path.delimiter).filter((directory) => directory !== '')
  if (directories.some((directory) => isExecutable(path.join(directory, 'bitbake')))) return ['bitbake']
  return [process.execPath, path.join(import.meta.dirname, 'stand-in.mjs')]
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
