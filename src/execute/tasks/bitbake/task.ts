/**
 * `bitbake`: one invocation for all that a build directory is asked for. Each request has a stamp of its own, so that
 * runs of other targets or platforms share them.
 */
import path from 'node:path'
import { waitForBuildDirectory } from '../../../bitbake/build-directory.js'
import { withMcdependsPlace } from '../../../bitbake/output/mcdepends.js'
import type { RunningTask, Sstate } from '../../../bitbake/output/progress.js'
import { runBitbake } from '../../../bitbake/process/run.js'
import type { ServerAtWork } from '../../../bitbake/process/server.js'
import { withTaskOutput } from '../../../bitbake/output/task-output.js'
import type { Fingerprint } from '../../../plan/fingerprint.js'
import { requestKey } from '../../../plan/plan.js'
import type { Reason } from '../../../plan/reason.js'
import type { BitbakeRequest, BitbakeTask } from '../../../plan/task.js'
import { count } from '../../../util/format.js'
import { fail } from '../../../problem/problem.js'
import { wantedImage } from '../../../discover/platform-agreement.js'
import { askBitbake, contradicted, dependents, findLost, imagesOf, noticeSilence } from './ask.js'
import { askBeforeBuild } from './enquire.js'
import type { RunningBitbakeTask } from '../../event.js'
import type { Handler, TaskContext } from '../../handler.js'
import { evidenceOf, fingerprintOf, forgetRequest, reasonsFor, recordRequest } from './request-freshness.js'

export const bitbake: Handler<'bitbake'> = {
  async check(task, context) {
    const reasons: Reason[] = []
    for (const request of task.requests) reasons.push(...(await reasonsFor(task, request, context)))
    if (reasons.length > 0) return { fresh: false, reasons: distinct(reasons) }
    const files = await evidenceOf(task, context)
    const output = { built: task.requests.map(requestKey) }
    return { fresh: true, output, detail: 'sources unchanged', evidence: { files } }
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
    }

    const onWait = (atWork: ServerAtWork): void => {
      context.notice({ code: 'waiting-for-bitbake', directory: task.build.directory, ...atWork })
      context.progress({ text: `waiting for another BitBake (process ${atWork.pid})` })
    }
    const waiting = { wait: context.options.wait ?? Number.POSITIVE_INFINITY, stop: context.stop, onWait }
    const others = context.plan.tasks.filter((other) => other.kind === 'bitbake')
    await Promise.allSettled(others.map((other) => context.enquiry(other)))
    const enquiry = await context.enquiry(task)
    const current = task.requests.filter((request) => !stale.includes(request)).map(requestKey)
    if (!enquiry.ok) return { ...enquiry, output: { built: current } }
    if (enquiry.value === 'busy') {
      const busy = await waitForBuildDirectory(task.build.directory, waiting)
      if (busy !== undefined) return fail(busy)
      context.stop.throwIfAborted()
      const found = await askBeforeBuild(task, context)
      if (!found.ok) return { ...found, output: { built: current } }
    }
    const refused = contradicted(task, task.requests, context)
    const refusals = new Set(refused.flatMap((one) => one.problems))
    const usable = task.requests.filter((request) => !refused.some((one) => one.request === request))
    const wanted = usable.filter((request) => stale.includes(request))
    const fresh = usable.filter((request) => !stale.includes(request)).map(requestKey)
    if (refused.length > 0 && (!context.options.keepGoing || wanted.length === 0)) {
      return { ok: false, problems: [...refusals], output: { built: fresh } }
    }

    const prepared = await context.prepared(task)
    if (!prepared.ok) return prepared
    const reported: Promise<void>[] = []
    for (const request of wanted) forgetRequest(task, request, context)
    context.answers.suspend(task.build)
    const ran = await runBitbake({
      prepared: prepared.value,
      targets: wanted,
      keepGoing: context.options.keepGoing,
      log: context.logFile(task.id),
      stop: context.stop,
      stopNow: context.stopNow,
      wait: waiting.wait,
      onWait,
      onProgress: ({ begun, running, ...step }) => {
        const label = (one: RunningTask): RunningBitbakeTask => ({
          ...one,
          platforms: platformsOf(task, one.multiconfig, context),
        })
        context.progress({ ...step, ...(begun && { begun: label(begun) }), running: running.map(label) })
      },
      onFailure: (failure) => void reported.push(withTaskOutput(failure).then(context.problem)),
      ...(context.options.verbose ? { onLine: (line: string) => context.line(line) } : {}),
      neededBy: (target) => imagesOf(task, target, context),
    })
    await Promise.all(reported)
    const rebuilt = ran.ok ? wanted.filter(({ multiconfig }) => ran.value.begun.includes(multiconfig)) : []
    context.answers.resume(task.build, rebuilt)
    context.lookAgain()
    if (!ran.ok) return ran
    if (ran.value.interrupted) {
      if (ran.value.problems.length === 0) context.stop.throwIfAborted()
      const problems = await Promise.all(ran.value.problems.map(withTaskOutput))
      return { ok: false, problems, output: { built: fresh } }
    }
    const { built, problems, summary, sstate, warnings, accepted } = ran.value
    const { count: warned, texts, tainted } = warnings
    const log = context.logFile(task.id)
    if (warned > 0) context.notice({ code: 'bitbake-warnings', count: warned, warnings: texts, log })
    if (accepted.length > 0) context.notice({ code: 'bitbake-errors-accepted', errors: accepted, log })
    if (tainted.length > 0) context.notice({ code: 'bitbake-tainted', tasks: tainted })

    const keys = new Set(built.map(requestKey))
    const done = wanted.filter((request) => keys.has(requestKey(request)))
    // It may be able to say now what it could not before, and kas has written the configuration anew.
    const lost = await findLost(task, done, context)
    const because = rebuilt.length > 0 ? 'BitBake has built anew' : 'an image is not where it was'
    await askBitbake(task, done, context, 'query again', { requests: lost, because })
    noticeSilence(task, done, context)
    for (const request of done) {
      const before = fingerprints.get(requestKey(request))
      if (before !== undefined) await recordRequest(task, request, before, context)
    }
    const output = { built: [...fresh, ...keys] }
    if (problems.length + refusals.size > 0) {
      const told = task.requests
        .flatMap((request) => dependents(task, request, context))
        .flatMap((dependent) => context.answers.of(dependent) ?? [])
      const detailed = problems.map(async (problem) => withMcdependsPlace(await withTaskOutput(problem), told))
      return { ok: false, problems: [...refusals, ...(await Promise.all(detailed))], output }
    }
    const did = summary === undefined ? 'done' : describeSummary(summary.attempted, summary.upToDate, sstate)
    const despite = accepted.length > 0 ? `, ${count(accepted.length, 'error')} accepted` : ''
    return { ok: true, output, detail: did + despite + describeProgram(task.build.command) }
  },

  /** Only BitBake knows. */
  async foresee() {
    return undefined
  },
}

