/** `mab run`: build what is stale. */
import type { Command } from '../command.js'
import { performPlan, showForecast } from '../perform.js'
import { startRecorder } from '../start-recorder.js'
import { openProject, reportProblems, runOptions } from '../project.js'

export const run: Command = {
  name: 'run',
  summary: 'build the targets: all but manual ones when none is named',
  usage: '[TARGET…] [OPTION…]',
  description: [
    'Builds each target: asks BitBake for the image of every platform, merges them, writes the image index, and puts the',
    'result in place once it has been verified. Only what is stale is done. If a run fails, the previous image stays in place.',
  ],
  options: [
    'config',
    'platform',
    'dry-run',
    'keep-going',
    'jobs',
    'force',
    'no-build',
    'wait',
    'timeout',
    'explain',
    'metadata-file',
    'progress',
    'quiet',
    'verbose',
  ],
  optionHelp: {
    platform:
      'only these platforms: names of the config or os/arch[/variant]; their image is written next to the whole one, under a name of its own',
  },
  operands: 'any',
  examples: [
    ['mab run', 'every target'],
    ['mab run app -p arm64', 'one platform of one target, written next to the whole image'],
    ['mab run --no-build', 'merge what BitBake has deployed already'],
    ['mab run -n', 'what would be done, and why'],
    ['mab run -k --progress plain --timeout 2h', 'in CI: go on after a failure, one line an event, not for ever'],
    ['mab run --progress json', 'events for a program'],
  ],

  async run(args, io) {
    const { options } = args
    const project = await openProject(args, io)
    if (!project.ok) return reportProblems(project.problems, options, io)
    const { plan, stateDirectory } = project.value
    const settings = runOptions(stateDirectory, options, io)
    if (!settings.ok) return reportProblems(settings.problems, options, io)
    return options['dry-run'] === true
      ? showForecast(plan, settings.value, options, io)
      : performPlan(plan, { ...settings.value, ...startRecorder(project.value, options, io) }, options, io)
  },
}
