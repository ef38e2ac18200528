/** `mab merge`: layouts that other machines built, joined without a config and without BitBake. */
import { promises as fs } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { defaultImageName } from '../../config/rules.js'
import { openLayout } from '../../oci/layout.js'
import { formatPlatform, matchKey, parsePlatform, type Platform } from '../../oci/platform.js'
import { isReference, isRepository, isTag, splitName } from '../../oci/reference.js'
import { listImages } from '../../oci/select.js'
import { createPlan } from '../../plan/plan.js'
import type { Target, TargetPlatform } from '../../targets/target.js'
import { exists } from '../../util/fs.js'
import { ok, type Problem, type Result } from '../../util/problem.js'
import type { Arguments } from '../args.js'
import type { Command } from '../command.js'
import type { Io } from '../io.js'
import { performPlan } from '../perform.js'
import { reportProblems, runOptions, text } from '../project.js'

export const merge: Command = {
  name: 'merge',
  summary: 'join layouts or archives that are there into one image',
  usage: '-o DIR LAYOUT[=PLATFORM]… [OPTION…]',
  description: [
    'Joins the images of several OCI layouts or archives, such as one from each CI runner, into one multi-arch image, with',
    'the checks and the bytes of "mab run". No config is needed. Platforms are read from the image configs; =PLATFORM adds',
    'a variant that the config lacks. The order of the operands is that of the image index.',
  ],
  options: ['output', 'tag', 'name', 'format', 'archive', 'jobs', 'progress', 'quiet'],
  operands: 'any',
  format: { choices: ['nested', 'flat'], help: 'the form of the layout' },
  examples: [
    ['mab merge -o app-oci arm64-oci amd64-oci', 'two layouts'],
    ['mab merge -o app-oci -t 1.4.2 ci/*.tar', 'archives, with a reference'],
    ['mab merge -o app-oci arm-oci=linux/arm/v7 amd64-oci', 'say the variant that umoci cannot write'],
  ],

  async run(args, io) {
    const { options } = args
    const target = await describeTarget(args, io)
    if (!target.ok) return reportProblems(target.problems, options, io)
    // Nothing is remembered between merges: every byte is read.
    const stateDirectory = await fs.mkdtemp(path.join(os.tmpdir(), 'mab-merge-'))
    try {
      const settings = runOptions(stateDirectory, options, io)
      if (!settings.ok) return reportProblems(settings.problems, options, io)
      return await performPlan(createPlan([target.value]), settings.value, options, io)
    } finally {
      await fs.rm(stateDirectory, { recursive: true, force: true })
    }
  },
}

function usage(message: string): Problem {
  return { code: 'usage', message, command: 'merge' }
}

/** The target that a config with these sources would have. */
async function describeTarget({ operands, options }: Arguments, io: Io): Promise<Result<Target>> {
  const output = text(options.output)
  const problems: Problem[] = []
  if (output === undefined) problems.push(usage('where to? -o DIR says it'))
  if (operands.length === 0) problems.push(usage('what? expected at least one layout or archive'))
  const directory = path.resolve(io.cwd, output ?? '')
  const reference = text(options.tag) ?? 'latest'
  const flat = options.format === 'flat'
  const name = text(options.name) ?? defaultImageName(path.basename(directory).toLowerCase(), reference)
  if (flat) {
    for (const option of ['tag', 'name'] as const) {
      if (options[option] !== undefined) problems.push(usage(`a flat layout has no entry that could carry --${option}`))
    }
  } else {
    const { repository, tag } = splitName(name)
    if (!isReference(reference)) problems.push(usage(`"${reference}" is no reference`))
    else if (!isRepository(repository) || tag === undefined || !isTag(tag)) {
      problems.push(usage(`"${name}" is no image name: give --name, for example localhost/app:1.0`))
    }
  }
  if (problems.length > 0) return { ok: false, problems }

  const platforms = await findPlatforms(operands, directory, io)
  if (!platforms.ok) return platforms
  const archive = text(options.archive)
  return ok({
    name: path.basename(directory),
    platforms: platforms.value,
    partial: false,
    root: io.cwd,
    output: {
      directory,
      format: flat ? 'flat' : 'nested',
      ...(flat ? {} : { reference, name }),
      annotations: {},
      ...(archive === undefined ? {} : { archive: path.resolve(io.cwd, archive) }),
      link: 'auto',
    },
  })
}

async function findPlatforms(operands: readonly string[], output: string, io: Io): Promise<Result<TargetPlatform[]>> {
  const problems: Problem[] = []
  const found: (TargetPlatform & { readonly operand: string })[] = []
  for (const operand of operands) {
    const { file, stated } = await splitOperand(operand, io.cwd)
    if (stated !== undefined && 'error' in stated) {
      problems.push(usage(`${operand}: ${stated.error}`))
      continue
    }
    const location = path.resolve(io.cwd, file)
    if ((await fs.realpath(location).catch(() => location)) === (await fs.realpath(output).catch(() => output))) {
      problems.push(usage(`${file} is the output too: write to another directory`))
      continue
    }
    const layout = openLayout(location)
    const images = layout.ok ? listImages(layout.value, undefined) : layout
    if (!images.ok) {
      problems.push(...images.problems)
      continue
    }
    if (stated !== undefined && images.value.length !== 1) {
      const platforms = images.value.map(({ platform }) => formatPlatform(platform)).join(', ')
      problems.push(usage(`${operand}: a platform can be said of one image, and there are several (${platforms})`))
      continue
    }
    for (const image of images.value) {
      const platform = stated ?? image.platform
      const source = { kind: 'layout', path: { root: io.cwd, pattern: file } } as const
      const twin = found.find((other) => matchKey(other.platform) === matchKey(platform))
      if (twin === undefined) found.push({ key: formatPlatform(platform), platform, source, operand })
      else problems.push(usage(`${twin.operand} and ${operand} are both ${formatPlatform(platform)}`))
    }
  }
  return problems.length > 0
    ? { ok: false, problems }
    : ok(found.map(({ key, platform, source }) => ({ key, platform, source })))
}

/** `LAYOUT=PLATFORM`, unless a file has that very name. */
async function splitOperand(
  operand: string,
  cwd: string,
): Promise<{ readonly file: string; readonly stated?: Platform | { readonly error: string } }> {
  const equals = operand.lastIndexOf('=')
  const literal = exists(path.resolve(cwd, operand))
  if (equals < 0 || literal) return { file: operand }
  return { file: operand.slice(0, equals), stated: parsePlatform(operand.slice(equals + 1)) }
}
