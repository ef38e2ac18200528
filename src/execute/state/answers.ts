/**
 * What BitBake said about recipes, in this run or, from `.mab/answers/`, in an earlier one. A remembered answer holds
 * while its evidence (`answer-evidence.ts`) and the environment that BitBake's metadata may use are unchanged. No list of
 * evidence is complete, because metadata is Python: what BitBake builds anew is asked for anew.
 */
import path from 'node:path'
import type { Answer } from '../../bitbake/query/answer.js'
import { recipeArgument, type BitbakeTarget } from '../../bitbake/command.js'
import { sha256 } from '../../oci/digest.js'
import type { DiscoverTask } from '../../plan/task.js'
import type { Build } from '../../targets/target.js'
import { bitbakeVariables, reachesImage } from '../../util/environment.js'
import { exists } from '../../util/fs.js'
import { canonicalJson, isRecord } from '../../util/json.js'
import { firstChange, isPlaceRecord, recipePlaces, recordPlaces, type PlaceRecord } from './answer-evidence.js'
import { readJsonRecord, writeJsonRecord } from './json-file.js'

type Environment = Readonly<Record<string, string | undefined>>

interface Remembered {
  readonly environment: string
  /** Files and directories. */
  readonly files: Readonly<Record<string, PlaceRecord>>
  /** By `recipeArgument`. */
  readonly answers: Readonly<Record<string, Answer>>
}

export interface KnownAnswers {
  readonly answers: ReadonlyMap<string, Answer>
  /** The files and directories that they depend on. Absolute. */
  readonly files?: readonly string[]
  /** Why BitBake must be asked again; absent while the answers hold. */
  readonly outdated?: string
}

/** Version of the file's form. */
const format = 2

export class Answers {
  readonly #stateDirectory: string
  readonly #environment: Environment
  readonly #since: number
  /** By build directory. */
  readonly #recalled = new Map<string, KnownAnswers>()
  /** What counts in this run. By build directory, then by `recipeArgument`. */
  readonly #learnt = new Map<string, Map<string, Answer>>()
  /** What BitBake said in this run: `recipeArgument`s by build directory. */
  readonly #asked = new Map<string, Set<string>>()
  /** What was remembered when BitBake began to build, by build directory. */
  readonly #suspended = new Map<string, Remembered>()

  /**
   * @param environment mab's own
   * @param since when the run began, in ms since the epoch
   */
  constructor(stateDirectory: string, environment: Environment, since = Date.now()) {
    this.#stateDirectory = stateDirectory
    this.#environment = environment
    this.#since = since
  }

  /**
   * Returns the answer for finding the task's image: that of this run, or else the remembered one while it holds, or
   * where a BitBake task has found its sources unchanged.
   */
  of({ source, bitbake }: DiscoverTask): Answer | undefined {
    if (source.kind !== 'bitbake') return undefined
    const name = recipeArgument(source)
    const learnt = this.learnt(source.build).get(name)
    if (learnt !== undefined) return learnt
    const known = this.#recall(source.build)
    return bitbake !== undefined || known.outdated === undefined ? known.answers.get(name) : undefined
  }

  /** Returns the answer of this run, or else the remembered one while it holds. */
  current({ source }: DiscoverTask): Answer | undefined {
    if (source.kind !== 'bitbake') return undefined
    const name = recipeArgument(source)
    const learnt = this.learnt(source.build).get(name)
    if (learnt !== undefined) return learnt
    const known = this.#recall(source.build)
    return known.outdated === undefined ? known.answers.get(name) : undefined
  }

