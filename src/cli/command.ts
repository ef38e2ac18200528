/** What each subcommand is. */
import type { Arguments, Syntax } from './arguments/args.js'
import type { Io } from './io.js'
import { optionSpecs, type OptionName, type OptionSpec } from './arguments/options.js'

export interface Command extends Syntax {
  /** For the list of commands. */
  readonly summary: string
  /** What follows the command's name in the usage line. */
  readonly usage: string
  readonly description: readonly string[]
  /** What an option means here, where that is not what `optionSpecs` says. */
  readonly optionHelp?: Readonly<Partial<Record<OptionName, string>>>
  /** Command lines, each with what it is for. */
  readonly examples: readonly (readonly [line: string, purpose: string])[]
  /** @returns the exit code. */
  run(args: Arguments, io: Io): Promise<number>
}

export function commandHelp(command: Command): string {
  const width = Math.max(...command.examples.map(([line]) => line.length))
  return [
    `Usage: mab ${command.name} ${command.usage}`.trimEnd(),
    '',
    ...command.description,
    '',
    'Options:',
    ...optionLines(command),
    '',
    'Examples:',
    ...command.examples.map(([line, purpose]) => `  ${line.padEnd(width)}  ${purpose}`),
    '',
  ].join('\n')
}

function optionLines({ options, format, optionHelp = {} }: Command): string[] {
  const rows = [...options, 'color' as const, 'help' as const].map((name): [string, string] => {
    const { short, value, help }: OptionSpec = optionSpecs[name]
    const letter = short === undefined ? '    ' : `-${short}, `
    const listed = name === 'format' && format !== undefined ? `${format.help}: ${format.choices.join(', ')}` : help
    return [`  ${letter}--${name}${value === undefined ? '' : ` ${value}`}`, optionHelp[name] ?? listed]
  })
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `${left.padEnd(width)}  ${right}`)
}

export function mainHelp(commands: readonly Command[], version: string): string {
  const width = Math.max(...commands.map(({ name, usage }) => `${name} ${usage}`.length))
  return [
    `mab ${version}: several single-architecture OCI images, built by BitBake, become one multi-arch image`,
    '',
    'Usage: mab COMMAND [OPTION…] [OPERAND…]',
    '',
    'Commands:',
    ...commands.map(({ name, usage, summary }) => `  ${`${name} ${usage}`.padEnd(width)}  ${summary}`),
    '',
    "'mab COMMAND --help' says more about one. Exit codes: 0 done, 1 a build or check failed, 2 wrong usage or config,",
    '70 a bug in mab, 130 or 143 interrupted.',
    '',
  ].join('\n')
}
