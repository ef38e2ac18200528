/** One build directory: its set-up, its BitBake, and whether BitBake knows all that is asked of it. */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import type { Answer } from '../bitbake/query/answer.js'
import { checkBuildDirectory } from '../bitbake/build-directory.js'
import { findCause } from '../bitbake/output/cause.js'
import { recipeArgument, type BitbakeTarget } from '../bitbake/command.js'
import { withMcdependsPlace } from '../bitbake/output/mcdepends.js'
import { prepareBuild, type PreparedBuild } from '../bitbake/process/prepare.js'
import { queryBitbake } from '../bitbake/query/query.js'
import { explainUnknownMulticonfigs, inUnknownMulticonfig } from '../bitbake/query/multiconfigs.js'
import { recipeOf } from '../bitbake/recipe.js'
import { cannotStart, runBitbake } from '../bitbake/process/run.js'
import { residentServer, serverAtWork } from '../bitbake/process/server.js'
import { taskKey, Transcript } from '../bitbake/output/transcript.js'
import type { BitbakeTask } from '../plan/task.js'
import { exists } from '../util/fs.js'
import type { BitbakeProblem, WantedImage } from '../problem/bitbake-problem.js'
import type { Finding } from './finding.js'

export interface BuildCheck {
  readonly task: BitbakeTask
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Where BitBake's output goes. */
  log(name: string): string
  readonly stop: AbortSignal
  readonly stopNow: AbortSignal
}

export interface CheckedBuild {
  readonly findings: readonly Finding[]
  /** What BitBake says, by `recipeArgument`. */
  readonly answers: ReadonlyMap<string, Answer>
  /** Of asking for them; absent when BitBake would build nothing. */
  readonly queryLog?: string
  /** What BitBake takes for built: it would not make these images again. */
  readonly current: readonly BitbakeTarget[]
}

export async function checkBuild(call: BuildCheck): Promise<CheckedBuild> {
  const { task, environment, stop, stopNow } = call
  const { build } = task
  const subject = task.id.slice('bitbake:'.length)
  const prepared = await prepareBuild(build, environment, stop)
  if (!prepared.ok) {
    const findings = prepared.problems.map((problem): Finding => ({
      check: 'set-up',
      status: 'failure',
      subject,
      problem,
    }))
    return { findings, ...none }
  }
  const unfit = await checkBuildDirectory(build)
  if (unfit !== undefined) {
    return { findings: [{ check: 'set-up', status: 'failure', subject, problem: unfit }], ...none }
  }
  const findings: Finding[] = [{ check: 'set-up', status: 'ok', subject, found: describeSetUp(prepared.value) }]
  findings.push(...checkVariables(subject, prepared.value), ...checkHost(subject, prepared.value))
  const atWork = await serverAtWork(build.directory)
  findings.push(await checkLock(subject, build.directory, atWork?.pid))
  const version = bitbakeVersion(prepared.value, call.log(`${subject}-version`))
  findings.push(
    version.ok
      ? checkVersion(subject, version.value)
      : { check: 'bitbake', status: 'failure', subject, problem: version.problems[0] },
  )
  // Behind another BitBake the questions would wait until it ends.
  if (!version.ok || atWork !== undefined) return { findings, ...none }

  const targets = task.requests
  const queryLog = call.log(`${subject}-query`)
  const neededBy = (target: BitbakeTarget): readonly WantedImage[] =>
    targets.find(({ multiconfig, recipe }) => multiconfig === target.multiconfig && recipe === target.recipe)
      ?.neededBy ?? []
  const asked = await queryBitbake({ prepared: prepared.value, targets, log: queryLog, stop, stopNow, neededBy })
  const { answers } = asked
  const failed = (problems: readonly BitbakeProblem[]): void => {
    for (const problem of problems) findings.push({ check: 'bitbake', status: 'failure', subject, problem })
  }
  if (asked.halted) {
    failed(asked.problems)
    return { ...none, findings }
  }
  const unknown = inUnknownMulticonfig(targets, answers)
  failed(explainUnknownMulticonfigs(unknown, answers, build.directory, neededBy))
  const known = targets.filter((target) => !unknown.includes(target))
  // A dry run of BitBake's: it resolves recipes and tasks, says which it would run, and runs none.
  const transcript = new Transcript()
  const ran = await runBitbake({
    prepared: prepared.value,
    dryRun: true,
    stop,
    stopNow,
    targets: known,
    keepGoing: true,
    log: call.log(`${subject}-dry-run`),
    wait: 0,
    onWait: () => {},
    onLine: (line) => transcript.line(line, 'stdout'),
    onProgress: () => {},
    neededBy,
  })
  const found = ran.ok ? ran.value.problems : ran.problems
  const problems = await Promise.all(found.map((problem) => withMcdependsPlace(problem, answers.values())))
  failed(problems)
  if (ran.ok && ran.value.accepted.length > 0) {
    const accepted = `\`build.acceptErrors\` accepts: ${ran.value.accepted.join('; ')}`
    findings.push({
      check: 'bitbake',
      status: 'warning',
      subject,
      found: accepted,
      fix: 'correct the errors if you can',
    })
  }
  if (problems.length > 0 || transcript.summary === undefined) return { ...none, findings, answers }
  return { findings, answers, queryLog, current: known.filter((target) => !wouldRun(transcript, target, answers)) }
}

const none = { answers: new Map<string, Answer>(), current: [] }

