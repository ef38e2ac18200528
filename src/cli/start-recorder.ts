/** Writing down that a command found everything fresh, so that the next one like it need only compare stats. */
import fs from 'node:fs'
import path from 'node:path'
import type { FreshRun } from '../execute/fresh-run.js'
import type { RunPlanOptions } from '../execute/run-plan.js'
import type { Plan } from '../plan/task.js'
import { plainRenderer } from '../report/plain.js'
import { makeStyle } from '../report/style.js'
import { formatTargets } from '../report/summary.js'
import { encodeRecord, keepValue, keepVariables, recordFile, startKey, type Start } from '../start/record.js'
import { snapshot, watch } from '../util/watch.js'
import { bootId } from '../util/boot.js'
import { writeFileAtomic } from '../util/fs.js'
import type { Io } from './io.js'
import type { OptionValues } from './arguments/options.js'
import { text, type Project } from './project.js'
import { version } from './version.js'

/** Command lines that are remembered: enough for a project's daily ones. */
const keptRecords = 16

/** For `runPlan`. Nothing for a command that does more than to find out, or prints what differs each time. */
export function startRecorder(project: Project, options: OptionValues, io: Io): Pick<RunPlanOptions, 'whenFresh'> {
  const lasting = [options.force, options['metadata-file']].every((option) => option === undefined)
  if (!lasting || options.progress === 'json' || project.loaded.origin === undefined) return {}
  return {
    whenFresh: (fresh) => {
      try {
        record(fresh, project, options, io)
      } catch {
        // It would only save time.
      }
    },
  }
}

function record(fresh: FreshRun, { plan, loaded, stateDirectory }: Project, options: OptionValues, io: Io): void {
  const { directory, file, origin } = loaded
  if (origin === undefined) return
  const { files, identities, since } = fresh
  const watching = watch(directory, { leading: origin.inputs, files, identities }, since)
  // The config that was read, not one that was written while BitBake ran.
  if (watching === undefined || snapshot(origin.inputs, Number.POSITIVE_INFINITY) !== origin.seen) return
  const key = startKey(version, file, io.cwd, io.argv)
  const quiet = options.quiet === true || options.progress === 'quiet'
  const stdout = (color: boolean): string => formatTargets(fresh.report, io.cwd, makeStyle(color))
  const stderr = (color: boolean): string => {
    let printed = ''
    const write = (more: string): void => void (printed += more)
    const [explain, verbose] = [options.explain === true, options.verbose === true]
    const renderer = plainRenderer({ cwd: io.cwd, style: makeStyle(color), explain, quiet, verbose, write })
    for (const event of fresh.events) renderer.handle(event)
    // It waits for nothing.
    void renderer.end()
    return printed
  }
  const start = {
    key,
    boot: bootId(),
    environment: Object.fromEntries([...io.variables].map(([name, value]) => [name, value ?? null])),
    ...bitbakeEnvironment(plan, io),
    ...(origin.code === undefined ? {} : { code: origin.code }),
    evaluated: origin.code === undefined ? '' : keepValue(origin.evaluated, origin.code),
    configPaths: watching.leading,
    color: (text(options.color) ?? 'auto') as 'auto',
    stdout: [stdout(false), stdout(true)],
    stderr: [stderr(false), stderr(true)],
    summary: !quiet,
  } as const
  const place = recordFile(stateDirectory, key)
  writeFileAtomic(place, encodeRecord({ start, watched: watching.watched }))
  prune(path.dirname(place))
}

/** Neither what BitBake built nor what it last answered holds in another environment. */
function bitbakeEnvironment(plan: Plan, { env }: Io): Pick<Start, 'bitbake'> {
  const declared = plan.tasks.flatMap((task) => {
    const build =
      task.kind === 'bitbake'
        ? task.build
        : task.kind === 'discover' && task.source.kind === 'bitbake'
          ? task.source.build
          : undefined
    return build === undefined ? [] : [build.environment['BB_ENV_PASSTHROUGH_ADDITIONS'] ?? '']
  })
  if (declared.length === 0) return {}
  const all = [...new Set(declared)].join(' ')
  return { bitbake: { declared: all, variables: keepVariables(env, all) } }
}

/** Removes all but those that were written last. */
function prune(directory: string): void {
  const files = fs.readdirSync(directory).map((name) => path.join(directory, name))
  if (files.length <= keptRecords) return
  const written = new Map(files.map((file) => [file, fs.statSync(file).mtimeMs]))
  const old = files.toSorted((a, b) => written.get(b)! - written.get(a)!).slice(keptRecords)
  for (const file of old) fs.rmSync(file, { recursive: true, force: true })
}
