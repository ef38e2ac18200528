/**
 * Asking BitBake where recipes deploy and for what machine. All at once through BitBake's own library where that can be
 * found, else (wrappers, containers, extra arguments) by one `bitbake -e` after the other.
 */
import { spawn } from 'node:child_process'
import { promises as fs } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Build } from '../targets/target.js'
import { errorCode, exists } from '../util/fs.js'
import type { BitbakeProblem } from '../util/problem.js'
import { EnvironmentReader, queriedVariables, queryProgram, readAnswer, relocate, type Answer } from './answer.js'
import { recipeArgument, type BitbakeTarget } from './command.js'
import { judge, type Exited } from './judge.js'
import { prepareBuild } from './prepare.js'
import { serverGone, serverPid } from './server.js'
import { Transcript } from './transcript.js'

export interface QueryCall {
  readonly build: Build
  /** Their task does not matter. */
  readonly targets: readonly BitbakeTarget[]
  /** What mab itself runs in. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly log?: string
  readonly stop: AbortSignal
}

export interface QueryResult {
  /** By `recipeArgument`; without those that BitBake gave no answer for. */
  readonly answers: ReadonlyMap<string, Answer>
  /** Why some are missing. */
  readonly problems: readonly BitbakeProblem[]
}

/** Starts no build and leaves no server that was not there. The build directory must be one. */
export async function queryBitbake(call: QueryCall): Promise<QueryResult> {
  const { build, targets, log } = call
  const before = await serverPid(build.directory)
  const prepared = await prepareBuild(build, call.environment)
  if (!prepared.ok) return { answers: new Map(), problems: prepared.problems }
  const { cwd, variables, bitbake, beside } = prepared.value
  const answers = new Map<string, Answer>()
  const problems: BitbakeProblem[] = []
  const said: string[] = []
  const ask = (argv: readonly string[], onLine: OnLine): Promise<Exited | undefined> => {
    said.push(`# ${argv.join(' ')}`)
    return read(argv, cwd, variables, call.stop, onLine)
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
      if (answer === undefined) said.push(line)
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
      if (stream === 'stderr' || /^(ERROR|WARNING|FATAL|NOTE): /.test(line)) said.push(line)
      transcript.line(line, stream)
    })
    transcript.end()
    const answer = reader.answer()
    if (exit?.code === 0 && answer !== undefined) add(name, answer)
    else if (exit !== undefined && exit.code !== 0) {
      const options = { exit, keepGoing: false, directory: build.directory, log: log ?? '', neededBy: () => [] }
      problems.push(...judge(transcript, [target], options).problems)
    }
  }
  if (log !== undefined) {
    await fs.mkdir(path.dirname(log), { recursive: true })
    await fs.appendFile(log, `${said.join('\n')}\n`)
  }
  if (call.stop.aborted) await serverGone(build.directory, before, { code: null, signal: 'SIGINT' })
  return { answers, problems }
}

/** As BitBake is called within its set-up. */
function programOf({ kas, command }: Build): string {
  return kas === undefined ? command[0]! : 'bitbake'
}

type OnLine = (line: string, stream: 'stdout' | 'stderr') => void

/** @returns how it ended; `undefined` when it could not be started. */
function read(
  argv: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
  stop: AbortSignal,
  onLine: OnLine,
): Promise<Exited | undefined> {
  return new Promise((resolve) => {
    const child = spawn(argv[0]!, argv.slice(1), { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of ['stdout', 'stderr'] as const) {
      createInterface({ input: child[stream], crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => {
        onLine(line, stream)
      })
    }
    const interrupt = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGINT')
      } catch (error) {
        if (errorCode(error) !== 'ESRCH' && errorCode(error) !== 'EPERM') throw error
      }
    }
    stop.addEventListener('abort', interrupt)
    const end = (exit: Exited | undefined): void => {
      stop.removeEventListener('abort', interrupt)
      resolve(exit)
    }
    child.once('error', () => end(undefined))
    child.once('close', (code, signal) => end({ code, signal }))
  })
}
