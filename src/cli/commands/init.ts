/** `mab init`: a config for what is there. */
import fs from 'node:fs'
import path from 'node:path'
import { configNames } from '../../util/project.js'
import { validateConfig } from '../../config/validate.js'
import { askMachines, askSurvey } from '../../init/ask.js'
import { combine } from '../../init/combine.js'
import { configText, isUnknown, planConfig, type PlannedConfig } from '../../init/config-text.js'
import { readSurvey } from '../../init/read.js'
import type { LeftOut, Survey } from '../../init/survey.js'
import { resolveTargets } from '../../targets/resolve.js'
import { exists, writeFileAtomic } from '../../util/fs.js'
import { ok, type Problem, type Result } from '../../problem/problem.js'
import { suggest } from '../../util/suggest.js'
import type { Command } from '../command.js'
import { exitCodeOfSignal, exitCodes } from '../exit-code.js'
import type { Io } from '../io.js'
import { keepValid } from '../keep-valid.js'
import { reportProblems } from '../project.js'

const fileName = 'multiarch.config.ts'

export const init: Command = {
  name: 'init',
  summary: 'write a config for what is there',
  usage: '[RECIPE…] [OPTION…]',
  description: [
    'Looks for a build directory, its multiconfigs and their machines, image recipes with an OCI output, recipes of',
    'oci-multiarch and kas files, by asking BitBake, or by reading files where it cannot be asked; and writes a commented',
    `${fileName} into the working directory. In a terminal it asks first. Nothing is overwritten without --force.`,
  ],
  options: ['yes', 'force'],
  optionHelp: { yes: 'write the config without asking', force: 'replace the config that is there' },
  operands: 'any',
  examples: [
    ['mab init', 'a config for every image recipe with an OCI output'],
    ['mab init container-base', 'also for this recipe'],
    ['mab init --yes', 'in a script'],
  ],

  async run({ operands, options }, io) {
    const there = configNames.find((name) => exists(path.join(io.cwd, name)))
    if (there !== undefined && options.force !== true) {
      return reportProblems([{ code: 'config-exists', file: path.join(io.cwd, there) }], options, io)
    }
    if (options.yes !== true && io.ask === undefined) {
      const message = 'there is no terminal to ask in: --yes writes the config without asking'
      return reportProblems([{ code: 'usage', message, command: 'init' }], options, io)
    }
    const survey = await look(io)
    if (io.interruption.signal !== undefined) return exitCodeOfSignal(io.interruption.signal)
    const planned = plan(survey, operands, io)
    if (!planned.ok) return reportProblems(planned.problems, options, io)
    for (const recipe of operands.filter((name) => isUnknown(survey, name))) {
      const near = suggest(recipe, survey.known!)
      const meant = near === undefined ? '' : `: did you mean "${near}"?`
      io.stderr.write(`warning: BitBake knows no recipe "${recipe}"${meant}\n`)
    }
    const text = configText(planned.value, survey.asked)
    if (options.yes !== true) {
      io.stderr.write(`${text}\n`)
      const answer = (await io.ask!(`write this to ${fileName}? [Y/n] `)).trim().toLowerCase()
      if (io.interruption.signal !== undefined) return exitCodeOfSignal(io.interruption.signal)
      if (answer !== '' && answer !== 'y' && answer !== 'yes') {
        io.stderr.write('nothing was written\n')
        return exitCodes.failed
      }
    }
    const written = there ?? fileName
    const file = path.join(io.cwd, written.endsWith('ts') ? written : fileName)
    writeFileAtomic(file, text)
    io.stdout.write(`${path.basename(file)}: ${planned.value.targets.map(({ name }) => name).join(', ')}\n`)
    io.stderr.write("next: 'mab doctor' checks it against the machine, 'mab run' builds\n")
    return exitCodes.done
  },
}

async function look(io: Io): Promise<Survey> {
  const given = io.env['BUILDDIR'] ?? ''
  const survey = readSurvey(io.cwd, given === '' ? undefined : path.relative(io.cwd, given) || '.')
  if (survey.buildDirectory === undefined && survey.kas.length === 0) return survey
  io.stderr.write('asking BitBake, which may have to parse everything first\n')
  const config = validateConfig(
    { build: planConfig(survey, []).build, targets: { survey: {} } },
    path.join(io.cwd, fileName),
  )
  if (!config.ok) return survey
  const targets = resolveTargets(config.value, { targets: [], platforms: [] }, { directory: io.cwd })
  const source = targets.ok ? targets.value[0]?.platforms[0]?.source : undefined
  if (source?.kind !== 'bitbake') return survey
  const { directory } = source.build
  const before = exists(directory)
  let told = 0
  const onParsed = ({ done, total }: { readonly done: number; readonly total: number }): void => {
    const share = Math.floor((done * 5) / total)
    if (share > told) io.stderr.write(`parsing recipes: ${done} of ${total}\n`)
    told = share
  }
  const { stop, stopNow } = io.interruption
  const answered = await askSurvey(source.build, io.env, stop, stopNow, onParsed)
  if (stop.aborted) return survey
  if (!('asked' in answered)) {
    const completed = answered.final ? survey : await askMachines(survey, source.build, io.env, stop, stopNow)
    if (completed.asked) return completed
    const why = answered.why.split('\n').filter((line) => line !== '')
    io.stderr.write(`BitBake does not say: reading files instead\n${why.map((line) => `  ${line}\n`).join('')}`)
    // kas, and an init script, make it before they fail.
    if (!before) fs.rmSync(directory, { recursive: true, force: true })
    return completed
  }
  return combine(survey, answered.asked)
}

/** Says what is left out; refuses when there is nothing to write, and when the user named what is wrong. */
function plan(survey: Survey, recipes: readonly string[], io: Io): Result<PlannedConfig> {
  const problem = (message: string): { ok: false; problems: Problem[] } => ({
    ok: false,
    problems: [{ code: 'usage', message, command: 'init' }],
  })
  if (survey.buildDirectory === undefined && survey.kas.length === 0) {
    return problem('there is no build directory (conf/bblayers.conf) and no kas file here or up to three levels down')
  }
  const kept = keepValid(planConfig(survey, recipes), recipes, path.join(io.cwd, fileName))
  if (!kept.ok) return kept
  const { planned } = kept.value
  tellLeftOut([...survey.leftOut, ...kept.value.leftOut], io)
  if (planned.platforms.length === 0) {
    const { kas } = planned.build
    const place = kas === undefined ? 'conf/local.conf' : `${[kas].flat()[0]} (local_conf_header), or in its targets`
    return problem(`no multiconfig was found: set BBMULTICONFIG in ${place}`)
  }
  if (planned.targets.length === 0) {
    return problem(
      "no image recipe with an OCI output was found (inherit image-oci): name one, as in 'mab init RECIPE'",
    )
  }
  return ok(planned)
}

/** One line for each reason. */
function tellLeftOut(leftOut: readonly LeftOut[], io: Io): void {
  for (const why of new Set(leftOut.map((one) => one.why))) {
    const names = leftOut.filter((one) => one.why === why).map(({ name }) => name)
    io.stderr.write(`left out: ${[...new Set(names)].join(', ')}: ${why}\n`)
  }
}
