/**
 * What BitBake said, of this run or, in `.mab/answers/`, of the last one. An answer holds while the files that BitBake
 * read or looked for in vain, and the environment that its metadata may depend on, are the same.
 */
import fs from 'node:fs'
import path from 'node:path'
import type { Answer } from '../bitbake/answer.js'
import { recipeArgument } from '../bitbake/command.js'
import { sha256 } from '../oci/digest.js'
import type { DiscoverTask } from '../plan/task.js'
import type { Build } from '../targets/target.js'
import { exists, fileIdentity, replaceFile, sameIdentity, statIfThere } from '../util/fs.js'
import { bitbakeVariables } from '../util/environment.js'
import { canonicalJson } from '../util/json.js'
import { readJsonRecord } from './json-file.js'

type Environment = Readonly<Record<string, string | undefined>>

/** `null`: nothing is there, and BitBake looked. */
type FileRecord = readonly [identity: string, digest: string] | null

interface Remembered {
  readonly environment: string
  readonly files: Readonly<Record<string, FileRecord>>
  /** By `recipeArgument`. */
  readonly answers: Readonly<Record<string, Answer>>
}

export interface KnownAnswers {
  readonly answers: ReadonlyMap<string, Answer>
  /** All that they hang on. Absolute. */
  readonly files?: readonly string[]
  /** Why BitBake must be asked again; absent while the answers hold. */
  readonly outdated?: string
}

/** Version of the file's form. */
const format = 1

export class Answers {
  readonly #stateDirectory: string
  readonly #environment: Environment
  /** By build directory. */
  readonly #recalled = new Map<string, KnownAnswers>()
  /** By build directory, then by `recipeArgument`. */
  readonly #learnt = new Map<string, Map<string, Answer>>()

  /** @param environment mab's own */
  constructor(stateDirectory: string, environment: Environment) {
    this.#stateDirectory = stateDirectory
    this.#environment = environment
  }

  /**
   * For finding the task's image: what BitBake said in this run. Else what it said last: while that holds, or where a
   * BitBake task has found its sources unchanged.
   */
  of({ source, dependsOn }: DiscoverTask): Answer | undefined {
    if (source.kind !== 'bitbake') return undefined
    const name = recipeArgument(source)
    const learnt = this.learnt(source.build).get(name)
    if (learnt !== undefined) return learnt
    const known = this.#recall(source.build)
    return dependsOn.length > 0 || known.outdated === undefined ? known.answers.get(name) : undefined
  }

  /** What BitBake said in this run, or says still: what it said last may have been changed since. */
  current({ source }: DiscoverTask): Answer | undefined {
    if (source.kind !== 'bitbake') return undefined
    const name = recipeArgument(source)
    const learnt = this.learnt(source.build).get(name)
    if (learnt !== undefined) return learnt
    const known = this.#recall(source.build)
    return known.outdated === undefined ? known.answers.get(name) : undefined
  }

  /** Files that the answer for the task hangs on. Where BitBake is not in the plan, its last answer must still hold. */
  evidenceOf({ source, dependsOn }: DiscoverTask): readonly string[] {
    if (source.kind !== 'bitbake') return []
    const file = this.#file(source.build)
    return dependsOn.length > 0 ? [file] : [file, ...(this.#recalled.get(source.build.directory)?.files ?? [])]
  }

  /** Files may have changed. */
  lookAgain(): void {
    this.#recalled.clear()
  }

  /** What BitBake said in this run. */
  learnt(build: Build): ReadonlyMap<string, Answer> {
    return this.#learnt.get(build.directory) ?? new Map()
  }

  /** What it said when it was last asked. */
  recall(build: Build): KnownAnswers {
    const known = readJsonRecord(this.#file(build)) as Partial<Remembered> & { readonly format?: number }
    const { environment, files, answers } = known
    if (known.format !== format || environment === undefined || files === undefined || answers === undefined) {
      return { answers: new Map(), outdated: 'not asked before' }
    }
    const found = new Map(Object.entries(answers))
    const all = { answers: found, files: Object.keys(files) }
    if (environment !== this.#digest(build)) return { ...all, outdated: 'the environment changed' }
    const changed = firstChange(files, build)
    return changed === undefined ? all : { ...all, outdated: `${changed} changed` }
  }

  /** Keeps them for this run, and for the next but for what cannot be watched from here: files of a container. */
  learn(build: Build, answers: ReadonlyMap<string, Answer>): void {
    this.#learnt.set(build.directory, new Map(answers))
    this.#recalled.clear()
    const files: Record<string, FileRecord> = {}
    const lasting: Record<string, Answer> = {}
    for (const [name, answer] of answers) {
      const { BBINCLUDED: included, FILE: recipe } = answer
      if (included === undefined || recipe === undefined || !exists(recipe)) continue
      lasting[name] = answer
      for (const file of included.split(/\s+/)) if (file !== '') files[file] = null
    }
    for (const file of setupFiles(build)) files[file] = null
    for (const file of Object.keys(files)) files[file] = recordOf(file, build)
    const remembered: Remembered = { environment: this.#digest(build), files, answers: lasting }
    replaceFile(this.#file(build), JSON.stringify({ format, ...remembered }))
  }

  /** The same until something may have changed. */
  #recall(build: Build): KnownAnswers {
    const known = this.#recalled.get(build.directory) ?? this.recall(build)
    this.#recalled.set(build.directory, known)
    return known
  }

  #file(build: Build): string {
    const name = sha256(build.directory).slice('sha256:'.length, 'sha256:'.length + 16)
    return path.join(this.#stateDirectory, 'answers', `${name}.json`)
  }

  /** Values may be secrets, which the file must not hold. */
  #digest(build: Build): string {
    const inherited = bitbakeVariables(this.#environment, build.environment['BB_ENV_PASSTHROUGH_ADDITIONS'])
    const { directory, command, args, environment: declared, init, kas } = build
    return sha256(canonicalJson({ directory, command, args, declared, init, kas, inherited }))
  }
}

/** What makes BitBake's environment, but is not in its list. */
function setupFiles({ init, kas }: Build): string[] {
  const configs = kas === undefined ? [] : kas.config.split(':').map((file) => path.resolve(kas.cwd, file))
  return [...(init === undefined ? [] : [init.script]), ...configs]
}

function recordOf(file: string, build: Build): FileRecord {
  const stat = statIfThere(file)
  if (stat?.isFile() !== true) return null
  return [fileIdentity(stat), sha256(contentOf(file, build))]
}

/** Told by identity first, and by content when that differs: kas writes local.conf anew at each call. */
function firstChange(files: Readonly<Record<string, FileRecord>>, build: Build): string | undefined {
  return Object.entries(files).find(([file, before]) => {
    const stat = statIfThere(file)
    const there = stat?.isFile() === true
    if (before === null || !there) return there !== (before !== null)
    return !sameIdentity(before[0], fileIdentity(stat)) && sha256(contentOf(file, build)) !== before[1]
  })?.[0]
}

/**
 * kas may write the multiconfigs of its targets in the order of a Python set, another one at each call. BitBake takes
 * the variable as a set too: the order says only which it parses first, and no multiconfig sees the others.
 */
function contentOf(file: string, { directory, kas }: Build): Buffer | string {
  const content = fs.readFileSync(file)
  if (kas === undefined || file !== path.join(directory, 'conf', 'local.conf')) return content
  const sorted = (_: string, names: string): string => `BBMULTICONFIG ?= "${names.split(' ').toSorted().join(' ')}"`
  return content.toString('latin1').replaceAll(/^BBMULTICONFIG \?= "([^"\n]*)"$/gm, sorted)
}
