/**
 * Asking BitBake where recipes deploy and for what machine. All at once through BitBake's own library where that can be
 * found, else (wrappers, containers, extra arguments) by one `bitbake -e` after the other.
 */
import type { Build } from '../../targets/target.js'
import { exists } from '../../util/fs.js'
import type { BitbakeProblem, WantedImage } from '../../problem/bitbake-problem.js'
import { EnvironmentReader, queriedVariables, queryProgram, readAnswer, relocate, type Answer } from './answer.js'
import { runClient, type ClientCall } from '../process/client.js'
import { recipeArgument, type BitbakeTarget } from '../command.js'
import { judge, unacceptedErrors, type Exited } from '../output/judge.js'
import { explainUnknownMulticonfigs, inUnknownMulticonfig } from './multiconfigs.js'
import { openLog, silentLog } from '../process/log.js'
import type { PreparedBuild } from '../process/prepare.js'
import { readParsed, type Parsed } from './tinfoil.js'
import { Transcript } from '../output/transcript.js'

export interface QueryCall {
  readonly prepared: PreparedBuild
  /** Their task does not matter. */
  readonly targets: readonly BitbakeTarget[]
  /** Must not exist; absent: nothing is logged. */
  readonly log?: string
  readonly stop: AbortSignal
  readonly stopNow: AbortSignal
  /** In twenty steps, where BitBake can be asked for all at once. */
  onParsed?(parsed: Parsed): void
  /** For the problems; absent: they name no images. */
  neededBy?(target: BitbakeTarget): readonly WantedImage[]
}

export interface QueryResult {
  /** By `recipeArgument`; without those that BitBake gave no answer for. */
  readonly answers: ReadonlyMap<string, Answer>
  /** Why some are missing. */
  readonly problems: readonly BitbakeProblem[]
  /** BitBake cannot parse: it would build nothing either, and take as long to say so. */
  readonly halted: boolean
}

/** Starts no build and leaves no server that was not there. The build directory must be one. */
export async function queryBitbake(call: QueryCall): Promise<QueryResult> {
  const { prepared, targets, stop, stopNow } = call
  const { bitbake, beside, build } = prepared
  const log = call.log === undefined ? silentLog : await openLog(call.log)
  const answers = new Map<string, Answer>()
  const problems: BitbakeProblem[] = []
  const ask = async (
    argv: readonly string[],
    words: readonly string[],
    onLine: ClientCall['onLine'],
  ): Promise<Exited | undefined> => {
    log.line(`# ${argv.join(' ')}`)
    const { exit } = await runClient({ argv, words, prepared, log, stop, stopNow, onLine })
    return 'error' in exit ? undefined : exit
  }
  const add = (name: string, answer: Answer): void => {
    const elsewhere = answer.TOPDIR !== undefined && !exists(answer.TOPDIR)
    answers.set(name, elsewhere ? relocate(answer, build.directory) : answer)
  }

  let halted = false
  const explain = (transcript: Transcript, exit: Exited, asked: readonly BitbakeTarget[]): void => {
    const { neededBy = () => [] } = call
    const { directory, acceptErrors } = build
    const options = { exit, keepGoing: false, directory, acceptErrors, log: log.file, neededBy }
    problems.push(...judge(transcript, transcript.halted ? targets : asked, options).problems)
    halted ||= transcript.halted
  }

  const names = [...new Map(targets.map((target) => [recipeArgument(target), target]))]
  const words = [programOf(build), queriedVariables.join(' '), ...names.map(([name]) => name)]
  const atOnce = beside(['python3', '-c', queryProgram, ...words])
  let refused = false
  if (atOnce !== undefined) {
    const transcript = new Transcript()
    const exit = await ask(atOnce, words, (line, stream) => {
      const answer = readAnswer(line)
      const parsed = readParsed(line)
      if (answer !== undefined) add(...answer)
      else if (parsed !== undefined) call.onParsed?.(parsed)
      else {
        log.line(line)
        transcript.line(line, stream)
      }
    })
    transcript.end()
    // BitBake's own errors: it would say them for each one.
    refused = exit !== undefined && exit.code !== 0 && unacceptedErrors(transcript, build.acceptErrors).length > 0
    if (refused) explain(transcript, exit!, targets)
  }
  const unknown: BitbakeTarget[] = []
  // What is left is asked the slow way, whose messages are those of a build.
  for (const [name, target] of refused ? [] : names) {
    if (answers.has(name) || halted || call.stop.aborted) continue
    if (inUnknownMulticonfig([target], answers).length > 0) {
      unknown.push(target)
      continue
    }
    const reader = new EnvironmentReader()
    const transcript = new Transcript()
    const exit = await ask(bitbake(['-e', name]), [...build.args, '-e', name], (line, stream) => {
      if (stream === 'stdout') reader.line(line)
      // Its output is the answer, unless it speaks of an error.
      if (stream === 'stderr' || /^(ERROR|WARNING|FATAL|NOTE): /.test(line)) log.line(line)
      transcript.line(line, stream)
    })
    transcript.end()
    const answer = reader.answer()
    if (exit?.code === 0 && answer !== undefined) add(name, answer)
    else if (exit !== undefined && exit.code !== 0) explain(transcript, exit, [target])
  }
  problems.push(...explainUnknownMulticonfigs(unknown, answers, build.directory, call.neededBy ?? (() => [])))
  await log.close()
  return { answers, problems, halted }
}

/** As BitBake is called within its set-up. */
function programOf({ kas, command }: Build): string {
  return kas === undefined ? command[0]! : 'bitbake'
}