/** BitBake names the file's recipe, whatever of it was asked for; what the shared state has is a task of its own name. */
function wouldRun({ begun }: Transcript, target: BitbakeTarget, answers: ReadonlyMap<string, Answer>): boolean {
  const file = answers.get(recipeArgument(target))?.FILE
  return [target.recipe, ...(file === undefined ? [] : [recipeOf(file)])].some((recipe) =>
    [target.task, `${target.task}_setscene`].some((task) => begun.has(taskKey({ ...target, recipe, task }))),
  )
}

function describeSetUp({ build }: PreparedBuild): string {
  if (build.kas !== undefined) return `kas ${build.kas.config}`
  return build.init === undefined ? `${build.command.join(' ')} as it is` : `sourced ${build.init.script}`
}

function checkVariables(subject: string, { variables, withheld }: PreparedBuild): Finding[] {
  const findings: Finding[] = []
  if (variables['BBSERVER'] !== undefined) {
    const found = `BBSERVER is set (${variables['BBSERVER']}): BitBake looks for a server there`
    findings.push({ check: 'set-up', status: 'warning', subject, found, fix: 'unset BBSERVER' })
  }
  if (withheld.length > 0) {
    const found = `withheld from BitBake, which logs its environment: ${withheld.join(', ')}`
    findings.push({ check: 'set-up', status: 'ok', subject, found })
  }
  return findings
}

/** What BitBake cannot do without, and says only after a while. */
function checkHost(subject: string, { build, variables }: PreparedBuild): Finding[] {
  // Behind a wrapper it is another world that counts.
  if (build.kas !== undefined || build.command.length > 1) return []
  const findings: Finding[] = []
  const lacks = (found: string, fix: string): void => {
    findings.push({ check: 'host', status: 'failure', subject, found, fix })
  }
  const runs = (program: string, ...args: readonly string[]): string | undefined => {
    const { status, stdout } = spawnSync(program, args, { env: { ...variables }, encoding: 'utf8', timeout: 10_000 })
    return status === 0 ? stdout : undefined
  }
  if (runs('python3', '-c', 'import sys; sys.exit(sys.version_info < (3, 8))') === undefined) {
    lacks('python3 of at least 3.8 is not on PATH', 'install python3')
  }
  if (runs('zstd', '--version') === undefined) lacks('zstd is not on PATH: tasks fail', 'install zstd')
  const locales = runs('locale', '-a')
  if (locales !== undefined && !/^en_US\.utf-?8$/im.test(locales)) {
    lacks('the locale en_US.UTF-8 is not there', 'localedef -i en_US -f UTF-8 en_US.UTF-8 (package locales)')
  }
  try {
    fs.accessSync('/dev/shm', fs.constants.W_OK)
  } catch {
    lacks('/dev/shm is not writable', 'mount a tmpfs on /dev/shm that everybody may write to')
  }
  return findings.length > 0
    ? findings
    : [{ check: 'host', status: 'ok', subject, found: 'python3, zstd, en_US.UTF-8, /dev/shm' }]
}

async function checkLock(subject: string, directory: string, atWork: number | undefined): Promise<Finding> {
  const common = { check: 'lock', subject } as const
  if (atWork !== undefined) {
    const found = `another BitBake (process ${atWork}) is at work: what follows from its answers was not checked`
    return { ...common, status: 'warning', found, fix: 'wait for it, and run mab doctor again' }
  }
  const pid = await residentServer(directory)
  if (pid !== undefined) return { ...common, status: 'ok', found: `a resident BitBake server (process ${pid})` }
  const stale = exists(path.join(directory, 'bitbake.lock'))
  return { ...common, status: 'ok', found: stale ? 'free; an old bitbake.lock lies there, which does no harm' : 'free' }
}

/** @param log must not exist: what BitBake said when it did not start */
function bitbakeVersion(
  { bitbake, build, cwd, variables }: PreparedBuild,
  log: string,
): { ok: true; value: string } | { ok: false; problems: readonly [BitbakeProblem] } {
  const [program, ...args] = bitbake(['--version'])
  // kas may fetch its repositories first.
  const timeout = build.kas === undefined ? 60_000 : 1_800_000
  const ran = spawnSync(program!, args, { cwd, env: { ...variables }, encoding: 'utf8', timeout })
  if (ran.status === 0) {
    return { ok: true, value: /version (\d[\w.]*)/.exec(ran.stdout)?.[1] ?? 'of an unknown version' }
  }
  if (ran.error !== undefined && ran.signal === null) return { ok: false, problems: [cannotStart(program!, ran.error)] }
  const said = ran.stdout + ran.stderr
  fs.mkdirSync(path.dirname(log), { recursive: true })
  fs.writeFileSync(log, `# ${[program, ...args].join(' ')}\n${said}`)
  const exit = ran.signal === null ? `exit code ${ran.status}` : `signal ${ran.signal}`
  const errors = said.trim().split('\n').slice(-shownLines)
  const cause = findCause([said])
  return {
    ok: false,
    problems: [{ code: 'bitbake-failed', exit, errors, images: [], ...(cause === undefined ? {} : { cause }), log }],
  }
}

/** Of a BitBake that does not start. */
const shownLines = 5

function checkVersion(subject: string, version: string): Finding {
  const major = Number(/^\d+/.exec(version)?.[0] ?? 2)
  return major >= 2
    ? { check: 'bitbake', status: 'ok', subject, found: version }
    : {
        check: 'bitbake',
        status: 'warning',
        subject,
        found: `${version}: mab is tested with 2.0 (kirkstone) and later`,
        fix: 'use BitBake 2.0 or later',
      }
}
