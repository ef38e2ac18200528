/** The images that a command is to look at: outputs of targets, or layouts and archives of whatever origin. */
import path from 'node:path'
import type { Platform } from '../oci/platform.js'
import type { Target } from '../targets/target.js'
import { resolveTargets } from '../targets/resolve.js'
import { exists } from '../util/fs.js'
import { ok, type Problem, type Result } from '../util/problem.js'
import { suggest } from '../util/suggest.js'
import type { Arguments } from './args.js'
import type { Io } from './io.js'
import { openConfig } from './project.js'

export interface Subject {
  readonly location: string
  /** The target whose output it is. */
  readonly target?: string
  readonly platforms?: readonly Platform[]
  readonly allowAbsentLayers?: Target['allowAbsentLayers']
}

/** An operand is a target of the config, or else a path; without any, every target that is not manual. */
export async function findSubjects({ operands, options }: Arguments, io: Io): Promise<Result<readonly Subject[]>> {
  const paths = operands.map((operand) => exists(path.resolve(io.cwd, operand)))
  const loaded = await openConfig(options, io)
  if (!loaded.ok) {
    // Layouts can be checked anywhere; a config that was asked for must be right.
    const isPath = operands.map((operand, position) => paths[position] === true || operand.includes('/'))
    const needed = operands.length === 0 || options.config !== undefined || isPath.includes(false)
    if (needed) return loaded
    return ok(operands.map((operand) => ({ location: path.resolve(io.cwd, operand) })))
  }
  const { config, directory } = loaded.value
  const known = Object.keys(config.targets)
  const names = operands.length === 0 ? known.filter((name) => !config.targets[name]!.manual) : operands
  const problems: Problem[] = []
  const subjects: Subject[] = []
  names.forEach((name, position) => {
    if (!known.includes(name)) {
      if (paths[position] === true || name.includes('/')) subjects.push({ location: path.resolve(io.cwd, name) })
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
      subjects.push({ target: name, location: output.directory, allowAbsentLayers, ...expected })
    }
  })
  return problems.length > 0 ? { ok: false, problems } : ok(subjects)
}
