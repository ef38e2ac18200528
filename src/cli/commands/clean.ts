/** `mab clean`: remove images and what is remembered of them. */
import { cleanProject, type Outputs } from '../../execute/clean.js'
import { wordNotice } from '../../report/notice-words.js'
import { pathShower } from '../../report/wording.js'
import { resolveTargets } from '../../targets/resolve.js'
import type { Target } from '../../targets/target.js'
import path from 'node:path'
import { stateDirectoryName } from '../../util/project.js'
import type { Command } from '../command.js'
import { exitCodeFor } from '../exit-code.js'
import { openConfig, reportProblems, variable } from '../project.js'

export const clean: Command = {
  name: 'clean',
  summary: 'remove images, and what is remembered of them',
  usage: '[TARGET…] [OPTION…]',
  description: [
    'Removes the outputs of each target, of all targets when none is named, with images of single platforms that `-p`',
    'made, and what is remembered of them. With --stale it removes what targets that are no longer in the config left',
    'behind. What BitBake deployed stays, and so does everything that mab did not make.',
  ],
  options: ['config', 'stale', 'dry-run'],
  operands: 'any',
  examples: [
    ['mab clean', 'the outputs of all targets'],
    ['mab clean app', "one target's"],
    ['mab clean --stale', 'those of targets that are gone'],
    ['mab clean -n', 'what would be removed'],
  ],

  async run({ operands, options }, io) {
    const loaded = await openConfig(options, io)
    if (!loaded.ok) return reportProblems(loaded.problems, options, io)
    const { config, directory } = loaded.value
    const isStale = options.stale === true
    if (isStale && operands.length > 0) {
      const message = `--stale is about targets that are not in the config; found "${operands.join(' ')}" as well`
      return reportProblems([{ code: 'usage', message, command: 'clean' }], options, io)
    }
    const known = Object.keys(config.targets)
    const context = { directory, buildDirectory: variable('BUILDDIR', io) }
    const all = resolveTargets(config, { targets: known, platforms: [] }, context)
    const chosen = resolveTargets(config, { targets: operands.length > 0 ? operands : known, platforms: [] }, context)
    if (!all.ok) return reportProblems(all.problems, options, io)
    if (!chosen.ok) return reportProblems(chosen.problems, options, io)
    const names = new Set(chosen.value.map(({ name }) => name))
    const show = pathShower(io.cwd)
    const stateDirectory = path.join(directory, stateDirectoryName)
    const cleaned = await cleanProject({
      stateDirectory,
      isUnwanted: (target) => (isStale ? target !== '' && !known.includes(target) : names.has(target)),
      outputs: isStale ? placesOf([]) : placesOf(chosen.value),
      kept: placesOf(isStale ? all.value : all.value.filter(({ name }) => !names.has(name))),
      dryRun: options['dry-run'] === true,
      signal: io.interruption.stop,
      onWait: (pid) => {
        const file = path.join(stateDirectory, 'lock')
        io.stderr.write(`note: ${wordNotice({ code: 'waiting-for-lock', pid, file }, show)}\n`)
      },
    })
    if (!cleaned.ok) return reportProblems(cleaned.problems, options, io)
    const { removed, problems } = cleaned.value
    const did = options['dry-run'] === true ? 'would remove' : 'removed'
    for (const file of removed) io.stdout.write(`${did} ${show(file)}\n`)
    if (removed.length + problems.length === 0) io.stderr.write('there is nothing to remove\n')
    if (problems.length > 0) reportProblems(problems, options, io)
    return exitCodeFor(problems)
  },
}

function placesOf(targets: readonly Target[]): Outputs {
  return {
    directories: targets.map(({ output }) => output.directory),
    archives: targets.flatMap(({ output }) => (output.archive === undefined ? [] : [output.archive])),
  }
}
