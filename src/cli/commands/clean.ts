/** `mab clean`: remove images and what is remembered of them. */
import { cleanProject, type Outputs } from '../../execute/output/clean.js'
import { wordNotice } from '../../report/words/notice-words.js'
import { pathShower } from '../../report/words/wording.js'
import { isPartOf, resolveTargets } from '../../targets/resolve.js'
import type { Target } from '../../targets/target.js'
import path from 'node:path'
import { isWithin } from '../../util/fs.js'
import { stateDirectoryName } from '../../util/project.js'
import type { Command } from '../command.js'
import { exitCodeFor, exitCodeOfSignal } from '../exit-code.js'
import { duration, openConfig, reportProblems, variable } from '../project.js'

export const clean: Command = {
  name: 'clean',
  summary: 'remove images, and what is remembered of them',
  usage: '[TARGET…] [OPTION…]',
  description: [
    'Removes the outputs of each target, of all targets when none is named, with images of single platforms that `-p`',
    'made, and what is remembered of them. With --stale it removes what targets that are no longer in the config left',
    'behind, and targets in places that the config named earlier. What BitBake deployed stays, and so does everything',
    'that mab did not make.',
  ],
  options: ['config', 'stale', 'dry-run', 'wait'],
  optionHelp: {
    'dry-run': 'print what would be removed, and remove nothing',
    wait: 'wait at most so long for another mab that writes there (default: until it ends; 0: fail at once); 90s, 30m, 2h',
  },
  operands: 'any',
  examples: [
    ['mab clean', 'the outputs of all targets'],
    ['mab clean app', "one target's"],
    ['mab clean --stale', 'those of targets that are gone, or are elsewhere now'],
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
    const wait = duration(options.wait)
    const cleaned = await cleanProject({
      stateDirectory,
      isUnwanted: (target) => (isStale ? target !== '' && !known.includes(target) : names.has(target)),
      isUsed: isStale ? useOf(all.value) : outputOf(all.value.filter(({ name }) => !names.has(name))),
      unused: isStale,
      outputs: placesOf(isStale ? [] : chosen.value),
      dryRun: options['dry-run'] === true,
      signal: io.interruption.stop,
      ...(wait === undefined ? {} : { wait }),
      onWait: (waiting) => {
        io.stderr.write(`note: ${wordNotice({ code: 'waiting-for-lock', ...waiting }, show)}\n`)
      },
    })
    const { signal } = io.interruption
    if (signal !== undefined && !cleaned.ok) return exitCodeOfSignal(signal)
    if (!cleaned.ok) return reportProblems(cleaned.problems, options, io)
    const { removed, problems } = cleaned.value
    const did = options['dry-run'] === true ? 'would remove' : 'removed'
    for (const file of removed) io.stdout.write(`${did} ${show(file)}\n`)
    if (removed.length + problems.length === 0) io.stderr.write('there is nothing to remove\n')
    if (signal !== undefined && problems.length > 0) return exitCodeOfSignal(signal)
    if (problems.length > 0) reportProblems(problems, options, io)
    return exitCodeFor(problems)
  },
}

function outputOf(targets: readonly Target[]): (place: string) => boolean {
  const { directories, archives } = placesOf(targets)
  return (place) => directories.includes(place) || archives.includes(place)
}

/** Whether a place is one of these targets' outputs, in whole or in part, or holds what one of them is made from. */
function useOf(targets: readonly Target[]): (place: string) => boolean {
  const { directories, archives } = placesOf(targets)
  const outputs = [...directories, ...archives]
  const sources = targets.flatMap(({ platforms }) =>
    platforms.flatMap(({ source }) => {
      const pattern = source.kind === 'layout' ? source.path : source.layout
      return pattern === undefined ? [] : [path.resolve(pattern.root, withoutGlob(pattern.pattern))]
    }),
  )
  return (place) =>
    outputs.some((output) => place === output || isPartOf(place, output)) ||
    sources.some((source) => isWithin(source, place) || isWithin(place, source))
}

/** The directory below which a pattern finds all that it finds. */
function withoutGlob(pattern: string): string {
  const parts = pattern.split('/')
  const first = parts.findIndex((part) => /[*?[\]{}()!+@]/.test(part))
  return first < 0 ? pattern : parts.slice(0, first).join('/') || (pattern.startsWith('/') ? '/' : '.')
}

function placesOf(targets: readonly Target[]): Outputs {
  return {
    directories: targets.map(({ output }) => output.directory),
    archives: targets.flatMap(({ output }) => (output.archive === undefined ? [] : [output.archive])),
  }
}
