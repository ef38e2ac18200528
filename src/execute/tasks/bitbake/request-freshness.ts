/** Whether what BitBake was asked for is still what it would make: by its sources, its environment and what lies there. */
import { sha256, shortDigest } from '../../../oci/digest.js'
import { formatPlatform } from '../../../oci/platform.js'
import { compareFingerprints, fingerprint, type Fingerprint, type Inputs } from '../../../plan/fingerprint.js'
import { requestKey } from '../../../plan/plan.js'
import type { Reason } from '../../../plan/reason.js'
import type { BitbakeRequest, BitbakeTask, DiscoverTask } from '../../../plan/task.js'
import type { Build } from '../../../targets/target.js'
import { reachesImage } from '../../../util/environment.js'
import { ok, type Result, type StateProblem } from '../../../problem/problem.js'
import { dependents } from './ask.js'
import { environmentOf } from './build-environment.js'
import type { TaskContext } from '../../handler.js'
import { recordedManifests } from '../../output/recorded.js'
import type { FileList } from '../../state/stamps.js'

/** Before it is made anew. */
export function forgetRequest(task: BitbakeTask, request: BitbakeRequest, { state }: TaskContext): void {
  state.stamps.drop(stampId(task, request))
}

/**
 * What was made stays fresh while it is as it is now; not when an image is not there.
 * @param before the fingerprint when BitBake was called
 */
export async function recordRequest(
  task: BitbakeTask,
  request: BitbakeRequest,
  before: Fingerprint,
  context: TaskContext,
): Promise<void> {
  const manifests = await deployedManifests(task, request, context)
  if (manifests === undefined) return
  const { stamps } = context.state
  const sources = await sourcesOf(task, request, context)
  if (sources?.ok === true) stamps.keepList(sources.value.digest, sources.value.files)
  stamps.write(stampId(task, request), { fingerprint: before, output: { manifests } })
}

function stampId(task: BitbakeTask, request: BitbakeRequest): string {
  return `${task.id} ${requestKey(request)}`
}

export async function reasonsFor(task: BitbakeTask, request: BitbakeRequest, context: TaskContext): Promise<Reason[]> {
  if (request.sources === null) return [{ code: 'asks-bitbake' }]
  const now = await fingerprintOf(task, request, context)
  if (!now.ok) return now.problems.map(unreadableSource)
  const stamp = context.state.stamps.read(stampId(task, request))
  if (stamp === undefined || now.value === undefined) return [{ code: 'never-done' }]
  const sources = await sourcesOf(task, request, context)
  const files = sources?.ok === true ? sources.value.files : undefined
  const reasons = compareSources(stamp.fingerprint, now.value, files, context)
  if (reasons.length > 0) return reasons

  const recorded = recordedManifests(stamp.output)
  if (recorded === undefined) return [{ code: 'never-done' }]
  for (const dependent of dependents(task, request, context)) {
    const found = await context.image(dependent)
    if (!found.ok) return [{ code: 'image-missing', platform: labelOf(dependent) }]
    const { digest } = found.value.image
    const before = recorded[imageKey(dependent)]
    // Another reference of the layout than those that the stamp was written for.
    if (before === undefined) return [{ code: 'never-done' }]
    if (before !== digest) {
      return [{ code: 'manifest-changed', platform: labelOf(dependent), from: before, to: digest }]
    }
  }
  return []
}

/** Returns the requests whose declared sources have changed since they were built. */
export async function changedRequests(task: BitbakeTask, context: TaskContext): Promise<BitbakeRequest[]> {
  const changed: BitbakeRequest[] = []
  for (const request of task.requests) {
    const reasons = await reasonsFor(task, request, context)
    if (reasons.some(({ code }) => code === 'sources-changed')) changed.push(request)
  }
  return changed
}

function unreadableSource(problem: StateProblem): Reason {
  return problem.code === 'source-unreadable'
    ? { code: 'source-unreadable', file: problem.path, found: problem.found }
    : { code: 'never-done' }
}

/** `undefined` when the sources are not known: then nothing can be said. */
export async function fingerprintOf(
  task: BitbakeTask,
  request: BitbakeRequest,
  context: TaskContext,
): Promise<Result<Fingerprint | undefined, StateProblem>> {
  const sources = await sourcesOf(task, request, context)
  if (sources === undefined) return ok(undefined)
  if (!sources.ok) return sources
  for (const pattern of sources.value.empty) context.notice({ code: 'sources-match-nothing', pattern })
  return ok(
    fingerprint({
      'build.args': task.build.args,
      ...describeSetup(task.build, context),
      'build.command': task.build.command.map((word) => context.state.relative(word)),
      // Digests: the values may be secrets, which a stamp must not hold.
      'build.environment': Object.fromEntries(
        Object.entries(task.build.environment)
          .filter(([name]) => reachesImage(name))
          .map(([name, value]) => [name, shortDigest(sha256(value))]),
      ),
      environment: environmentOf(task.build, context),
      patterns: request.sources,
      sources: sources.value.digest,
    }),
  )
}

/** Absent inputs are none, so that what never had them stays fresh. */
function describeSetup({ init, kas }: Build, context: TaskContext): Inputs {
  return {
    ...(init === undefined
      ? {}
      : { 'build.init': [init.script, ...init.args].map((word) => context.state.relative(word)) }),
    ...(kas === undefined ? {} : { 'build.kas': kas.config }),
  }
}

async function sourcesOf(
  task: BitbakeTask,
  request: BitbakeRequest,
  context: TaskContext,
): Promise<Awaited<ReturnType<TaskContext['sources']>> | undefined> {
  return request.sources === null ? undefined : context.sources(task.root, request.sources)
}

/** With the files in place of the digest that stands for them, where both are known: so that they can be named. */
function compareSources(
  before: Fingerprint,
  now: Fingerprint,
  files: FileList | undefined,
  context: TaskContext,
): Reason[] {
  const digest = before.inputs['sources']
  const old = typeof digest === 'string' ? context.state.stamps.list(digest) : undefined
  if (old === undefined || files === undefined) return compareFingerprints(before, now)
  const named = ({ version, inputs }: Fingerprint, sources: FileList): Fingerprint => ({
    version,
    inputs: { ...inputs, sources },
  })
  return compareFingerprints(named(before, old), named(now, files))
}

export async function evidenceOf(task: BitbakeTask, context: TaskContext): Promise<string[]> {
  const files = new Set<string>()
  for (const request of task.requests) {
    const sources = await sourcesOf(task, request, context)
    if (sources?.ok === true) for (const file of sources.value.evidence) files.add(file)
    for (const dependent of dependents(task, request, context)) {
      const found = await context.image(dependent)
      if (found.ok) for (const file of found.value.evidence) files.add(file)
    }
  }
  return [...files]
}

/** Which image of a layout it is, whatever target or part of one takes it. */
function imageKey(task: DiscoverTask): string {
  return [labelOf(task), ...(task.reference === undefined ? [] : [task.reference])].join(' ')
}

function labelOf({ platform, platformKey }: DiscoverTask): string {
  return platform === undefined ? platformKey : formatPlatform(platform)
}

/** What is deployed right after the build; `undefined` when a layout is not there (its discover task says why). */
async function deployedManifests(
  task: BitbakeTask,
  request: BitbakeRequest,
  context: TaskContext,
): Promise<Record<string, string> | undefined> {
  const manifests: Record<string, string> = {}
  for (const dependent of dependents(task, request, context)) {
    const found = await context.image(dependent)
    if (!found.ok) return undefined
    manifests[imageKey(dependent)] = found.value.image.digest
  }
  return manifests
}
