/** The process: its signals, its streams, and the only exit code. */
import { createInterface } from 'node:readline/promises'
import { parseArguments } from './arguments/args.js'
import { commandHelp, mainHelp, type Command } from './command.js'
import { clean } from './commands/clean.js'
import { doctor } from './commands/doctor.js'
import { init } from './commands/init.js'
import { inspect } from './commands/inspect.js'
import { list } from './commands/list.js'
import { merge } from './commands/merge.js'
import { plan } from './commands/plan.js'
import { run } from './commands/run.js'
import { verify } from './commands/verify.js'
import { exitCodeOfSignal, exitCodes } from './exit-code.js'
import { Interruption } from './interruption.js'
import type { Io, Stream } from './io.js'
import { reportProblems } from './project.js'
import { formatProblems } from '../report/words/problems.js'
import { makeStyle } from '../report/style.js'
import { guardExit } from '../start/guard.js'
import type { EvaluatedConfig } from '../config/evaluate.js'
import { errorText, withPath } from '../util/fs.js'
import { systemProblem } from '../problem/system-problem.js'
import { suggest } from '../util/suggest.js'
import { version } from './version.js'

const commands: readonly Command[] = [run, plan, verify, inspect, merge, list, clean, doctor, init]

/**
 * Runs the command line of this process and sets its exit code.
 * @param evaluated the config, when it was evaluated before it was clear that not all is fresh.
 */
export async function main(argv: readonly string[], evaluated?: EvaluatedConfig): Promise<void> {
  const interruption = new Interruption()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => interruption.receive(signal))
  }
  let unwritable = false
  const onError = (error: unknown): void => {
    unwritable = true
    // Also after the command has ended: what it wrote last may fail only then.
    process.exitCode = exitCodes.failed
    interruption.abort()
    stderr.write(`error: cannot write: ${errorText(error)}\n`)
  }
  const stdout = openStream(process.stdout, onError)
  const stderr = openStream(process.stderr, onError)
  const release = guardExit(exitCodes.usage)
  try {
    // A terminal of no size (docker without a window) would wrap each letter.
    const canDraw = process.stderr.isTTY && process.stderr.columns > 0 && process.env['TERM'] !== 'dumb'
    const terminal = canDraw ? process.stderr : undefined
    const { node: nodeVersion } = process.versions
    const ask = process.stdin.isTTY ? (question: string) => askTerminal(question, interruption) : undefined
    const streams = { stdout, stderr, terminal, ask }
    const given = { argv, cwd: cwd(), env: process.env, nodeVersion, variables: new Map(), evaluated }
    process.exitCode = await dispatch(argv, { ...given, ...streams, interruption })
  } catch (error) {
    process.exitCode = explain(error, interruption, stderr)
  }
  if (unwritable) process.exitCode = exitCodes.failed
  release()
}

async function askTerminal(question: string, { stop }: Interruption): Promise<string> {
  // Not as a terminal: Ctrl-C is then a signal as everywhere else.
  const terminal = createInterface({ input: process.stdin, output: process.stderr, terminal: false })
  try {
    return await terminal.question(question, { signal: stop })
  } catch (error) {
    if (stop.aborted) return ''
    throw error
  } finally {
    terminal.close()
  }
}

function cwd(): string {
  try {
    return process.cwd()
  } catch (error) {
    throw withPath(error, 'the working directory')
  }
}

/** @returns the exit code. */
function explain(error: unknown, { stop, signal }: Interruption, stderr: Stream): number {
  if (stop.aborted && error instanceof Error && error.name === 'AbortError') {
    return signal === undefined ? exitCodes.failed : exitCodeOfSignal(signal)
  }
  const problem = systemProblem(error)
  if (problem !== undefined) {
    stderr.write(formatProblems([problem], '/', makeStyle(false)))
    return exitCodes.failed
  }
  const report = error instanceof Error ? (error.stack ?? error.message) : String(error)
  stderr.write(
    `mab ${version}: this is a bug in mab, not in your build. Please report it with what follows.\n${report}\n`,
  )
  return exitCodes.bug
}

async function dispatch(argv: readonly string[], io: Io): Promise<number> {
  const [first, ...rest] = argv
  if (first === '--version' || first === '-V') {
    io.stdout.write(`${version}\n`)
    return exitCodes.done
  }
  if (first === '--help' || first === '-h' || (first === 'help' && rest.length === 0)) {
    io.stdout.write(mainHelp(commands, version))
    return exitCodes.done
  }
  if (first === undefined) {
    io.stderr.write(mainHelp(commands, version))
    return exitCodes.usage
  }
  const name = first === 'help' ? rest[0]! : first
  const command = commands.find((candidate) => candidate.name === name)
  if (command === undefined) {
    const near = suggest(
      name,
      commands.map((candidate) => candidate.name),
    )
    const message = name.startsWith('-') ? `the command comes first; found "${name}"` : `unknown command "${name}"`
    const suggestion = near === undefined ? {} : { suggestion: `"mab ${near}"` }
    return reportProblems([{ code: 'usage', message, ...suggestion }], {}, io)
  }
  const args = parseArguments(first === 'help' ? ['--help'] : rest, command)
  if (!args.ok) return reportProblems(args.problems, {}, io)
  if (args.value.options.help === true) {
    io.stdout.write(commandHelp(command))
    return exitCodes.done
  }
  if (args.value.options.version === true) {
    io.stdout.write(`${version}\n`)
    return exitCodes.done
  }
  return command.run(args.value, io)
}

/**
 * A reader that goes away (`mab plan | head`) ends what is written, not the run. A full disk ends the run too: what was
 * asked for does not arrive.
 */
function openStream(stream: NodeJS.WriteStream, onError: (error: unknown) => void): Stream {
  let closed = false
  stream.on('error', (error: NodeJS.ErrnoException) => {
    closed = true
    if (error.code !== 'EPIPE') onError(error)
  })
  return {
    isTTY: stream.isTTY === true,
    write: (text) => {
      if (!closed) stream.write(text)
    },
  }
}
