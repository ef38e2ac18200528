/**
 * Where BitBake lives: what one call of it is, in a prepared shell, after sourcing a script, within kas, or behind a
 * wrapper. Nothing goes through a shell but what kas runs.
 */
import path from 'node:path'
import type { Build } from '../../targets/target.js'
import type { BitbakeProblem } from '../../problem/bitbake-problem.js'
import { exists, realPath } from '../../util/fs.js'
import { ok, type Result } from '../../problem/problem.js'
import { quote } from '../../util/shell.js'
import { bitbakeEnvironment } from '../command.js'
import { Servers } from './server.js'
import { sourceScript, type Environment } from './source-script.js'

export interface PreparedBuild {
  readonly build: Build
  /** Where the calls are to be started. */
  readonly cwd: string
  readonly variables: Readonly<Record<string, string>>
  /** Names of the variables that BitBake does not get to see. */
  readonly withheld: readonly string[]
  readonly servers: Servers
  /** One call of BitBake. */
  bitbake(args: readonly string[]): string[]
  /** A call of another program where BitBake is; `undefined` behind a wrapper, whose world is not known. */
  beside(argv: readonly string[]): string[] | undefined
}

/** Sources `init`: to be done once a run. It does not take longer than until `stop` aborts. */
export async function prepareBuild(
  build: Build,
  inherited: Environment,
  stop: AbortSignal,
): Promise<Result<PreparedBuild, BitbakeProblem>> {
  if (build.kas !== undefined) return ok(prepareKas(build, build.kas, inherited))
  let environment = inherited
  if (build.init !== undefined) {
    const found = await sourceScript(build, build.init, inherited, stop)
    if (!found.ok) return found
    environment = found.value
  }
  const plain = build.command.length === 1 && build.args.length === 0
  return ok({
    build,
    cwd: build.directory,
    ...bitbakeEnvironment(withOwnPrograms(build, forDirectory(environment, build.directory)), build.environment),
    servers: new Servers(build.directory),
    bitbake: (args) => [...build.command, ...build.args, ...args],
    beside: (argv) => (plain ? [...argv] : undefined),
  })
}

/** A shell that was initialised for another build directory: BitBake would take that one, whatever it is started in. */
function forDirectory(environment: Environment, directory: string): Environment {
  const { BBPATH } = environment
  const places = BBPATH?.split(':') ?? [directory]
  if (places.some((place) => realPath(place) === realPath(directory))) return environment
  return { ...environment, BBPATH: directory, BUILDDIR: directory }
}

/** Up to 2.8 BitBake starts its worker as it is found on PATH: that of another version, or none. */
function withOwnPrograms({ command, directory }: Build, environment: Environment): Environment {
  const [program = ''] = command
  if (!program.includes('/')) return environment
  const bin = path.dirname(realPath(path.resolve(directory, program)))
  if (!exists(path.join(bin, 'bitbake-worker'))) return environment
  return { ...environment, PATH: [bin, ...(environment['PATH'] ? [environment['PATH']] : [])].join(path.delimiter) }
}

/**
 * kas makes BitBake's environment from nothing, so that credentials of its own (for fetching) stay with it, and what is
 * declared for BitBake goes into the command.
 */
function prepareKas(build: Build, { config, cwd }: NonNullable<Build['kas']>, inherited: Environment): PreparedBuild {
  const variables: Record<string, string> = {}
  for (const [name, value] of Object.entries({ ...inherited, KAS_BUILD_DIR: build.directory })) {
    if (value !== undefined) variables[name] = value
  }
  // kas hands the command to the user's shell, which may be another than the quoting is for. It writes BBMULTICONFIG in
  // the order of a Python set, which would differ from call to call, and BitBake would parse everything again.
  Object.assign(variables, { SHELL: '/bin/sh', TERM: 'dumb', PYTHONHASHSEED: '0' })
  const names = Object.keys(build.environment)
  const assignments = Object.entries(build.environment).map(([name, value]) => `${name}=${quote(value)}`)
  const additions = names.filter((name) => !name.startsWith('BB_ENV_'))
  const through =
    additions.length === 0
      ? []
      : [`BB_ENV_PASSTHROUGH_ADDITIONS="\${BB_ENV_PASSTHROUGH_ADDITIONS-} ${additions.join(' ')}"`]
  const shell = (argv: readonly string[]): string[] => {
    const line = [...assignments, ...through].map((assignment) => `export ${assignment}; `).join('')
    return [...build.command, 'shell', config, '-c', `${line}exec ${argv.map(quote).join(' ')}`]
  }
  return {
    build,
    cwd,
    variables,
    withheld: [],
    servers: new Servers(build.directory),
    bitbake: (args) => shell(['bitbake', ...build.args, ...args]),
    beside: (argv) => (build.args.length === 0 ? shell(argv) : undefined),
  }
}
