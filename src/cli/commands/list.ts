/** `mab list`: the targets of the config. */
import { resolveTargets } from '../../targets/resolve.js'
import { platformLabel } from '../../targets/target.js'
import { pathShower } from '../../report/words.js'
import type { Command } from '../command.js'
import { exitCodes } from '../exit-code.js'
import { openConfig, reportProblems, styleFor } from '../project.js'

export const list: Command = {
  name: 'list',
  summary: "list the config's targets",
  usage: '[OPTION…]',
  description: ['Lists each target with its platforms and where its image is written.'],
  options: ['config', 'format'],
  operands: 'none',
  format: { choices: ['text', 'json'], help: 'how to print it' },
  examples: [
    ['mab list', 'a line a target'],
    ['mab list --format json', 'for a program'],
  ],

  async run({ options }, io) {
    const loaded = await openConfig(options, io)
    if (!loaded.ok) return reportProblems(loaded.problems, options, io)
    const { config, directory } = loaded.value
    const names = Object.keys(config.targets)
    const context = { directory, buildDirectory: io.env['BUILDDIR'] }
    const targets = resolveTargets(config, { targets: names, platforms: [] }, context)
    if (!targets.ok) return reportProblems(targets.problems, options, io)
    const rows = targets.value.map((target) => ({
      name: target.name,
      platforms: target.platforms.map(platformLabel),
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
    for (const { name, platforms, output, archive, manual } of rows) {
      const files = [output, archive].filter((file) => file !== undefined).map(show)
      const mark = manual ? style('dim', '  (manual)') : ''
      io.stdout.write(`${name.padEnd(width)}  ${platforms.join(', ')}  ${files.join(', ')}${mark}\n`)
    }
    return exitCodes.done
  },
}
