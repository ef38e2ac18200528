/** `mab inspect`: what is in an image. */
import { inspectLayout } from '../../oci/image/inspect.js'
import type { InspectReport } from '../../oci/image/inspect-report.js'
import { formatInspection } from '../../report/inspect-text.js'
import { commandFor } from '../../report/words/wording.js'
import type { Problem } from '../../problem/problem.js'
import type { Arguments } from '../arguments/args.js'
import type { Command } from '../command.js'
import { exitCodes } from '../exit-code.js'
import { reportProblems, styleFor, text } from '../project.js'
import { findSubjects } from '../arguments/subjects.js'

export const inspect: Command = {
  name: 'inspect',
  summary: "show what is in images: targets' outputs, or any OCI layout or archive",
  usage: '[TARGET|LAYOUT|oci:LAYOUT:REFERENCE…] [OPTION…]',
  description: [
    'Shows references, platforms, digests, entrypoints and layers, what the platforms share, and the commands that take',
    'the image. Only documents are read: "mab verify" reads everything. Without operands: every target that is not manual.',
  ],
  options: ['config', 'format'],
  operands: 'any',
  format: { choices: ['text', 'json'], help: 'how to print it' },
  examples: [
    ['mab inspect app', "a target's output"],
    ['mab inspect ./some-oci image.tar', 'layouts and archives of whatever origin'],
    ['mab inspect oci:some-oci:1.0', 'what one reference of a layout leads to'],
    ['mab inspect app --format json', 'for a program'],
  ],

  async run(args, io) {
    const { options } = args
    const subjects = await findSubjects('inspect', args, io)
    if (!subjects.ok) return reportProblems(subjects.problems, options, io)
    const reports: InspectReport[] = []
    const problems: Problem[] = []
    for (const { location, reference, target } of subjects.value) {
      const report = inspectLayout(location, reference)
      if (report.ok) reports.push(report.value)
      else problems.push(...report.problems.map((problem) => ({ ...problem, ...nextFor(target, options) })))
    }
    if (options.format === 'json') io.stdout.write(`${JSON.stringify(reports, null, 2)}\n`)
    else {
      const style = styleFor(io.stdout, options, io)
      io.stdout.write(reports.map((report) => formatInspection(report, io.cwd, style)).join('\n'))
    }
    return problems.length > 0 ? reportProblems(problems, options, io) : exitCodes.done
  },
}

function nextFor(target: string | undefined, { config }: Arguments['options']): { next?: string } {
  return target === undefined ? {} : { next: commandFor(`run ${target}`, text(config)) }
}
