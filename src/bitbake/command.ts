/** What BitBake is called with: pure functions of the build and the targets. */
import path from 'node:path'

/** One target on BitBake's command line. */
export interface BitbakeTarget {
  /** '' is the default configuration. */
  readonly multiconfig: string
  readonly recipe: string
  /** Without `do_`. */
  readonly task: string
}

/** `mc:<multiconfig>:<recipe>:do_<task>`; for the default configuration `<recipe>:do_<task>` (BitBake manual, 1.5.2.10). */
export function targetArgument({ multiconfig, recipe, task }: BitbakeTarget): string {
  return `${recipeArgument({ multiconfig, recipe })}:do_${task}`
}

/** The same without a task: what `bitbake -e` and BitBake's library take. */
export function recipeArgument({ multiconfig, recipe }: Pick<BitbakeTarget, 'multiconfig' | 'recipe'>): string {
  return `${multiconfig === '' ? '' : `mc:${multiconfig}:`}${recipe}`
}

/** What stands behind `build.args`. */
export function buildArguments(targets: readonly BitbakeTarget[], keepGoing: boolean): string[] {
  return [...(keepGoing ? ['-k'] : []), ...targets.map(targetArgument)]
}

/** Names whose values are credentials by every custom, also within a word: PGPASSWORD, SYSTEM_ACCESSTOKEN. */
const credential =
  /PASSW(OR)?D|PASSPHRASE|TOKEN|JWT|SECRET|API_?KEY|CREDENTIAL|SSHPASS|_PWD$|(^|_)(PASS|CREDS|PAT)(_|$)|(ACCESS|PRIVATE)_?KEY|_AUTH$|^DOCKER_AUTH_CONFIG$/i
/** They only say where to ask: SSH_AUTH_SOCK, REGISTRY_AUTH_FILE, AWS_WEB_IDENTITY_TOKEN_FILE. */
const place = /_(FILE|SOCK)$|^GOOGLE_APPLICATION_CREDENTIALS$/i

export interface BitbakeEnvironment {
  readonly variables: Readonly<Record<string, string>>
  /** Names of the variables that BitBake does not get to see. */
  readonly withheld: readonly string[]
}

/**
 * BitBake's server writes its whole environment to a log that everybody may read, so what looks like a credential
 * stays out of it, unless the config declares it or BB_ENV_PASSTHROUGH_ADDITIONS names it. Declared variables are
 * added to BB_ENV_PASSTHROUGH_ADDITIONS, without which BitBake would drop them.
 */
export function bitbakeEnvironment(
  inherited: Readonly<Record<string, string | undefined>>,
  declared: Readonly<Record<string, string>>,
): BitbakeEnvironment {
  const passed = [inherited, declared].flatMap((variables) => {
    return (variables['BB_ENV_PASSTHROUGH_ADDITIONS'] ?? '').split(/\s+/).filter((name) => name !== '')
  })
  const wanted = new Set([...passed, ...Object.keys(declared)])
  const variables: Record<string, string> = {}
  const withheld: string[] = []
  for (const [name, value] of Object.entries({ ...inherited, ...declared })) {
    if (value === undefined) continue
    if (wanted.has(name)) variables[name] = value
    // npm's own variables say nothing to BitBake, and change from call to call.
    else if (name.startsWith('npm_')) continue
    else if (credential.test(name) && !place.test(name)) withheld.push(name)
    else variables[name] = value
  }
  const additions = [...wanted].filter((name) => !name.startsWith('BB_ENV_'))
  if (additions.length > 0) variables['BB_ENV_PASSTHROUGH_ADDITIONS'] = additions.join(' ')
  // Plain lines, whatever the terminal.
  variables['TERM'] = 'dumb'
  return { variables, withheld: withheld.toSorted() }
}

/** The file that makes a directory a build directory, and that BitBake looks for first. */
export function buildDirectoryMarker(directory: string): string {
  return path.join(directory, 'conf', 'bblayers.conf')
}
