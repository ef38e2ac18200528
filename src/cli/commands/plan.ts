/** `mab plan`: the task graph, and what of it is stale. */
import { formatPlanDot, formatPlanMermaid } from '../../report/plan-text.js'
import type { Command } from '../command.js'
import { exitCodes } from '../exit-code.js'
import { showForecast } from '../perform.js'
import { openProject, reportProblems, runOptions, text } from '../project.js'

export const plan: Command = {
  name: 'plan',
  summary: 'show the tasks, and which are stale and why',
  usage: '[TARGET…] [OPTION…]',
  description: [
    'Shows every task that a run would consist of, in order, with what makes it stale. Nothing is written, and BitBake is',
    'not started.',
  ],
  options: ['config', 'platform', 'no-build', 'force', 'format'],
  optionHelp: {
    'no-build': 'show a run that does not call BitBake and uses what is deployed',
    force: 'show a run that does everything again',
  },
  operands: 'any',
  format: { choices: ['text', 'json', 'dot', 'mermaid'], help: 'how to print it' },
  examples: [
    ['mab plan', 'a table'],
    ['mab plan app --format json', 'the plan as data, with what is stale and why'],
    ['mab plan --format dot | dot -Tsvg', 'a picture'],
  ],

  async run(args, io) {
    const { options } = args
    const project = await openProject(args, io)
    if (!project.ok) return reportProblems(project.problems, options, io)
    switch (text(options.format) ?? 'text') {
      case 'dot':
        io.stdout.write(formatPlanDot(project.value.plan))
        return exitCodes.done
      case 'mermaid':
        io.stdout.write(formatPlanMermaid(project.value.plan))
        return exitCodes.done
      default: {
        const settings = runOptions(project.value.stateDirectory, options, io)
        if (!settings.ok) return reportProblems(settings.problems, options, io)
        return showForecast(project.value.plan, settings.value, options, io)
      }
    }
  },
}
