/** Running a plan in sight of the user, and saying how it went; or only what would be done. */
import path from 'node:path'
import type { Event } from '../execute/event.js'
import type { Notice } from '../problem/notice.js'
import { explainPlan, runPlan, type RunPlanOptions } from '../execute/run-plan.js'
import type { Plan } from '../plan/task.js'
import { forecastEvents, jsonRenderer } from '../report/json.js'
import { formatPlanTable, planDocument } from '../report/plan-text.js'
import { plainRenderer } from '../report/plain.js'
import type { Renderer } from '../report/renderer.js'
import { formatRun, formatTargets } from '../report/summary.js'
import { isWithin, statIfThere, writeFileAtomic } from '../util/fs.js'
import type { Json } from '../util/json.js'
import { exitCodeOfSignal, exitCodes } from './exit-code.js'
import type { Io } from './io.js'
import { imagesOf, runMetadata, type RunImage } from './metadata.js'
import type { OptionValues } from './arguments/options.js'
import { duration, reportProblems, styleFor, text } from './project.js'

type Settings = Omit<RunPlanOptions, 'emit'>

export interface PerformOptions {
  /**
   * What `--metadata-file` is to hold of the images that are in place and verified. Nothing stands for no image: an
   * earlier run's file is not left to be taken for this one's.
   */
  readonly describe?: (images: readonly RunImage[]) => Json | undefined
  /** What is known before the run. */
  readonly notices?: readonly Notice[]
}

/** @returns the exit code. */
export async function performPlan(
  plan: Plan,
  settings: Settings,
  options: OptionValues,
  io: Io,
  { describe = runMetadata, notices = [] }: PerformOptions = {},
): Promise<number> {
  const metadataFile = metadataPlace(options, io)
  const refusal = metadataFile === undefined ? undefined : refuseMetadata(metadataFile, plan)
  if (refusal !== undefined) return reportProblems([{ code: 'usage', message: refusal }], options, io)
  const renderer = await chooseRenderer(options, io)
  const limit = text(options.timeout)
  const timer = limit === undefined ? undefined : setTimeout(() => io.interruption.expire(), duration(limit))
  let report: Awaited<ReturnType<typeof runPlan>>
  try {
    const emit = (event: Event): void => {
      renderer.handle(event)
      if (event.kind === 'run-started') for (const notice of notices) renderer.handle({ kind: 'notice', notice })
    }
    report = await runPlan(plan, { ...settings, emit })
  } finally {
    clearTimeout(timer)
    await renderer.end()
  }
  if (metadataFile !== undefined) {
    const metadata = describe(report.ok ? imagesOf(plan, report.value.targets) : []) ?? {}
    writeFileAtomic(metadataFile, `${JSON.stringify(metadata, null, 2)}\n`)
  }
  const { signal, expired } = io.interruption
  if (report.ok && options.progress !== 'json') {
    io.stdout.write(formatTargets(report.value, io.cwd, styleFor(io.stdout, options, io)))
    if (options.quiet !== true && options.progress !== 'quiet') io.stderr.write(formatRun(report.value))
  }
  if (signal !== undefined) return exitCodeOfSignal(signal)
  if (expired && limit !== undefined && !(report.ok && report.value.ok)) {
    const failed = report.ok && report.value.counts.failed > 0
    return reportProblems([{ code: 'timed-out', limit, failed }], options, io)
  }
  if (!report.ok) return reportProblems(report.problems, options, io)
  return report.value.ok ? exitCodes.done : exitCodes.failed
}

/** Absolute. */
function metadataPlace(options: OptionValues, io: Io): string | undefined {
  const file = text(options['metadata-file'])
  return file === undefined ? undefined : path.resolve(io.cwd, file)
}

/** Nothing that the run reads or writes is to be lost to it. */
function refuseMetadata(file: string, plan: Plan): string | undefined {
  if (statIfThere(file)?.isDirectory() === true) return `--metadata-file names a directory: ${file}`
  for (const task of plan.tasks) {
    if (task.kind === 'index' && isWithin(file, task.output.directory)) {
      return `--metadata-file is inside the output directory, which is replaced as a whole: ${file}`
    }
    if (task.kind === 'archive' && file === task.file) return `--metadata-file names the archive: ${file}`
    if (task.kind !== 'discover' || task.source.kind !== 'layout') continue
    const { root, pattern } = task.source.path
    if (isWithin(file, path.resolve(root, pattern))) return `--metadata-file names a source, or lies in one: ${file}`
  }
  return undefined
}

/** Prints the plan with what is stale and why. @returns the exit code. */
export async function showForecast(plan: Plan, settings: Settings, options: OptionValues, io: Io): Promise<number> {
  const forecasts = await explainPlan(plan, { ...settings, emit: () => {} })
  if (options.format === 'json') {
    io.stdout.write(`${JSON.stringify(planDocument(plan, forecasts), null, 2)}\n`)
    return exitCodes.done
  }
  if (options.progress === 'json') {
    io.stdout.write(forecastEvents(plan, forecasts))
    return exitCodes.done
  }
  io.stdout.write(formatPlanTable(plan, forecasts, io.cwd, styleFor(io.stdout, options, io)))
  return exitCodes.done
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
    const { listrRenderer } = await import('../report/listr.js')
    return listrRenderer({ cwd: io.cwd, style, explain, stream: io.terminal })
  }
  const verbose = options.verbose === true
  return plainRenderer({ cwd: io.cwd, style, explain, quiet, verbose, write: (line) => io.stderr.write(line) })
}
