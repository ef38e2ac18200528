/** Values that the config leaves out and that depend on other values. */

/** Returns `output.directory` of a target; relative to the config. */
export function defaultOutputDirectory(target: string): string {
  return `deploy/${target}-multiarch-oci`
}

/** Returns `output.name` of a target. */
export function defaultImageName(target: string, reference: string): string {
  return `localhost/${target}:${reference}`
}

/** Returns `directory` of an entry of `builds`; relative to the config. */
export function defaultBuildDirectory(build: string): string {
  return `build-${build}`
}
