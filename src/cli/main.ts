/** The process: its signals, its streams, and the only exit code. */
import { parseArguments } from './args.js'
import { commandHelp, mainHelp, type Command } from './command.js'
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
import { systemProblem } from '../util/fs.js'
import { suggest } from '../util/suggest.js'
import { version } from './version.js'

const commands: readonly Command[] = [run, plan, verify, inspect, merge, list]

/** Runs the command line of this process and sets its exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  const interruption = new Interruption()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => interruption.receive(signal))
  }
  const io: Io = {
    cwd: process.cwd(),
    env: process.env,
    stdout: openStream(process.stdout),
    stderr: openStream(process.stderr),
    // A terminal of no size (docker without a window) would wrap each letter.
    terminal:
      process.stderr.isTTY && process.stderr.columns > 0 && process.env['TERM'] !== 'dumb' ? process.stderr : undefined,
    interruption,
  }
  try {
    process.exitCode = await dispatch(argv, io)
  } catch (error) {
    if (interruption.signal !== undefined && error instanceof Error && error.name === 'AbortError') {
      process.exitCode = exitCodeOfSignal(interruption.signal)
      return
    }
    const problem = systemProblem(error)
    if (problem !== undefined) {
      process.exitCode = reportProblems([problem], {}, io)
      return
    }
    const report = error instanceof Error ? (error.stack ?? error.message) : String(error)
    io.stderr.write(
      `mab ${version}: this is a bug in mab, not in your build. Please report it with what follows.\n${report}\n`,
    )
    process.exitCode = exitCodes.bug
  }
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

/** A reader that goes away (`mab plan | head`) ends what is written, not the run. */
function openStream(stream: NodeJS.WriteStream): Stream {
  let closed = false
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    closed = true
  })
  return {
    isTTY: stream.isTTY === true,
    write: (text) => {
      if (!closed) stream.write(text)
    },
  }
}