  /** Returns what the task's answer depends on. Where BitBake is not in the plan, the remembered answer must still hold. */
  evidenceOf({ source, bitbake }: DiscoverTask): readonly string[] {
    if (source.kind !== 'bitbake') return []
    const file = this.#file(source.build)
    return bitbake !== undefined ? [file] : [file, ...(this.#recalled.get(source.build.directory)?.files ?? [])]
  }

  /** To be called when files may have changed. */
  lookAgain(): void {
    this.#recalled.clear()
  }

  /** Returns the answers that count in this run. */
  learnt(build: Build): ReadonlyMap<string, Answer> {
    return this.#learnt.get(build.directory) ?? new Map()
  }

  /** Whether BitBake was asked for it in this run. @param name a `recipeArgument`; absent: for anything */
  wasAsked(build: Build, name?: string): boolean {
    const asked = this.#asked.get(build.directory)
    return asked !== undefined && (name === undefined || asked.has(name))
  }

  /** Returns what BitBake said when it was last asked. */
  recall(build: Build): KnownAnswers {
    const known = this.#read(build)
    if (known === undefined) return { answers: new Map(), outdated: 'not asked before' }
    const { environment, files, answers } = known
    const all = { answers: new Map(Object.entries(answers)), files: Object.keys(files) }
    if (environment !== this.#digest(build)) return { ...all, outdated: 'the environment changed' }
    const changed = firstChange(files, build)
    return changed === undefined ? all : { ...all, outdated: `${changed} changed` }
  }

  /** Lets these answers count in this run. */
  use(build: Build, answers: ReadonlyMap<string, Answer>): void {
    this.#learnt.set(build.directory, new Map(answers))
    this.#recalled.clear()
  }

  /**
   * Lets these answers count in this run, and remembers them for later ones, except those that depend on files which
   * cannot be watched from here (those of a container).
   * @param asked the `recipeArgument`s that BitBake was asked for just now
   */
  async learn(build: Build, answers: ReadonlyMap<string, Answer>, asked: Iterable<string>): Promise<void> {
    this.use(build, answers)
    this.#asked.set(build.directory, new Set([...(this.#asked.get(build.directory) ?? []), ...asked]))
    const places = new Set(setupFiles(build))
    const patterns = new Set<string>()
    const lasting: Record<string, Answer> = {}
    for (const [name, answer] of answers) {
      const { BBINCLUDED, BBFILES = '', FILE } = answer
      if (BBINCLUDED === undefined || FILE === undefined || !exists(FILE)) continue
      lasting[name] = answer
      for (const file of wordsOf(BBINCLUDED)) places.add(file)
      for (const pattern of wordsOf(BBFILES)) patterns.add(pattern)
    }
    for (const place of await recipePlaces([...patterns])) places.add(place)
    const files = recordPlaces(places, build, this.#since)
    this.#write(build, { environment: this.#digest(build), files, answers: lasting })
  }

  /**
   * To be called before BitBake builds: it may deploy to another place than the one that is remembered, and mab may be
   * killed before it can ask. What BitBake said in this run stays.
   */
  suspend(build: Build): void {
    const known = this.#read(build)
    if (known === undefined) return
    this.#suspended.set(build.directory, known)
    this.#write(
      build,
      withoutAnswers(known, (name) => !this.wasAsked(build, name)),
    )
  }

  /**
   * To be called after BitBake has built: what is remembered counts again, but not for what was rebuilt.
   * @param rebuilt those for which BitBake ran a task
   */
  resume(build: Build, rebuilt: readonly BitbakeTarget[]): void {
    const names = new Set(rebuilt.map(recipeArgument).filter((name) => !this.wasAsked(build, name)))
    const learnt = [...this.learnt(build)].filter(([name]) => !names.has(name))
    this.use(build, new Map(learnt))
    const known = this.#suspended.get(build.directory)
    if (known !== undefined)
      this.#write(
        build,
        withoutAnswers(known, (name) => names.has(name)),
      )
    this.#suspended.delete(build.directory)
  }

  /** The same until something may have changed. */
  #recall(build: Build): KnownAnswers {
    const known = this.#recalled.get(build.directory) ?? this.recall(build)
    this.#recalled.set(build.directory, known)
    return known
  }

  #read(build: Build): Remembered | undefined {
    const { format: form, environment, files, answers } = readJsonRecord(this.#file(build))
    const isWhole =
      form === format &&
      typeof environment === 'string' &&
      isRecordOf(files, isPlaceRecord) &&
      isRecordOf(answers, (answer) => isRecordOf(answer, (text) => typeof text === 'string'))
    return isWhole ? ({ environment, files, answers } as Remembered) : undefined
  }

  #write(build: Build, remembered: Remembered): void {
    writeJsonRecord(this.#file(build), { format, ...remembered })
  }

  #file(build: Build): string {
    const name = sha256(build.directory).slice('sha256:'.length, 'sha256:'.length + 16)
    return path.join(this.#stateDirectory, 'answers', `${name}.json`)
  }

  /** A digest, because values may be secrets, which the file must not hold. */
  #digest(build: Build): string {
    const inherited = bitbakeVariables(this.#environment, build.environment['BB_ENV_PASSTHROUGH_ADDITIONS'])
    const { directory, command, args, init, kas } = build
    const declared = Object.fromEntries(Object.entries(build.environment).filter(([name]) => reachesImage(name)))
    return sha256(canonicalJson({ directory, command, args, declared, init, kas, inherited }))
  }
}

function isRecordOf(value: unknown, is: (item: unknown) => boolean): boolean {
  return isRecord(value) && Object.values(value).every(is)
}

function withoutAnswers(remembered: Remembered, isLeftOut: (name: string) => boolean): Remembered {
  const answers = Object.entries(remembered.answers).filter(([name]) => !isLeftOut(name))
  return { ...remembered, answers: Object.fromEntries(answers) }
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '')
}

/** What makes BitBake's environment, but is not in its list. */
function setupFiles({ init, kas }: Build): string[] {
  const configs = kas === undefined ? [] : kas.config.split(':').map((file) => path.resolve(kas.cwd, file))
  return [...(init === undefined ? [] : [init.script]), ...configs]
}
