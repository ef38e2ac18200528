/** A build directory whose BitBake is fake-bitbake.mjs, doing what a scenario says. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Build } from '../../src/targets/target.js'
import { temporaryDirectory } from './temp.js'

/** Without any of it: every target is built, and nothing deployed. Multiconfigs are named by their names. */
export interface Scenario {
  /** Multiconfigs that BitBake does not know. */
  readonly unknown?: readonly string[]
  /** Whose do_rootfs fails. */
  readonly fails?: readonly string[]
  readonly upToDate?: readonly string[]
  /** Given up without a word, as BitBake does with -k when something that a target needs is missing. */
  readonly drops?: readonly string[]
  /** Whose do_rootfs ends only when it is interrupted. */
  readonly hangs?: string
  /** The number of interrupts that end it: 1. */
  readonly interrupts?: number
  /** By multiconfig: what to copy where, relative to the build directory. */
  readonly deploys?: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** By multiconfig: variables that `-e` says otherwise; `null` for one that is not set. */
  readonly answers?: Readonly<Record<string, Readonly<Record<string, string | null>>>>
  /** `-e` ends with exit code 1. */
  readonly silent?: boolean
  readonly noSummary?: boolean
  /** ms until it says or hears anything: an interrupt kills it meanwhile. */
  readonly starts?: number
  /** ms that a server lives, which holds the build directory's lock. */
  readonly serverOutlives?: number
  /** ms that the server lives after it has released the lock. */
  readonly serverLingers?: number
  /** The server has a worker, and that a task, which hold out as long as it does; it does not heed SIGTERM. */
  readonly serverHangs?: boolean
  /** A server holds the lock until the task hangs, and is killed then. */
  readonly serverDies?: boolean
  /** To print first, on stdout. */
  readonly lines?: readonly string[]
  /** To print a recording instead, without the ending of its name: test/transcripts/2.19/no-op. */
  readonly transcript?: string
  /** In place of what follows from the rest. */
  readonly exit?: number
  /** What called it is killed after everything is deployed. */
  readonly kills?: boolean
  /** The signal to die of in the end. */
  readonly dies?: string
}

export interface FakeBitbake {
  readonly build: Build
  /** What BitBake is to be called with. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** To be done from the next call on. */
  script(scenario: Scenario): void
  /** What it saw: an entry for each call (`asked` for a query), each signal, and when it hangs. */
  seen(): readonly {
    readonly argv?: string[]
    /** The target of an `-e`. */
    readonly asked?: string
    readonly pid?: number
    readonly signal?: string
    readonly hanging?: true
  }[]
  /** The environment of the last call. */
  seenEnvironment(): Readonly<Record<string, string>>
}

export function fakeBitbake(scenario: Scenario = {}, build: Partial<Build> = {}): FakeBitbake {
  const place = temporaryDirectory()
  const [file, record, environment] = ['scenario.json', 'record', 'environment.json'].map((name) =>
    path.join(place, name),
  ) as [string, string, string]
  const directory = path.join(place, 'build')
  mkdirSync(path.join(directory, 'conf'), { recursive: true })
  writeFileSync(path.join(directory, 'conf', 'bblayers.conf'), '')
  const script = (next: Scenario): void => {
    const transcript = next.transcript === undefined ? {} : { transcript: path.resolve(next.transcript) }
    writeFileSync(file, JSON.stringify({ ...next, ...transcript, record, environment }))
  }
  script(scenario)
  return {
    build: {
      directory,
      command: [process.execPath, path.resolve('test/rig/fake-bitbake.mjs')],
      args: [],
      environment: {},
      ...build,
    },
    environment: { PATH: process.env['PATH'], FAKE_BITBAKE: file },
    script,
    seen: () => {
      const lines = existsSync(record) ? readFileSync(record, 'utf8').split('\n') : []
      return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as ReturnType<FakeBitbake['seen']>[0])
    },
    seenEnvironment: () => JSON.parse(readFileSync(environment, 'utf8')) as Record<string, string>,
  }
}
