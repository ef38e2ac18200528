/**
 * `bitbake`: one invocation for all that a build directory is asked for. Each request has a stamp of its own, so that
 * runs of other targets or platforms share them.
 */
import { promises as fs } from 'node:fs'
import path from 'node:path'
import { runBitbake } from '../../bitbake/run.js'
import { compareFingerprints, fingerprint, type Fingerprint } from '../../plan/fingerprint.js'
import { requestKey } from '../../plan/plan.js'
import type { Reason } from '../../plan/reason.js'
import type { BitbakeRequest, BitbakeTask, DiscoverTask } from '../../plan/task.js'
import { sha256 } from '../../oci/digest.js'
import { count } from '../../util/format.js'
import { canonicalJson } from '../../util/json.js'
import { fail, ok, type BitbakeProblem, type Result, type StateProblem } from '../../util/problem.js'
import { findImage } from '../find-image.js'
import type { Handler, TaskContext } from '../handler.js'

export const bitbake: Handler<'bitbake'> = {
  async check(task, context) {
    const reasons: Reason[] = []
    for (const request of task.requests) reasons.push(...(await reasonsFor(task, request, context)))
    if (reasons.length > 0) return { fresh: false, reasons: distinct(reasons) }
    return { fresh: true, output: { built: task.requests.map(requestKey) }, detail: 'sources unchanged' }
  },

  async run(task, context) {
    const stale: BitbakeRequest[] = []
    const fingerprints = new Map<string, Fingerprint>()
    for (const request of task.requests) {
      if (!context.options.force && (await reasonsFor(task, request, context)).length === 0) continue
      stale.push(request)
      const now = await fingerprintOf(task, request, context)
      if (!now.ok) return now
      if (now.value !== undefined) fingerprints.set(requestKey(request), now.value)
      await context.state.dropStamp(stampId(task, request))
    }

    const ran = await runBitbake({
      build: task.build,
      targets: stale,
      keepGoing: context.options.keepGoing,
      environment: context.options.environment,
      log: context.logFile(task.id),
      stop: context.stop,
      stopNow: context.stopNow,
      onProgress: ({ text, done, total }) => context.progress(text, done, total),
      ...(context.options.verbose ? { onLine: (line: string) => context.line(line) } : {}),
      neededBy: (target) => task.requests.find((request) => requestKey(request) === requestKey(target))?.neededBy ?? [],
    })
    if (!ran.ok) return ran
    // Broken off by us: what it says of unfinished tasks is no failure of theirs.
    if (ran.value.interrupted) context.stop.throwIfAborted()
    const { built, problems, summary, warnings } = ran.value
    if (warnings > 0) context.notice({ code: 'bitbake-warnings', count: warnings, log: context.logFile(task.id) })

    const keys = new Set(built.map(requestKey))
    for (const request of stale) {
      const key = requestKey(request)
      const before = fingerprints.get(key)
      const manifests =
        keys.has(key) && before !== undefined ? await deployedManifests(task, request, context) : undefined
      if (before !== undefined && manifests !== undefined) {
        await context.state.writeStamp(stampId(task, request), { fingerprint: before, output: { manifests } })
      }
    }
    const asked = new Set(stale.map(requestKey))
    const fresh = task.requests.map(requestKey).filter((key) => !asked.has(key))
    const output = { built: [...fresh, ...keys] }
    if (problems.length > 0) return { ok: false, problems: await Promise.all(problems.map(withTaskOutput)), output }
    const did = summary === undefined ? 'done' : describeSummary(summary.attempted, summary.upToDate)
    return { ok: true, output, detail: did + describeProgram(task.build.command) }
  },
}

function describeSummary(attempted: number, upToDate: number): string {
  const ran = attempted - upToDate
  return ran === 0
    ? `nothing to rebuild (${count(attempted, 'task')} up to date)`
    : `${count(ran, 'task')} run, ${upToDate} up to date`
}

/** Lines of a task's log that a failure is shown with. */
const shownLines = 8

