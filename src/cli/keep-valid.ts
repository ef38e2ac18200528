/** A planned config without what a config cannot hold: one entry must not keep the others from being written. */
import { validateConfig } from '../config/validate.js'
import { configValue, withoutEntries, type PlannedConfig } from '../init/config-text.js'
import type { LeftOut } from '../init/survey.js'
import { ok, type ConfigProblem, type Result } from '../problem/problem.js'

export interface Kept {
  readonly planned: PlannedConfig
  readonly leftOut: readonly LeftOut[]
}

/**
 * Fails when the fault is not that of a platform or a target, or of a target that the user named.
 * @param file the config's, for problems
 */
export function keepValid(whole: PlannedConfig, named: readonly string[], file: string): Result<Kept, ConfigProblem> {
  const leftOut: LeftOut[] = []
  let planned = whole
  while (planned.targets.length > 0 && planned.platforms.length > 0) {
    const valid = validateConfig(configValue(planned), file)
    if (valid.ok) break
    const faults = valid.problems.flatMap((problem) => {
      if (problem.code !== 'config-invalid') return []
      const [section, name, ...rest] = problem.path.map(String)
      const isEntry =
        name !== undefined && (section === 'platforms' || (section === 'targets' && !named.includes(name)))
      const where = rest.length === 0 ? '' : `${rest.join('.')}: `
      return isEntry ? [{ section, name, why: where + problem.message }] : []
    })
    if (faults.length === 0) return valid
    leftOut.push(...faults.map(({ name, why }) => ({ name, why })))
    const inSection = (key: string): string[] => faults.flatMap(({ section, name }) => (section === key ? [name] : []))
    planned = withoutEntries(planned, { platforms: inSection('platforms'), targets: inSection('targets') })
  }
  const dropped = (name: string): boolean => leftOut.some((one) => one.name === name)
  for (const { name } of whole.targets) {
    if (dropped(name) || planned.targets.some((target) => target.name === name)) continue
    leftOut.push({ name, why: 'none of its platforms is left' })
  }
  return ok({ planned, leftOut })
}
