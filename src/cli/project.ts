/** What most commands begin with: the config, the targets that were selected, and the plan. */
import os from 'node:os'
import path from 'node:path'
import { loadConfig, type LoadedConfig } from '../config/load.js'
import type { RunPlanOptions } from '../execute/run-plan.js'
import { createPlan } from '../plan/plan.js'
import type { Plan } from '../plan/task.js'
import { makeStyle, type Style } from '../report/style.js'
import { formatProblems } from '../report/words/problems.js'
import { resolveTargets } from '../targets/resolve.js'
import { ok, type Problem, type Result } from '../problem/problem.js'
import { stateDirectoryName } from '../util/project.js'
import type { Arguments } from './arguments/args.js'
import { parseDuration } from './arguments/duration.js'
import { exitCodeFor } from './exit-code.js'
import type { Io, Stream } from './io.js'
import type { OptionValues } from './arguments/options.js'

export interface Project {
  readonly plan: Plan
  readonly loaded: LoadedConfig
  /** Absolute. */
  readonly stateDirectory: string
}

/** A variable that the plan or a task's freshness hangs on. */
export function variable(name: string, io: Io): string | undefined {
  io.variables.set(name, io.env[name])
  return io.env[name]
}

export async function openConfig(options: OptionValues, io: Io): Promise<Result<LoadedConfig>> {
  return loadConfig({ cwd: io.cwd, file: text(options.config), env: io.env, evaluated: io.evaluated })
}

export async function openProject({ operands, options }: Arguments, io: Io): Promise<Result<Project>> {
  const loaded = await openConfig(options, io)
  if (!loaded.ok) return loaded
  const { config, directory } = loaded.value
  const selection = { targets: operands, platforms: list(options.platform) }
  const targets = resolveTargets(config, selection, { directory, buildDirectory: variable('BUILDDIR', io) })
  if (!targets.ok) return targets
  return ok({
    loaded: loaded.value,
    plan: createPlan(targets.value, { noBuild: options['no-build'] === true }),
    stateDirectory: path.join(directory, stateDirectoryName),
  })
}

/** Everything that a run needs but whoever listens. */
export function runOptions(
  stateDirectory: string,
  options: OptionValues,
  io: Io,
): Result<Omit<RunPlanOptions, 'emit'>> {
  const epoch = variable('SOURCE_DATE_EPOCH', io)
  if (epoch !== undefined && !/^\d{1,11}$/.test(epoch)) {
    const message = `SOURCE_DATE_EPOCH is a number of seconds since 1970; found "${epoch}"`
    return { ok: false, problems: [{ code: 'usage', message }] }
  }
  const wait = duration(options.wait)
  return ok({
    stateDirectory,
    keepGoing: options['keep-going'] === true,
    jobs: Number(text(options.jobs) ?? os.availableParallelism()),
    force: options.force === true,
    environment: io.env,
    sourceDate: Number(epoch ?? 0),
    verbose: options.verbose === true,
    ...(wait === undefined ? {} : { wait }),
    stop: io.interruption.stop,
    stopNow: io.interruption.stopNow,
  })
}

/** Says what is wrong on stderr. @returns the exit code. */
export function reportProblems(problems: readonly Problem[], options: OptionValues, io: Io): number {
  io.stderr.write(formatProblems(problems, io.cwd, styleFor(io.stderr, options, io), text(options.config)))
  return exitCodeFor(problems)
}

export function styleFor(stream: Stream, options: OptionValues, io: Io): Style {
  const when = options.color ?? 'auto'
  const wanted = (io.env['NO_COLOR'] ?? '') === '' && io.env['TERM'] !== 'dumb' && stream.isTTY
  return makeStyle(when === 'always' || (when === 'auto' && wanted))
}

export function text(value: OptionValues[keyof OptionValues]): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** ms; the argument parser has seen to it that it is one. */
export function duration(value: OptionValues[keyof OptionValues]): number | undefined {
  return typeof value === 'string' ? parseDuration(value) : undefined
}

export function list(value: OptionValues[keyof OptionValues]): readonly string[] {
  return typeof value === 'object' ? value : []
}