function describeSummary(attempted: number, upToDate: number, sstate: Sstate | undefined): string {
  const ran = attempted - upToDate
  const found = sstate === undefined ? 0 : sstate.local + sstate.mirrors
  const reused =
    sstate === undefined || sstate.wanted === 0 ? '' : `, ${found} of ${sstate.wanted} from the shared state`
  return ran === 0
    ? `nothing to rebuild (${count(attempted, 'task')} up to date)`
    : `${count(ran, 'task')} run, ${upToDate} up to date${reused}`
}

/** The platforms of the run that are built in the multiconfig. */
function platformsOf(task: BitbakeTask, multiconfig: string, context: TaskContext): string[] {
  const requests = task.requests.filter((request) => request.multiconfig === multiconfig)
  const needing = requests.flatMap((request) => dependents(task, request, context))
  return [...new Set(needing.map((dependent) => wantedImage(dependent, context.answers.of(dependent)).platform))]
}

/** Whose word it is, when it is not plain `bitbake`'s: a wrapper, or an example's stand-in. */
function describeProgram(command: readonly string[]): string {
  const words = command.map((word) => path.basename(word))
  const [first, second, ...rest] = words
  // A container's options say nothing here.
  const shown = rest.length > 1 ? [first, second, '…', rest.at(-1)] : words
  return shown.join(' ') === 'bitbake' ? '' : `, by ${shown.join(' ')}`
}

function distinct(reasons: readonly Reason[]): Reason[] {
  return [...new Map(reasons.map((reason) => [JSON.stringify(reason), reason])).values()]
}
