/** `mab doctor`: the config against the machine. */
import path from 'node:path'
import { stateDirectoryName } from '../../util/project.js'
import { checkBuild } from '../../doctor/build.js'
import type { Finding } from '../../doctor/finding.js'
import { checkImages } from '../../doctor/images.js'
import { checkNode, checkPrograms, checkUmask } from '../../doctor/machine.js'
import { State } from '../../execute/state/state.js'
import { formatFindings, recordFinding } from '../../report/doctor-text.js'
import { exists } from '../../util/fs.js'
import type { Command } from '../command.js'
import { exitCodeOfSignal, exitCodes } from '../exit-code.js'
import type { Arguments } from '../arguments/args.js'
import type { Io } from '../io.js'
import { openProject, styleFor } from '../project.js'

export const doctor: Command = {
  name: 'doctor',
  summary: 'check the config against the machine',
  usage: '[TARGET…] [OPTION…]',
  description: [
    'Checks Node, the set-up and version of BitBake, its locks, what BitBake says of every multiconfig and recipe (which',
    'may take as long as BitBake takes to parse), places that two configurations share, file systems, modes and free space,',
    'and says what to do about what is wrong. BitBake is asked, but nothing is built. Exit code 1 when a run would fail.',
  ],
  options: ['config', 'platform', 'format'],
  operands: 'any',
  format: { choices: ['text', 'json'], help: 'how to print it' },
  examples: [
    ['mab doctor', 'for all targets'],
    ['mab doctor app --format json', 'for a program'],
  ],

  async run(args, io) {
    const findings = await examine(args, io)
    const { signal } = io.interruption
    if (signal !== undefined) return exitCodeOfSignal(signal)
    const ok = findings.every(({ status }) => status !== 'failure')
    if (args.options.format === 'json') {
      const records = findings.map((finding) => recordFinding(finding, io.cwd))
      io.stdout.write(`${JSON.stringify({ ok, findings: records }, null, 2)}\n`)
    } else io.stdout.write(formatFindings(findings, io.cwd, styleFor(io.stdout, args.options, io)))
    return ok ? exitCodes.done : exitCodes.failed
  },
}

async function examine(args: Arguments, io: Io): Promise<Finding[]> {
  const findings: Finding[] = [checkNode(io.nodeVersion), checkUmask()]
  const project = await openProject(args, io)
  if (!project.ok) {
    const problems = project.problems.map((problem): Finding => ({ check: 'config', status: 'failure', problem }))
    return [...findings, ...problems, ...checkPrograms(io.env)]
  }
  const { plan, stateDirectory } = project.value
  const root = path.dirname(stateDirectory)
  findings.push({
    check: 'config',
    status: 'ok',
    found: `${plan.targets.map(({ name }) => name).join(', ')} in ${root}`,
  })
  const state = new State(stateDirectory)
  const unusable = state.create()
  if (unusable !== undefined) {
    return [...findings, { check: 'state', status: 'failure', problem: unusable }, ...checkPrograms(io.env)]
  }
  const lock = exists(state.lockPlace.file)
    ? '; its lock lies there: a run is at work, or the next one takes it over'
    : ''
  findings.push({ check: 'state', status: 'ok', found: `${stateDirectoryName} is writable${lock}` })
  const stamp = new Date().toISOString().replaceAll(/[-:.]|Z$/g, '')
  const builds = plan.tasks.filter((task) => task.kind === 'bitbake')
  const checked = await Promise.all(
    builds.map((task) =>
      checkBuild({
        task,
        environment: io.env,
        log: (name) => path.join(state.logDirectory, `${stamp}-doctor-${name.replaceAll(/[^\w.-]+/g, '-')}.log`),
        stop: io.interruption.stop,
        stopNow: io.interruption.stopNow,
      }),
    ),
  )
  const byTask = new Map(builds.map((task, position) => [task.id, checked[position]!]))
  return [
    ...findings,
    ...checked.flatMap((build) => build.findings),
    ...(await checkImages(plan, byTask)),
    ...checkPrograms(io.env),
  ]
}
