/** The images that a command is to look at: outputs of targets, or layouts and archives of whatever origin. */
import path from 'node:path'
import type { Platform } from '../../oci/platform.js'
import type { Target } from '../../targets/target.js'
import { resolveTargets } from '../../targets/resolve.js'
import { exists } from '../../util/fs.js'
import { fail, ok, type Problem, type Result } from '../../problem/problem.js'
import { suggest } from '../../util/suggest.js'
import type { Arguments } from './args.js'
import { isIncomplete, layoutOperandGrammar, splitLayoutOperand } from './layout-operand.js'
import type { Io } from '../io.js'
import { openConfig } from '../project.js'

export interface Subject {
  readonly location: string
  /** Only what this name in the layout leads to. */
  readonly reference?: string
  /** The target whose output it is. */
  readonly target?: string
  readonly platforms?: readonly Platform[]
  readonly allowAbsentLayers?: Target['allowAbsentLayers']
  readonly allowForeign?: readonly string[]
}

/** An operand is a target of the config, or else a layout; without any, every target that is not manual. */
export async function findSubjects(
  command: string,
  { operands, options }: Arguments,
  io: Io,
): Promise<Result<readonly Subject[]>> {
  const layouts = operands.map((operand) => layoutOf(operand, io))
  const incomplete = operands.filter((operand) => isIncomplete(splitLayoutOperand(operand, io.cwd)))
  if (incomplete.length > 0) {
    const expected = `a target, ${layoutOperandGrammar}`
    return fail(
      ...incomplete.map((operand) => ({
        code: 'usage' as const,
        message: `"${operand}": expected ${expected}`,
        command,
      })),
    )
  }
  const loaded = await openConfig(options, io)
  if (!loaded.ok) {
    const absent = loaded.problems.every(({ code }) => code === 'config-not-found')
    // Layouts can be checked anywhere; a config that was asked for must be right.
    const needed = operands.length === 0 || options.config !== undefined || (!absent && layouts.includes(undefined))
    if (needed) return loaded
    // Without a config there is no target that could be meant.
    return ok(operands.map((operand, position) => layouts[position] ?? { location: path.resolve(io.cwd, operand) }))
  }
  const { config, directory } = loaded.value
  const known = Object.keys(config.targets)
  const names = operands.length === 0 ? known.filter((name) => !config.targets[name]!.manual) : operands
  const problems: Problem[] = []
  const subjects: Subject[] = []
  names.forEach((name, position) => {
    if (!known.includes(name)) {
      const layout = layouts[position]
      if (layout !== undefined) subjects.push(layout)
      else {
        const near = suggest(name, known)
        problems.push({ code: 'unknown-target', name, known, ...(near === undefined ? {} : { suggestion: near }) })
      }
      return
    }
    const context = { directory, buildDirectory: io.env['BUILDDIR'] }
    const target = resolveTargets(config, { targets: [name], platforms: [] }, context)
    if (!target.ok) problems.push(...target.problems)
    else {
      const { output, platforms, allowAbsentLayers } = target.value[0]!
      // What only BitBake knows cannot be compared without it.
      const certain = platforms.flatMap(({ platform }) => platform ?? [])
      const expected = certain.length === platforms.length ? { platforms: certain } : {}
      const { allowForeign } = config.targets[name]!.verify
      subjects.push({ target: name, location: output.directory, allowAbsentLayers, allowForeign, ...expected })
    }
  })
  return problems.length > 0 ? { ok: false, problems } : ok(subjects)
}

/** What is no target: something that is there, or that can only be meant as a path. */
function layoutOf(operand: string, io: Io): Subject | undefined {
  const { file, reference } = splitLayoutOperand(operand, io.cwd)
  const location = path.resolve(io.cwd, file)
  if (file === operand && !operand.includes('/') && !exists(location)) return undefined
  return { location, ...(reference === undefined ? {} : { reference }) }
}
