/** Which of mab's variables BitBake's metadata may depend on. */

type Environment = Readonly<Record<string, string | undefined>>

/** Variables that BitBake takes from its environment by default, or that OE-core's set-up lets through. */
const relevant = /^(PATH|HOME|USER|BBPATH|MACHINE|DISTRO|TCMODE|TCLIBC|SDKMACHINE|(BB|KAS)_.*)$/

/** @param declared BB_ENV_PASSTHROUGH_ADDITIONS of the config */
export function bitbakeVariables(environment: Environment, declared = ''): Record<string, string | undefined> {
  const passed = `${environment['BB_ENV_PASSTHROUGH_ADDITIONS'] ?? ''} ${declared}`.split(/\s+/)
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => relevant.test(name) || passed.includes(name)),
  )
}
