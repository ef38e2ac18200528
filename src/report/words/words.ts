/** The wording of every problem: what was expected, found, where, and what next. */
import { unreachable, type Problem } from '../../problem/problem.js'
import { stateDirectoryName } from '../../util/project.js'
import { quote } from '../../util/shell.js'
import { wordBitbakeProblem } from './bitbake-words.js'
import { wordDiscoverProblem } from './discover-words.js'
import { wordLayoutProblem } from './layout-words.js'
import { nextForLock, wordLock } from './lock-words.js'
import { commandFor, type Show, type Wording } from './wording.js'

/** @param config as the option `--config` named it */
export function wordProblem(problem: Problem, show: Show, config?: string): Wording {
  switch (problem.code) {
    case 'usage': {
      const details = problem.suggestion === undefined ? [] : [`did you mean ${problem.suggestion}?`]
      const help = problem.command === undefined ? 'mab --help' : `mab ${problem.command} --help`
      return { headline: problem.message, details, next: help }
    }
    case 'config-not-found':
      return {
        headline: `no config in ${problem.directory} or above`,
        details: [`looked for ${problem.names.join(', ')}`],
        next: "'mab init' writes one for what is there, or name yours with '--config FILE'",
      }
    case 'config-exists':
      return {
        headline: `${show(problem.file)} is there already`,
        details: [],
        next: 'edit it, or let --force replace it',
      }
    case 'config-ambiguous':
      return {
        headline: 'several configs in one directory',
        details: [`directory: ${show(problem.directory)}`, `found: ${problem.found.join(', ')}`],
        next: "remove all but one, or say which with '--config FILE'",
      }
    case 'config-unreadable':
      return {
        headline: `cannot read the config ${show(problem.file)}`,
        details: [`found: ${problem.found}`],
        next: nextForConfig(problem, quote(show(problem.file))),
      }
    case 'compiler-unusable':
      return {
        headline: `cannot compile the config ${show(problem.file)}: esbuild cannot be run`,
        details: [...(problem.program === undefined ? [] : [`program: ${problem.program}`]), `found: ${problem.found}`],
        next: problem.chosen
          ? 'correct ESBUILD_BINARY_PATH, or unset it'
          : 'install mab again with its optional dependencies (npm install --include=optional), or write the config as .json or .yaml',
      }
    case 'config-broken': {
      const line =
        problem.line === undefined ? '' : `:${problem.line}${problem.column === undefined ? '' : `:${problem.column}`}`
      return {
        headline: `${show(problem.file)}${line}: ${problem.message}`,
        details: problem.frame === undefined ? [] : problem.frame.split('\n'),
      }
    }
    case 'config-invalid': {
      const hint = problem.suggestion === undefined ? '' : `; did you mean "${problem.suggestion}"?`
      return { headline: `${show(problem.file)}: ${configPath(problem.path)}: ${problem.message}${hint}`, details: [] }
    }
    case 'unknown-target':
      return { ...unknownName('target', problem), next: commandFor('list', config) }
    case 'unknown-platform':
      return { ...unknownName('platform', problem), next: commandFor('list', config) }
    case 'platform-not-in-target':
      return {
        headline: `target ${problem.target} has no platform ${problem.name}`,
        details: [`it has ${problem.known.join(', ')}`],
        next: commandFor('list', config),
      }
    case 'nothing-selected':
      return { headline: `nothing to do: ${problem.reason}`, details: [], next: commandFor('list', config) }
    case 'locked':
      return {
        headline: wordLock(problem, show),
        details: [`lock: ${show(problem.file)}`],
        next: nextForLock(problem, show),
      }
    case 'timed-out':
      return {
        headline: `the run did not end in ${problem.limit} (--timeout)`,
        details: ['what was running has been stopped; images in place are unchanged'],
        next: problem.failed
          ? 'correct the failure first, then run again: what has succeeded is not built again'
          : 'run again with more time: what has succeeded is not built again; --progress plain shows what takes long',
      }
    case 'state-not-a-directory':
      return {
        headline: `${show(problem.path)} is no directory`,
        details: [
          'expected: nothing there, or the directory in which mab keeps what it remembers of the project',
          `found: ${problem.found}`,
        ],
        next: 'move or remove it, and run again: mab makes the directory itself',
      }
    case 'file-system':
      return {
        headline: `${problem.operation}${problem.path === '' ? '' : ` ${show(problem.path)}`}: ${problem.found}`,
        details:
          problem.owner === undefined ? [] : [`${show(problem.owner.place)} belongs to the user ${problem.owner.uid}`],
        next: nextForFile(problem, show),
      }
    case 'output-not-ours':
      return {
        headline: `${show(problem.directory)} is not an image that mab may replace`,
        details: [
          'expected: nothing there, or index.json, oci-layout and blobs alone',
          `found: ${problem.found.slice(0, 8).join(', ')}`,
        ],
        next: 'move or remove those files, or write to another place (`output.directory`; mab merge: -o)',
      }
    case 'archive-not-ours':
      return {
        headline: `${show(problem.file)} is not an archive that mab may replace`,
        details: ['expected: nothing there, or an archive that mab wrote', `found: ${problem.found}`],
        next: 'move or remove it, or write to another file (`output.archive`; mab merge: --archive)',
      }
    case 'output-is-source':
      return {
        headline: `${show(problem.directory)} cannot be the output: the image is made from ${show(problem.source)}`,
        details: ['expected: two places, neither inside the other'],
        next: 'write to another place',
      }
    case 'source-unreadable':
      return {
        headline: `cannot read the source ${problem.path} (pattern "${problem.pattern}")`,
        details: [`found: ${problem.found}`],
        next: `make it readable, or exclude it from the target's \`sources\` with "!${problem.path}"`,
      }
    case 'not-a-build-directory':
    case 'init-failed':
    case 'build-directory-name':
    case 'build-directory-not-writable':
    case 'build-directory-busy':
    case 'command-not-found':
    case 'unknown-multiconfig':
    case 'unknown-recipe':
    case 'unknown-dependency':
    case 'unknown-task':
    case 'bitbake-task-failed':
    case 'bitbake-failed':
    case 'bitbake-incomplete':
      return wordBitbakeProblem(problem, show)
    case 'layout-not-found':
    case 'image-shared':
    case 'no-oci-type':
    case 'layout-outdated':
    case 'layout-ambiguous':
    case 'platform-disagrees':
    case 'platform-refused':
    case 'platform-unknown':
      return wordDiscoverProblem(problem, show)
    case 'layout-unreadable':
    case 'layout-version':
    case 'document-malformed':
    case 'document-ambiguous':
    case 'document-too-large':
    case 'digest-invalid':
    case 'digest-unsupported':
    case 'blob-missing':
    case 'blob-unreadable':
    case 'blob-size':
    case 'blob-digest':
    case 'blob-data':
    case 'media-type':
    case 'manifests-empty':
    case 'not-an-image':
    case 'layers-empty':
    case 'layer-count':
    case 'layer-compression':
    case 'layer-diff-id':
    case 'layer-malformed':
    case 'layer-too-large':
    case 'layer-entry-escapes':
    case 'layer-entry-refused':
    case 'layer-entry-repeated':
    case 'layer-entry-unportable':
    case 'file-platform':
    case 'blob-unreferenced':
    case 'file-unknown':
    case 'platform-unstated':
    case 'platform-incomplete':
    case 'platform-unmatchable':
    case 'platform-unlisted':
    case 'index-too-deep':
    case 'reference-missing':
    case 'reference-ambiguous':
    case 'reference-repeated':
    case 'reference-malformed':
    case 'platform-missing':
    case 'platform-unexpected':
    case 'platform-duplicate':
    case 'platform-contradiction':
    case 'platform-same-image':
      return wordLayoutProblem(problem, show)
    default:
      return unreachable(problem)
  }
}

