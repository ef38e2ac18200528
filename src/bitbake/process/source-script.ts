/** Sourcing an oe-init-build-env-like script: what it makes of the environment is what BitBake starts with. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Build } from '../../targets/target.js'
import type { BitbakeProblem } from '../../problem/bitbake-problem.js'
import { errorCode, errorText, realPath, statIfThere } from '../../util/fs.js'
import { fail, ok, type Result } from '../../problem/problem.js'
import { bitbakeEnvironment } from '../command.js'
import { silentLog } from './log.js'
import { signalProcess } from './server.js'
import { guard, hasStarted } from './stop.js'

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * What the script says goes to stderr; what it made of the environment comes out. Its status is that of its last command,
 * which an interactive shell does not mind (`[ … ] && echo …`): it counts only where nothing was set up. It may have
 * changed all that a shell knows: PATH, options, where `env` is looked for.
 */
const program = `
_mab_script=$1 _mab_bitbake=$2 _mab_before=\${BUILDDIR-}:$PATH _mab_env=$(command -v env); shift 2
. "$_mab_script" "$@" >&2
_mab_status=$?
if [ "$_mab_status" -ne 0 ]; then
  [ -n "\${BUILDDIR-}" ] && [ "\${BUILDDIR-}:\${PATH-}" != "$_mab_before" ] && command -v "$_mab_bitbake" >/dev/null ||
    exit "$_mab_status"
fi
exec "$_mab_env" -0
`
/** Lines of a script's that failed. */
const shownLines = 5
/** Characters of what it said that are kept. */
const keptText = 64 * 1024
/** ms for what it has started in the background to close the output that it was given, and to end when it is told to. */
const grace = 1_000

/** The environment that the script makes. BUILDDIR, if it sets one, must be the build directory. */
export async function sourceScript(
  build: Build,
  { script, args, cwd }: NonNullable<Build['init']>,
  inherited: Environment,
  stop: AbortSignal,
): Promise<Result<Environment, BitbakeProblem>> {
  const failed = (...found: string[]): Result<Environment, BitbakeProblem> =>
    fail({ code: 'init-failed', script, found: found.filter((line) => line !== '').join('\n') })
  const unfit = checkScript(script)
  if (unfit !== undefined) return failed(unfit)
  const { variables } = bitbakeEnvironment(inherited, build.environment)
  const child = spawn('bash', ['-c', program, 'bash', script, build.command[0]!, ...args], {
    cwd,
    env: { ...variables },
    // A group of its own, which can be ended with all that the script has started.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const end = (): void => {
    const { pid } = child
    if (pid === undefined) return
    signalProcess(-pid, 'SIGTERM')
    void delay(grace).then(() => signalProcess(-pid, 'SIGKILL'))
  }
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
  child.stderr
    .setEncoding('utf8')
    .on('data', (text: string) => (output.stderr = (output.stderr + text).slice(-keptText)))
  const { directory } = build
  const unguard = guard(child, { started: hasStarted(child, directory), directory, words: [], log: silentLog })
  const closed = once(child, 'close').catch(() => {})
  let ended: [code: number | null, signal: string | null]
  try {
    stop.addEventListener('abort', end)
    if (stop.aborted) end()
    ended = (await once(child, 'exit')) as typeof ended
  } catch (error) {
    return failed(`bash cannot be started: ${errorText(error)}`)
  } finally {
    stop.removeEventListener('abort', end)
    unguard()
  }
  // What it leaves running in the background, as ssh-agent, may hold the pipes.
  await Promise.race([closed, delay(grace, undefined, { ref: false })])
  const [code, signal] = ended
  const said = output.stderr.trim().split('\n').slice(-shownLines)
  if (code !== 0) return failed(signal ?? `exit code ${code}`, ...said)
  if (output.stdout === '') {
    return failed('it ends the shell: a script that is sourced must not call `exit` or `exec`', ...said)
  }
  const made = Object.fromEntries(
    output.stdout.split('\0').flatMap((entry) => {
      const equals = entry.indexOf('=')
      return equals < 1 ? [] : [[entry.slice(0, equals), entry.slice(equals + 1)] as const]
    }),
  )
  const { BUILDDIR } = made
  if (BUILDDIR !== undefined && realPath(BUILDDIR) !== realPath(build.directory)) {
    return failed(`it sets up ${BUILDDIR}, and the config's build directory is ${build.directory}`)
  }
  return ok(made)
}

/** bash says the same, with its own name and the number of a line before it. */
function checkScript(script: string): string | undefined {
  const stat = statIfThere(script)
  if (stat === undefined) return 'expected: a script to source\nfound: no such file'
  if (stat.isDirectory()) return 'expected: a script to source\nfound: a directory'
  try {
    fs.accessSync(script, fs.constants.R_OK)
  } catch (error) {
    return `expected: a script to source\nfound: a file that may not be read (${errorCode(error)})`
  }
  return undefined
}
