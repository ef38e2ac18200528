/**
 * Where BitBake lives: what one call of it is, in a prepared shell, after sourcing a script, within kas, or behind a
 * wrapper. Nothing goes through a shell but what kas runs.
 */
import { spawn } from 'node:child_process'
import path from 'node:path'
import type { Build } from '../targets/target.js'
import { errorText, exists, realPath } from '../util/fs.js'
import type { BitbakeProblem } from '../util/bitbake-problem.js'
import { fail, ok, type Result } from '../util/problem.js'
import { quote } from '../util/shell.js'
import { bitbakeEnvironment } from './command.js'

export interface PreparedBuild {
  readonly build: Build
  /** Where the calls are to be started. */
  readonly cwd: string
  readonly variables: Readonly<Record<string, string>>
  /** Names of the variables that BitBake does not get to see. */
  readonly withheld: readonly string[]
  /** One call of BitBake. */
  bitbake(args: readonly string[]): string[]
  /** A call of another program where BitBake is; `undefined` behind a wrapper, whose world is not known. */
  beside(argv: readonly string[]): string[] | undefined
}

type Environment = Readonly<Record<string, string | undefined>>

const sourced = new WeakMap<Build, ReturnType<typeof sourceScript>>()

/** Sources `init` once for each `build`, whatever is asked of it. */
export async function prepareBuild(
  build: Build,
  inherited: Environment,
): Promise<Result<PreparedBuild, BitbakeProblem>> {
  if (build.kas !== undefined) return ok(prepareKas(build, build.kas, inherited))
  let environment = inherited
  if (build.init !== undefined) {
    const script = sourced.get(build) ?? sourceScript(build, build.init, inherited)
    sourced.set(build, script)
    const found = await script
    if (!found.ok) return found
    environment = found.value
  }
  const plain = build.command.length === 1 && build.args.length === 0
  return ok({
    build,
    cwd: build.directory,
    ...bitbakeEnvironment(withOwnPrograms(build, forDirectory(environment, build.directory)), build.environment),
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
    bitbake: (args) => shell(['bitbake', ...build.args, ...args]),
    beside: (argv) => (build.args.length === 0 ? shell(argv) : undefined),
  }
}

/**
 * What the script says goes to stderr; what it made of the environment comes out. Its status is that of its last command,
 * which an interactive shell does not mind (`[ … ] && echo …`): it counts only where nothing was set up.
 */
const program = `
script=$1 bitbake=$2 before=$BUILDDIR:$PATH; shift 2
. "$script" "$@" >&2
status=$?
if [ $status -ne 0 ]; then
  [ -n "$BUILDDIR" ] && [ "$BUILDDIR:$PATH" != "$before" ] && command -v "$bitbake" >/dev/null || exit $status
fi
exec env -0
`
/** Lines of a script's that failed. */
const shownLines = 5

/** The environment that an oe-init-build-env-like script makes. BUILDDIR, if it sets one, must be the build directory. */
async function sourceScript(
  build: Build,
  init: NonNullable<Build['init']>,
  inherited: Environment,
): Promise<Result<Environment, BitbakeProblem>> {
  const { variables } = bitbakeEnvironment(inherited, build.environment)
  const failed = (found: string): Result<Environment, BitbakeProblem> =>
    fail({ code: 'init-failed', script: init.script, found })
  const child = spawn('bash', ['-c', program, 'bash', init.script, build.command[0]!, ...init.args], {
    cwd: init.cwd,
    env: { ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => (output[stream] += text))
  }
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(failed(`bash cannot be started: ${errorText(error)}`)))
    child.once('close', (code, signal) => {
      if (code !== 0) {
        const said = output.stderr.trim().split('\n').slice(-shownLines).join('\n')
        return resolve(failed(`${signal ?? `exit code ${code}`}${said === '' ? '' : `\n${said}`}`))
      }
      const made = Object.fromEntries(
        output.stdout.split('\0').flatMap((entry) => {
          const equals = entry.indexOf('=')
          return equals < 1 ? [] : [[entry.slice(0, equals), entry.slice(equals + 1)] as const]
        }),
      )
      const { BUILDDIR } = made
      if (BUILDDIR !== undefined && realPath(BUILDDIR) !== realPath(build.directory)) {
        return resolve(failed(`it sets up ${BUILDDIR}, and the config's build directory is ${build.directory}`))
      }
      resolve(ok(made))
    })
  })
}
