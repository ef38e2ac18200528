/** What test/transcripts holds, fed to the code under test. */
import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import type { BitbakeTarget } from '../../src/bitbake/command.js'
import { judge, type Judgement } from '../../src/bitbake/output/judge.js'
import { ProgressReader, type Progress } from '../../src/bitbake/output/progress.js'
import { Transcript } from '../../src/bitbake/output/transcript.js'

const directory = 'test/transcripts'
type Stream = 'stdout' | 'stderr'

export const versions = readdirSync(directory).filter((name) => /^\d/.test(name))
export const cases = [...new Set(versions.flatMap(casesOf))].toSorted()

export function casesOf(version: string): string[] {
  return readdirSync(path.join(directory, version)).flatMap((name) => /^(.*)\.json$/.exec(name)?.[1] ?? [])
}

export interface Recording {
  readonly version: string
  readonly argv: readonly string[]
  readonly exit: { readonly code: number | null; readonly signal: string | null }
  readonly targets: readonly BitbakeTarget[]
  readonly keepGoing: boolean
  text(stream: Stream): string
}

export function recording(version: string, name: string): Recording {
  const text = (ending: string): string => readFileSync(path.join(directory, version, `${name}.${ending}`), 'utf8')
  const { argv, code, signal } = JSON.parse(text('json')) as { argv: string[]; code: number | null; signal: null }
  const targets = argv.flatMap((argument) => {
    const match = /^(?:mc:([^:]*):)?([^:]+):do_(\w+)$/.exec(argument)
    return match === null ? [] : [{ multiconfig: match[1] ?? '', recipe: match[2]!, task: match[3]! }]
  })
  return { version, argv, exit: { code, signal }, targets, keepGoing: argv.includes('-k'), text }
}

/** Two pipes have no order: whatever is read first, the meaning must be the same. */
export const orders: readonly (readonly Stream[])[] = [
  ['stdout', 'stderr'],
  ['stderr', 'stdout'],
]

export function read(recorded: Recording, order: readonly Stream[] = orders[0]!): [Transcript, Progress[]] {
  const transcript = new Transcript()
  const reader = new ProgressReader(() => 0)
  const progress = order.flatMap((stream) =>
    recorded
      .text(stream)
      .split('\n')
      .flatMap((line) => {
        transcript.line(line, stream)
        return reader.line(line) ?? []
      }),
  )
  transcript.end()
  return [transcript, progress]
}

export function judged(
  recorded: Recording,
  order?: readonly Stream[],
  change: Partial<Recording> & { readonly acceptErrors?: readonly string[] } = {},
): Judgement {
  const { acceptErrors, exit, keepGoing, targets } = { acceptErrors: undefined, ...recorded, ...change }
  return judge(read(recorded, order)[0], targets, {
    exit,
    keepGoing,
    acceptErrors,
    directory: '/work-dir/build',
    log: '/log',
    neededBy: ({ multiconfig }) => [{ target: 'hello', platform: multiconfig }],
  })
}

/** Calls `check` for the case as every version recorded it, in both orders. */
export function everywhere(name: string, check: (recorded: Recording, order: readonly Stream[]) => void): void {
  for (const version of versions) {
    for (const order of orders) {
      try {
        check(recording(version, name), order)
      } catch (error) {
        if (error instanceof Error) error.message = `BitBake ${version}, ${order[0]} first: ${error.message}`
        throw error
      }
    }
  }
}
