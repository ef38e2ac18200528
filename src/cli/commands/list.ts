/** `mab list`: the targets of the config. */
import path from 'node:path'
import { explainPlan } from '../../execute/run-plan.js'
import { createPlan } from '../../plan/plan.js'
import { stateDirectoryName } from '../../util/project.js'
import { resolveTargets } from '../../targets/resolve.js'
import { platformLabel } from '../../targets/target.js'
import { pathShower } from '../../report/words/wording.js'
import type { Command } from '../command.js'
import { exitCodes } from '../exit-code.js'
import { openConfig, reportProblems, runOptions, styleFor, variable } from '../project.js'
import { statusOf } from '../status.js'

export const list: Command = {
  name: 'list',
  summary: "list the config's targets, and how each stands",
  usage: '[OPTION…]',
  description: [
    'Lists each target with its platforms, where its image is written, the digest of the image that is there, and',
    'whether a run would leave it so: fresh, stale, missing, or unknown when only BitBake can tell. Nothing is written,',
    'and BitBake is not asked.',
  ],
  options: ['config', 'format'],
  operands: 'none',
  format: { choices: ['text', 'json'], help: 'how to print it' },
  examples: [
    ['mab list', 'two lines a target'],
    ['mab list --format json', 'for a program'],
  ],

  async run({ options }, io) {
    const loaded = await openConfig(options, io)
    if (!loaded.ok) return reportProblems(loaded.problems, options, io)
    const { config, directory } = loaded.value
    const names = Object.keys(config.targets)
    const context = { directory, buildDirectory: variable('BUILDDIR', io) }
    const targets = resolveTargets(config, { targets: names, platforms: [] }, context)
    if (!targets.ok) return reportProblems(targets.problems, options, io)
    const plan = createPlan(targets.value)
    const settings = runOptions(path.join(directory, stateDirectoryName), options, io)
    if (!settings.ok) return reportProblems(settings.problems, options, io)
    const forecasts = await explainPlan(plan, { ...settings.value, emit: () => {} })
    const rows = targets.value.map((target, position) => ({
      name: target.name,
      platforms: target.platforms.map(platformLabel),
      ...statusOf(plan.targets[position]!, plan, forecasts),
      output: target.output.directory,
      archive: target.output.archive,
      manual: config.targets[target.name]!.manual,
    }))
    if (options.format === 'json') {
      io.stdout.write(`${JSON.stringify(rows, null, 2)}\n`)
      return exitCodes.done
    }
    const show = pathShower(io.cwd)
    const style = styleFor(io.stdout, options, io)
    const width = Math.max(...rows.map(({ name }) => name.length))
    for (const { name, platforms, state, digest, output, archive, manual } of rows) {
      const files = [output, archive].filter((file) => file !== undefined).map(show)
      const tone = state === 'fresh' ? 'dim' : 'warn'
      const mark = manual ? style('dim', '  (manual)') : ''
      const image = digest === undefined ? '' : `  ${digest}`
      io.stdout.write(`${name.padEnd(width)}  ${style(tone, state)}${image}${mark}\n`)
      io.stdout.write(`${' '.repeat(width)}  ${files.join(', ')}: ${platforms.join(', ')}\n`)
    }
    return exitCodes.done
  },
}
