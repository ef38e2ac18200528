/** `mab run`: build what is stale. */
import { explainPlan, runPlan } from '../../execute/run-plan.js'
import type { Event } from '../../execute/event.js'
import { jsonRenderer } from '../../report/json.js'
import { formatPlanTable } from '../../report/plan-text.js'
import { plainRenderer } from '../../report/plain.js'
import type { Renderer } from '../../report/renderer.js'
import { formatRun, formatTargets } from '../../report/summary.js'
import type { Command } from '../command.js'
import { exitCodeFor, exitCodeOfSignal, exitCodes } from '../exit-code.js'
import type { Io } from '../io.js'
import type { OptionValues } from '../options.js'
import { openProject, reportProblems, runOptions, styleFor, text } from '../project.js'

export const run: Command = {
  name: 'run',
  summary: 'build the targets: all but manual ones when none is named',
  usage: '[TARGET…] [OPTION…]',
  description: [
    'Builds each target: asks BitBake for the image of every platform, merges them, writes the image index, and puts the',
    'result in place once it has been verified. Only what is stale is done. A failure leaves the image before as it was.',
  ],
  options: [
    'config',
    'platform',
    'dry-run',
    'keep-going',
    'jobs',
    'force',
    'no-build',
    'explain',
    'progress',
    'quiet',
    'verbose',
  ],
  operands: 'any',
  examples: [
    ['mab run', 'every target'],
    ['mab run app -p arm64', 'one platform of one target, written beside the whole image'],
    ['mab run --no-build', 'merge what BitBake has deployed already'],
    ['mab run -n', 'what would be done, and why'],
    ['mab run -k --progress plain', 'in CI: go on after a failure, one line an event'],
    ['mab run --progress json', 'events for a program'],
  ],

  async run(args, io) {
    const { options } = args
    const project = await openProject(args, io)
    if (!project.ok) return reportProblems(project.problems, options, io)
    const { plan } = project.value

    let renderer: Renderer | undefined
    let failures = 0
    const emit = (event: Event): void => {
      if (event.kind === 'task-finished' && event.state === 'failed') failures++
      renderer?.handle(event)
    }
    const settings = runOptions(project.value, options, io, emit)
    if (!settings.ok) return reportProblems(settings.problems, options, io)

    if (options['dry-run'] === true) {
      const forecasts = await explainPlan(plan, settings.value)
      io.stdout.write(formatPlanTable(plan, forecasts, io.cwd, styleFor(io.stdout, options, io)))
      return exitCodes.done
    }

    renderer = await chooseRenderer(options, io)
    let report: Awaited<ReturnType<typeof runPlan>>
    try {
      report = await runPlan(plan, settings.value)
    } finally {
      await renderer.end()
    }
    const { signal } = io.interruption
    if (!report.ok) {
      if (signal !== undefined) return exitCodeOfSignal(signal)
      return reportProblems(report.problems, options, io)
    }
    if (options.progress !== 'json') {
      io.stdout.write(formatTargets(report.value, io.cwd, styleFor(io.stdout, options, io)))
      if (options.quiet !== true && options.progress !== 'quiet') io.stderr.write(formatRun(report.value))
    }
    if (signal !== undefined) return exitCodeOfSignal(signal)
    return report.value.ok && failures === 0 ? exitCodeFor([]) : exitCodes.failed
  },
}

async function chooseRenderer(options: OptionValues, io: Io): Promise<Renderer> {
  const how = text(options.progress) ?? 'auto'
  if (how === 'json') return jsonRenderer((line) => io.stdout.write(line), io.cwd)
  const style = styleFor(io.stderr, options, io)
  const explain = options.explain === true
  const quiet = options.quiet === true || how === 'quiet'
  // With -v BitBake's own lines come by hundreds: they belong below each other, not into a list.
  const drawable = !quiet && (io.env['CI'] ?? '') === '' && options.verbose !== true
  if (io.terminal !== undefined && (how === 'tty' || (how === 'auto' && drawable))) {
    const { listrRenderer } = await import('../../report/listr.js')
    return listrRenderer({ cwd: io.cwd, style, explain, stream: io.terminal })
  }
  return plainRenderer({ cwd: io.cwd, style, explain, quiet, write: (line) => io.stderr.write(line) })
}
