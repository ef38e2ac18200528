/** The command line to a command, its operands and its options. */
import { parseArgs } from 'node:util'
import { errorCode } from '../../util/fs.js'
import { fail, ok, type Result, type UsageProblem } from '../../problem/problem.js'
import { suggest } from '../../util/suggest.js'
import { durationSyntax, parseDuration } from './duration.js'
import { optionSpecs, type OptionName, type OptionSpec, type OptionValues } from './options.js'

export interface Syntax {
  readonly name: string
  readonly options: readonly OptionName[]
  /** How many operands it takes. */
  readonly operands: 'none' | 'any'
  /** What `--format` means here. */
  readonly format?: { readonly choices: readonly string[]; readonly help: string }
}

export interface Arguments {
  readonly operands: readonly string[]
  readonly options: OptionValues
}

/** @param argv without the command's name. */
export function parseArguments(argv: readonly string[], syntax: Syntax): Result<Arguments, UsageProblem> {
  const usage = (message: string, suggestion?: string): { ok: false; problems: UsageProblem[] } => ({
    ok: false,
    problems: [{ code: 'usage', message, command: syntax.name, ...(suggestion === undefined ? {} : { suggestion }) }],
  })
  const names = [...syntax.options, 'color', 'help', 'version'] as const
  const specOf = (name: OptionName): OptionSpec => optionSpecs[name]
  let parsed: ReturnType<typeof parseArgs>
  try {
    parsed = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: Object.fromEntries(
        names.map((name) => {
          const { short, value } = specOf(name)
          return [
            name,
            {
              type: value === undefined ? ('boolean' as const) : ('string' as const),
              multiple: value !== undefined,
              ...(short === undefined ? {} : { short }),
            },
          ]
        }),
      ),
    })
  } catch (error) {
    if (!errorCode(error)?.startsWith('ERR_PARSE_ARGS')) throw error
    const message = (error as Error).message.split(/\. |\n/)[0]!.replace(/\.$/, '')
    const unknown = /Unknown option '--([^']+)'/.exec(message)?.[1]
    const near = unknown === undefined ? undefined : suggest(unknown, names)
    return usage(
      message.replace(/^./, (letter) => letter.toLowerCase()),
      near === undefined ? undefined : `--${near}`,
    )
  }

  const options: Partial<Record<OptionName, string | readonly string[] | true>> = {}
  for (const name of names) {
    const given = parsed.values[name]
    if (given === undefined) continue
    const { list } = specOf(name)
    if (Array.isArray(given) && list !== undefined) {
      const split = (text: string): string[] => (list === 'commas' ? text.split(',') : [text])
      const texts = given.flatMap((text) => split(String(text))).filter((text) => text !== '')
      if (texts.length === 0) return usage(`--${name} names nothing`)
      options[name] = texts
    } else if (Array.isArray(given)) {
      const [value = '', other] = new Set(given.map(String))
      if (other !== undefined) return usage(`--${name} is given twice: "${value}" and "${other}"`)
      if (value === '') return usage(`--${name} is empty`)
      const choices = name === 'format' ? syntax.format?.choices : specOf(name).choices
      if (choices !== undefined && !choices.includes(value)) {
        return usage(`--${name} is ${choices.join(', ')}; found "${value}"`, suggest(value, choices))
      }
      if (value === '-' && specOf(name).file === true) {
        return usage(`--${name} - does not write to stdout: name a file (./- for one that is called "-")`)
      }
      if (specOf(name).duration === true && parseDuration(value) === undefined) {
        return usage(`--${name} is a time, up to 24 days: ${durationSyntax}; found "${value}"`)
      }
      options[name] = value
    } else if (given) options[name] = true
  }
  if (syntax.operands === 'none' && parsed.positionals.length > 0) {
    return usage(`mab ${syntax.name} takes no operands; found "${parsed.positionals.join(' ')}"`)
  }
  if (typeof options.jobs === 'string' && !/^[1-9]\d{0,4}$/.test(options.jobs)) {
    return fail({ code: 'usage', message: `--jobs is a number from 1; found "${options.jobs}"`, command: syntax.name })
  }
  return ok({ operands: parsed.positionals, options })
}
