/**
 * Asking BitBake where recipes deploy and for what machine. All at once through BitBake's own library where that can be
 * found, else (wrappers, containers, extra arguments) by one `bitbake -e` after the other.
 */
import type { Build } from '../targets/target.js'
import { exists } from '../util/fs.js'
import type { BitbakeProblem } from '../util/bitbake-problem.js'
import { EnvironmentReader, queriedVariables, queryProgram, readAnswer, relocate, type Answer } from './answer.js'
import { runClient, type ClientCall } from './client.js'
import { recipeArgument, type BitbakeTarget } from './command.js'
import { judge, type Exited } from './judge.js'
import { openLog, silentLog } from './log.js'
import { prepareBuild } from './prepare.js'
import { serverGone, serverPid } from './server.js'
import { Transcript } from './transcript.js'

export interface QueryCall {
  readonly build: Build
  /** Their task does not matter. */
  readonly targets: readonly BitbakeTarget[]
  /** What mab itself runs in. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Must not exist; absent: nothing is logged. */
  readonly log?: string
  readonly stop: AbortSignal
  readonly stopNow: AbortSignal
}

export interface QueryResult {
  /** By `recipeArgument`; without those that BitBake gave no answer for. */
  readonly answers: ReadonlyMap<string, Answer>
  /** Why some are missing. */
  readonly problems: readonly BitbakeProblem[]
}

/** Starts no build and leaves no server that was not there. The build directory must be one. */
export async function queryBitbake(call: QueryCall): Promise<QueryResult> {
  const { build, targets, stop, stopNow } = call
  const before = await serverPid(build.directory)
  const prepared = await prepareBuild(build, call.environment, stop)
  if (!prepared.ok) return { answers: new Map(), problems: prepared.problems }
  const { bitbake, beside } = prepared.value
  const log = call.log === undefined ? silentLog : await openLog(call.log)
  const answers = new Map<string, Answer>()
  const problems: BitbakeProblem[] = []
  let last: Exited | undefined
  const ask = async (argv: readonly string[], onLine: ClientCall['onLine']): Promise<Exited | undefined> => {
    log.line(`# ${argv.join(' ')}`)
    const common = { argv, prepared: prepared.value, log, serverBefore: before, stop, stopNow }
    const { exit } = await runClient({ ...common, onLine })
    last = 'error' in exit ? undefined : exit
    return last
  }
  const add = (name: string, answer: Answer): void => {
    const elsewhere = answer.TOPDIR !== undefined && !exists(answer.TOPDIR)
    answers.set(name, elsewhere ? relocate(answer, build.directory) : answer)
  }

  const names = [...new Map(targets.map((target) => [recipeArgument(target), target]))]
  const words = [programOf(build), queriedVariables.join(' '), ...names.map(([name]) => name)]
  const atOnce = names.length > 1 ? beside(['python3', '-c', queryProgram, ...words]) : undefined
  if (atOnce !== undefined) {
    const found: (readonly [string, Answer])[] = []
    await ask(atOnce, (line) => {
      const answer = readAnswer(line)
      if (answer === undefined) log.line(line)
      else found.push(answer)
    })
    for (const [name, answer] of found) add(name, answer)
  }
  // What is left is asked the slow way, whose messages are those of a build.
  for (const [name, target] of names) {
    if (answers.has(name) || call.stop.aborted) continue
    const reader = new EnvironmentReader()
    const transcript = new Transcript()
    const exit = await ask(bitbake(['-e', name]), (line, stream) => {
      if (stream === 'stdout') reader.line(line)
      // Its output is the answer, unless it speaks of an error.
      if (stream === 'stderr' || /^(ERROR|WARNING|FATAL|NOTE): /.test(line)) log.line(line)
      transcript.line(line, stream)
    })
    transcript.end()
    const answer = reader.answer()
    if (exit?.code === 0 && answer !== undefined) add(name, answer)
    else if (exit !== undefined && exit.code !== 0) {
      const options = { exit, keepGoing: false, directory: build.directory, log: call.log ?? '', neededBy: () => [] }
      problems.push(...judge(transcript, [target], options).problems)
    }
  }
  await log.close()
  if (stop.aborted && last !== undefined) await serverGone(build.directory, before, last)
  return { answers, problems }
}

/** As BitBake is called within its set-up. */
function programOf({ kas, command }: Build): string {
  return kas === undefined ? command[0]! : 'bitbake'
}
