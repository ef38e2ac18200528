/** Asking a build of the run where its images go, before any of them builds anything: two may have one place. */
import { checkBuildDirectory } from '../../../bitbake/build-directory.js'
import { serverAtWork } from '../../../bitbake/process/server.js'
import type { BitbakeTask } from '../../../plan/task.js'
import type { BitbakeProblem } from '../../../problem/bitbake-problem.js'
import { fail, ok, type Result } from '../../../problem/problem.js'
import { askBitbake } from './ask.js'
import type { Enquiry, TaskContext } from '../../handler.js'
import { changedRequests } from './request-freshness.js'

/** Problems are those of starting BitBake, and that it cannot parse; one that gives no answer is none. */
export async function enquire(task: BitbakeTask, context: TaskContext): Promise<Result<Enquiry, BitbakeProblem>> {
  const { init } = task.build
  if (init !== undefined) context.progress({ text: `sourcing ${context.state.relative(init.script)}` })
  const prepared = await context.prepared(task)
  context.stop.throwIfAborted()
  if (!prepared.ok) return prepared
  const unfit = await checkBuildDirectory(task.build)
  if (unfit !== undefined) return fail(unfit)
  if ((await serverAtWork(task.build.directory)) !== undefined) return ok('busy')
  context.stop.throwIfAborted()
  const asked = await askBeforeBuild(task, context)
  return asked.ok ? ok(asked.value ? 'asked' : 'known') : asked
}

/** Asks also for what is fresh: it may deploy where another image is going to. */
export async function askBeforeBuild(
  task: BitbakeTask,
  context: TaskContext,
): Promise<Result<boolean, BitbakeProblem>> {
  const requests = await changedRequests(task, context)
  return askBitbake(task, task.requests, context, 'query', { requests, because: 'sources changed' })
}