/** The end of the log says why, nearly always; BitBake's own lines in it only say that. */
async function withTaskOutput(problem: BitbakeProblem): Promise<BitbakeProblem> {
  if (problem.code !== 'bitbake-task-failed' || problem.taskLog === undefined) return problem
  const content = await fs.readFile(problem.taskLog, 'utf8').catch(() => '')
  const lines = content.split('\n').filter((line) => line.trim() !== '' && !/^(DEBUG|NOTE): /.test(line))
  return { ...problem, taskOutput: lines.slice(-shownLines) }
}

/** Whose word it is, when it is not plain `bitbake`'s: a wrapper, or an example's stand-in. */
function describeProgram(command: readonly string[]): string {
  const words = command.map((word) => path.basename(word)).join(' ')
  return words === 'bitbake' ? '' : `, by ${words}`
}

function stampId(task: BitbakeTask, request: BitbakeRequest): string {
  return `${task.id} ${requestKey(request)}`
}

async function reasonsFor(task: BitbakeTask, request: BitbakeRequest, context: TaskContext): Promise<Reason[]> {
  if (request.sources === null) return [{ code: 'asks-bitbake' }]
  const stamp = await context.state.readStamp(stampId(task, request))
  if (stamp === undefined) return [{ code: 'never-done' }]
  const now = await fingerprintOf(task, request, context)
  // A source that cannot be read is reported when the task runs.
  if (!now.ok || now.value === undefined) return [{ code: 'never-done' }]
  const reasons = compareFingerprints(stamp.fingerprint, now.value)
  if (reasons.length > 0) return reasons

  const { manifests: recorded = {} } = (stamp.output ?? {}) as { manifests?: Readonly<Record<string, string>> }
  for (const dependent of dependents(task, request, context)) {
    const found = await findImage(dependent)
    const digest = found.ok ? found.value.image.digest : undefined
    if (digest === undefined) return [{ code: 'output-missing', file: dependent.id }]
    const before = recorded[dependent.id]
    if (before === undefined) return [{ code: 'never-done' }]
    if (before !== digest) {
      return [{ code: 'manifest-changed', platform: dependent.platformKey, from: before, to: digest }]
    }
  }
  return []
}

/** `undefined` when the sources are not known: then nothing can be said. */
async function fingerprintOf(
  task: BitbakeTask,
  request: BitbakeRequest,
  context: TaskContext,
): Promise<Result<Fingerprint | undefined, StateProblem>> {
  if (request.sources === null) return ok(undefined)
  const sources = await context.sources(task.root, request.sources)
  if (!sources.ok) return fail(...sources.problems)
  for (const pattern of sources.value.empty) context.notice({ code: 'sources-match-nothing', pattern })
  return ok(
    fingerprint({
      command: [...task.build.command, ...task.build.args],
      // A digest: the values may be secrets, which a stamp must not hold.
      environment: sha256(canonicalJson(task.build.environment)),
      patterns: request.sources,
      sources: sources.value.files,
    }),
  )
}

function dependents(task: BitbakeTask, request: BitbakeRequest, context: TaskContext): DiscoverTask[] {
  return context.plan.tasks.filter(
    (other): other is DiscoverTask =>
      other.kind === 'discover' &&
      other.dependsOn.includes(task.id) &&
      other.source.kind === 'bitbake' &&
      requestKey(other.source) === requestKey(request),
  )
}

/** What is deployed right after the build; `undefined` when a layout is not there (its discover task says why). */
async function deployedManifests(
  task: BitbakeTask,
  request: BitbakeRequest,
  context: TaskContext,
): Promise<Record<string, string> | undefined> {
  const manifests: Record<string, string> = {}
  for (const dependent of dependents(task, request, context)) {
    const found = await findImage(dependent)
    if (!found.ok) return undefined
    manifests[dependent.id] = found.value.image.digest
  }
  return manifests
}

function distinct(reasons: readonly Reason[]): Reason[] {
  return [...new Map(reasons.map((reason) => [JSON.stringify(reason), reason])).values()]
}