const shownNames = 20

interface UnknownName {
  readonly name: string
  readonly known: readonly string[]
  readonly suggestion?: string
}

function unknownName(kind: string, { name, known, suggestion }: UnknownName): Wording {
  const more = known.length > shownNames ? ` (+${known.length - shownNames} more)` : ''
  const details =
    suggestion === undefined
      ? [`there are: ${known.slice(0, shownNames).join(', ')}${more}`]
      : [`did you mean "${suggestion}"?`]
  return { headline: `unknown ${kind} "${name}"`, details }
}

function configPath(keys: readonly (string | number)[]): string {
  const text = keys
    .map((key) =>
      typeof key === 'number' ? `[${key}]` : /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`,
    )
    .join('')
  return text.replace(/^\./, '') || 'the config'
}

function nextForConfig({ kind, named }: Extract<Problem, { code: 'config-unreadable' }>, file: string): string {
  if (kind === 'permission') return `make it readable: chmod u+r ${file}, or chown where it belongs to another user`
  if (kind === 'dangling-link') return `point the link ${file} to a config, or remove it`
  if (kind === 'system') return 'check the disk and the limits of the system, then run again'
  return named ? "correct the name after '--config', or leave it out to search upwards" : `rename or remove ${file}`
}

function nextForFile({ path: file, owner }: Extract<Problem, { code: 'file-system' }>, show: Show): string {
  if (owner === undefined) return 'check the permissions and the free space there, and run again'
  const [state] = new RegExp(`^.*/${stateDirectoryName.replace('.', String.raw`\.`)}(?=/|$)`).exec(file) ?? []
  // Only what is mab's own is to change its owner.
  return state === undefined || !owner.place.startsWith(state)
    ? 'run mab as that user, or as one who may write there'
    : `run mab as that user, or make it yours: sudo chown -R "$(id -u)" ${quote(show(state))}`
}
