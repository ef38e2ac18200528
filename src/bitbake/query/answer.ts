/** What BitBake says of one recipe in one multiconfig: which variables are asked for, and how an answer is read. */
import { tinfoilPrelude } from './tinfoil.js'

/** The variables of a query. */
export const queriedVariables = [
  'BBFILES',
  'BBINCLUDED',
  'BBMULTICONFIG',
  'DEPLOY_DIR_IMAGE',
  'FILE',
  'IMAGE_BASENAME',
  'IMAGE_FSTYPES',
  'IMAGE_LINK_NAME',
  'MACHINE',
  'MACHINEOVERRIDES',
  'OCI_IMAGE_TAG',
  'STAMP',
  'TARGET_ARCH',
  'TARGET_OS',
  'TMPDIR',
  'TOPDIR',
  'TUNE_FEATURES',
] as const

export type QueriedVariable = (typeof queriedVariables)[number]

/** The variables that are set. */
export type Answer = Readonly<Partial<Record<QueriedVariable, string>>>

const assignment = /^(?:export )?([A-Z_]+)="(.*)$/
const names: ReadonlySet<string> = new Set(queriedVariables)

/** Reads the output of `bitbake -e` line by line: it has megabytes, and a value may go on over several lines. */
export class EnvironmentReader {
  readonly #values: Partial<Record<QueriedVariable, string>> = {}
  #open: { readonly name: QueriedVariable; text: string } | undefined

  line(line: string): void {
    if (this.#open === undefined) {
      const match = assignment.exec(line)
      if (match === null || !names.has(match[1]!)) return
      this.#open = { name: match[1] as QueriedVariable, text: match[2]! }
    } else this.#open.text += `\n${line}`
    const whole = /^((?:[^"\\]|\\[^])*)"$/.exec(this.#open.text)
    if (whole === null) return
    // As emit_var of bb/data.py writes it: `"` and `$` behind a backslash, a newline behind a blank and a backslash.
    this.#values[this.#open.name] = whole[1]!.replaceAll(' \\\n', '\n').replaceAll(/\\(["$])/g, '$1')
    this.#open = undefined
  }

  /** `undefined` when it was no such output. */
  answer(): Answer | undefined {
    return this.#values.TOPDIR === undefined ? undefined : this.#values
  }
}

/** Where tinfoil's answers are among BitBake's other lines. */
const mark = 'mab-answer '

/** Says what `bitbake -e` says, for all targets in one call. Arguments: the program, the variables, the targets. */
export const queryProgram = `${tinfoilPrelude}
with Tinfoil(setup_logging=False) as tinfoil:
    tinfoil.prepare(quiet=3)
    for target in sys.argv[3:]:
        try:
            d = tinfoil.parse_recipe(target)
            values = {name: d.getVar(name) for name in sys.argv[2].split()}
        except Exception as error:
            print(f"{target}: {error}", file=sys.stderr)
        else:
            print("${mark}" + json.dumps([target, values]), flush=True)
`

/** The target's argument and its answer, when the line of the program's output is one. */
export function readAnswer(line: string): readonly [target: string, answer: Answer] | undefined {
  if (!line.startsWith(mark)) return undefined
  const [target, values] = JSON.parse(line.slice(mark.length)) as [string, Record<string, string | null>]
  return [target, Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null))]
}

/**
 * An answer in the words of this machine: BitBake in a container may see the build directory under another path.
 * @param directory the build directory as mab knows it
 */
export function relocate(answer: Answer, directory: string): Answer {
  const inside = answer.TOPDIR
  if (inside === undefined || inside === directory) return answer
  const moved = (text: string): string =>
    text
      .split(' ')
      .map((file) => (file === inside || file.startsWith(`${inside}/`) ? directory + file.slice(inside.length) : file))
      .join(' ')
  return Object.fromEntries(
    Object.entries(answer).map(([name, value]) => [name, value.trimStart().startsWith('/') ? moved(value) : value]),
  )
}
