/** The wording of every problem, reason and notice, in one place: what was expected, found, where, and what next. */
import path from 'node:path'
import type { Notice } from '../execute/event.js'
import type { Reason } from '../plan/reason.js'
import type { Task } from '../plan/task.js'
import { count } from '../util/format.js'
import { wordCause } from './cause-words.js'
import type { WantedImage } from '../util/bitbake-problem.js'
import { unreachable, type LayoutProblem, type Problem } from '../util/problem.js'

export interface Wording {
  /** One line without a period. */
  readonly headline: string
  readonly details: readonly string[]
  /** What to do about it. */
  readonly next?: string
}

/** Shows a path as a user in `cwd` would type it. */
export function pathShower(cwd: string): (file: string) => string {
  return (file) => {
    // From the root a relative path is the absolute one without its slash.
    if (!path.isAbsolute(file) || cwd === path.sep) return file
    const relative = path.relative(cwd, file)
    return relative === '' ? '.' : relative.startsWith('../../..') ? file : relative
  }
}

type Show = (file: string) => string

/** Text from images and programs, without what a terminal would take for a command. */
export function visible(text: string): string {
  return text.replaceAll(
    /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}

/** As `visible`, and without what would begin a line of its own. */
export function visibleLine(text: string): string {
  return visible(text).replaceAll('\n', '\\n')
}

export function wordProblem(problem: Problem, show: Show): Wording {
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
        next: "correct the name behind '--config', or leave it out to search upwards",
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
      return unknownName('target', problem.name, problem.known, problem.suggestion)
    case 'unknown-platform':
      return unknownName('platform', problem.name, problem.known, problem.suggestion)
    case 'platform-not-in-target':
      return {
        headline: `target ${problem.target} has no platform ${problem.name}`,
        details: [`it has ${problem.known.join(', ')}`],
        next: 'mab list',
      }
    case 'nothing-selected':
      return { headline: `nothing to do: ${problem.reason}`, details: [], next: 'mab list' }
    case 'not-a-build-directory': {
      const found =
        problem.found === null ? 'no such directory' : problem.found.slice(0, 8).join(', ') || 'an empty directory'
      return {
        headline: `${show(problem.directory)} is not a BitBake build directory`,
        details: [`expected: ${problem.missing} in it`, `found: ${found}`],
        next: "set `build.directory` to the directory with conf/local.conf and conf/bblayers.conf, or make it with '. oe-init-build-env'",
      }
    }
    case 'init-failed':
      return {
        headline: `cannot set up BitBake by ${show(problem.script)}`,
        details: problem.found.split('\n'),
        next: 'correct `build.init` and `build.directory`, or run mab in a shell that was initialised by hand',
      }
    case 'build-directory-name':
      return {
        headline: `BitBake cannot build in ${problem.directory}`,
        details: ['expected: a path without spaces and colons', `found: ${problem.found}`],
        next: 'move the build directory to such a path',
      }
    case 'build-directory-not-writable':
      return {
        headline: `BitBake cannot write in ${show(problem.directory)}`,
        details: ['expected: a build directory of the user who runs mab', `found: ${problem.found}`],
        next: `run mab as the owner of the build directory (ls -ld ${show(problem.directory)}), or give it to this user`,
      }
    case 'build-directory-busy': {
      const client = problem.detached ? ', whose client is gone: it ends by itself' : ''
      return {
        headline: `another BitBake is at work in ${show(problem.directory)}`,
        details: [`its server is process ${problem.pid}${client}`],
        next: 'let it finish (--wait says how long mab waits for it), or stop it with Ctrl-C where it was started',
      }
    }
    case 'command-not-found':
      return {
        headline: `cannot start ${problem.command}: ${problem.found}`,
        details: [],
        next: `run mab in an initialised shell ('. openembedded-core/oe-init-build-env build'), or set \`build.command\` to BitBake's path`,
      }
    case 'unknown-multiconfig':
      return {
        headline: `BitBake knows no multiconfig "${problem.multiconfig}"`,
        details: [
          ...neededBy(problem.images),
          `expected: BBMULTICONFIG in ${show(path.join(problem.directory, 'conf/local.conf'))} names it, and conf/multiconfig/${problem.multiconfig}.conf is there`,
          `log: ${show(problem.log)}`,
        ],
        next: `add it (BBMULTICONFIG += "${problem.multiconfig}"), or correct \`multiconfig\` in the config`,
      }
    case 'unknown-recipe': {
      const matches = closeMatches(problem.closeMatches)
      return {
        headline: `no recipe provides "${problem.recipe}"`,
        details: [
          ...neededBy(problem.images),
          ...matches,
          ...(problem.reason === undefined ? [] : [`BitBake says: ${problem.reason}`]),
          `log: ${show(problem.log)}`,
        ],
        next: /was skipped/.test(problem.reason ?? '')
          ? 'it does not take this configuration (COMPATIBLE_MACHINE, a feature): take the platform out of the target, or correct what it asks for'
          : "correct the target's `recipe`, or add the layer that has it to conf/bblayers.conf",
      }
    }
    case 'unknown-task':
      return {
        headline: `the recipe ${problem.recipe} has no task do_${problem.task} in ${configuration(problem.multiconfig)}`,
        details: [...neededBy(problem.images), ...closeMatches(problem.closeMatches), `log: ${show(problem.log)}`],
        next: "let the recipe inherit image-oci (IMAGE_FSTYPES with 'oci'), or correct the target's `task`",
      }
    case 'bitbake-task-failed': {
      const cause = problem.cause === undefined ? undefined : wordCause(problem.cause, show)
      return {
        headline: `${problem.recipe} do_${problem.task} failed in ${configuration(problem.multiconfig)}`,
        details: [
          ...neededBy(problem.images),
          ...(cause === undefined ? [] : [cause.headline]),
          ...problem.errors.flatMap((error) => error.split('\n')),
          ...(problem.taskOutput ?? []).map((line) => `| ${line}`),
          ...(problem.taskLog === undefined ? [] : [`task log: ${show(problem.taskLog)}`]),
          `BitBake's output: ${show(problem.log)}`,
        ],
        next: cause?.next ?? 'correct it and run again: what has succeeded is not built again',
      }
    }
    case 'bitbake-failed': {
      const cause = problem.cause === undefined ? undefined : wordCause(problem.cause, show)
      const ended = `BitBake ended with ${problem.exit}`
      return {
        headline: cause?.headline ?? ended,
        details: [
          ...affects(problem.images),
          ...(cause === undefined ? [] : [ended]),
          ...problem.errors.flatMap((error) => error.split('\n')),
          `BitBake's output: ${show(problem.log)}`,
        ],
        next: cause?.next ?? 'its output begins with the call: repeat that by hand to look closer',
      }
    }
    case 'bitbake-incomplete':
      return {
        headline: 'BitBake ended with exit code 0, but did not say that it was done',
        details: [
          ...affects(problem.images),
          `expected: ${problem.expected}`,
          `BitBake's output: ${show(problem.log)}`,
        ],
        next: 'run again; a BitBake server that was stopped from outside ends like this',
      }
    case 'layout-not-found':
      return {
        headline: `no OCI layout of ${problem.target} for ${problem.platform}`,
        details: problem.looked.map(({ place, found }) => `${show(place)}: ${found}`),
        next: nextForMissingLayout(problem),
      }
    case 'image-shared':
      return {
        headline: `${sharers(problem, show)} have one ${problem.place}: each overwrites what the other makes`,
        details: neededBy(problem.images),
        next: 'give each multiconfig of each build directory a TMPDIR of its own, and no deploy directory outside of it: TMPDIR = "${TOPDIR}/tmp-${BB_CURRENT_MC}" in its conf/multiconfig/*.conf',
      }
    case 'layout-ambiguous':
      return {
        headline: `several OCI layouts of ${problem.target} for ${problem.platform}`,
        details: problem.candidates.map(show),
        next: "say which: set the target's `reference` or the platform's `machine` or `layout`",
      }
    case 'platform-disagrees': {
      const [who, says] = problem.config === undefined ? ['image config', problem.image] : ['config', problem.config]
      return {
        headline: `${problem.target}: the ${who} says ${says} for "${problem.platformKey}", and BitBake ${problem.machine}`,
        details: [`BitBake: ${problem.by}`],
        next:
          problem.config === undefined
            ? 'correct OCI_IMAGE_ARCH and OCI_IMAGE_SUBARCH of the recipe, or the MACHINE of the multiconfig'
            : "correct the platform's `platform` or `multiconfig` in the config, or MACHINE in the multiconfig",
      }
    }
    case 'platform-refused':
      return {
        headline: `${problem.target}: the image of "${problem.platformKey}" cannot go into an index: ${problem.reason}`,
        details: [`BitBake: ${problem.by}`],
        next: 'build it for another tune (DEFAULTTUNE), or leave the platform out of the target',
      }
    case 'platform-unknown':
      return {
        headline: `${problem.target}: nothing says the platform of "${problem.platformKey}"`,
        details: [`found: ${problem.reason}`],
        next: `set \`platform\` of "${problem.platformKey}" in the config, for example 'linux/arm/v7'`,
      }
    case 'locked':
      return {
        headline: `another mab (process ${problem.pid}) is at work in this project`,
        details: [`lock: ${show(problem.file)}`],
        next: `wait for it, or end it (kill -INT ${problem.pid})`,
      }
    case 'timed-out':
      return {
        headline: `the run did not end in ${problem.limit} (--timeout)`,
        details: ['what was running has been stopped; images in place stay as they were'],
        next: 'run again to go on where it stopped, with more time; --progress plain shows what takes it',
      }
    case 'file-system':
      return {
        headline: `${problem.operation}${problem.path === '' ? '' : ` ${show(problem.path)}`}: ${problem.found}`,
        details: [],
        next: 'see to the permissions and the free space there, and run again',
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
    case 'layout-unreadable':
    case 'layout-version':
    case 'document-malformed':
    case 'document-ambiguous':
    case 'document-too-large':
    case 'digest-invalid':
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
    case 'file-platform':
    case 'blob-unreferenced':
    case 'file-unknown':
    case 'platform-unstated':
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

function nextForMissingLayout({ request, asked, answer }: Extract<Problem, { code: 'layout-not-found' }>): string {
  if (request === undefined) return 'make the layout first, or correct `source.path`'
  const { multiconfig, recipe, task } = request
  const name = multiconfig === '' ? recipe : `mc:${multiconfig}:${recipe}`
  const elsewhere = `if it deploys to another place (bitbake-getvar -r ${name} DEPLOY_DIR_IMAGE), set the platform's \`machine\`, \`deployDirectory\` or \`layout\``
  if (!asked) return `run without --no-build, so that BitBake makes it; ${elsewhere}`
  if (task !== 'image_complete')
    return `do_${task} may not deploy: leave out \`task\` (image_complete does); ${elsewhere}`
  if (answer !== undefined) {
    return `BitBake takes do_${task} for done, in ${answer.deployDirectory}, from which it was deleted: have it made again with 'rm ${answer.stamp}.do_${task}*' (OpenEmbedded also has 'bitbake -c cleansstate ${name}'), and run again`
  }
  return `BitBake takes do_${task} for done: if its deploy directory was deleted, 'bitbake -c cleansstate ${name}' and run again; ${elsewhere}`
}

const layoutHeadlines: Readonly<Record<LayoutProblem['code'], string>> = {
  'layout-unreadable': 'not a readable OCI layout',
  'layout-version': 'unknown layout version',
  'document-malformed': 'malformed document',
  'document-ambiguous': 'ambiguous document',
  'document-too-large': 'document too large',
  'digest-invalid': 'invalid digest',
  'blob-missing': 'missing blob',
  'blob-unreadable': 'unreadable blob',
  'blob-size': 'blob of the wrong size',
  'blob-digest': 'corrupt blob',
  'blob-data': 'embedded data that is not the blob',
  'media-type': 'wrong media type',
  'manifests-empty': 'no manifests',
  'not-an-image': 'no container image',
  'layers-empty': 'no layers',
  'layer-count': 'layers and diff IDs do not match',
  'layer-compression': 'layer that cannot be unpacked',
  'layer-diff-id': 'layer with another diff ID',
  'layer-malformed': 'malformed layer',
  'layer-too-large': 'layer too large',
  'layer-entry-escapes': 'layer that leads out of the image',
  'file-platform': 'program of another platform',
  'blob-unreferenced': 'unneeded blob',
  'file-unknown': 'unknown file',
  'platform-unstated': 'image without a platform',
  'index-too-deep': 'indexes nested too deep',
  'reference-missing': 'no such reference',
  'reference-ambiguous': 'ambiguous reference',
  'reference-repeated': 'one reference on several entries',
  'reference-malformed': 'malformed reference',
  'platform-missing': 'missing platform',
  'platform-unexpected': 'unexpected platform',
  'platform-duplicate': 'platform twice',
  'platform-contradiction': 'image of another platform',
  'platform-same-image': 'one image under two platforms',
}

const platformNext =
  'build the image for the platform (BitBake: MACHINE, OCI_IMAGE_ARCH), or correct the platform that is said of it'

/** Where "have it made again" says too little. */
const layoutNexts: Readonly<Partial<Record<LayoutProblem['code'], string>>> = {
  'layout-unreadable':
    'correct the path: name a directory with index.json and oci-layout, or an uncompressed tar of one',
  'platform-missing': platformNext,
  'platform-contradiction': platformNext,
  'platform-unexpected': 'leave the image out, or add its platform to those that are wanted',
  'platform-duplicate': 'leave one of the images out, or correct its platform',
  'platform-same-image': platformNext,
  'layer-compression': 'pack the layer again with gzip, or zstd without --long, under the media type of what it is',
  'media-type': 'have the index made again with the media types that the manifests have',
  'layer-diff-id': 'have the image made again: its layers were changed or packed anew after its config was written',
  'layer-too-large': 'see what is in it before anything unpacks it',
  'layer-entry-escapes': 'do not unpack it; have the layer made with names relative to the root of the image',
  'file-platform':
    "build the file for the image's platform (BitBake: MACHINE, or what the recipe copies in), or give the image the platform of its files (OCI_IMAGE_ARCH)",
  'blob-unreferenced': "remove it ('umoci gc --layout' does)",
  'file-unknown': 'remove it',
  'reference-repeated':
    "put the images into one index that has the name ('mab merge' does): skopeo takes the first of several entries, containerd the last",
  'reference-malformed': 'give it another name, such as 1.0 or latest',
  'platform-unstated': "have the index made again with a platform for each image ('mab merge' does)",
}

function wordLayoutProblem(problem: LayoutProblem, show: Show): Wording {
  const details = problem.at.length === 0 ? [] : [`at: ${problem.at.join(' -> ')}`]
  details.push(`expected: ${problem.expected}`, `found: ${problem.found}`)
  return {
    headline: `${layoutHeadlines[problem.code]} in ${show(problem.layout)}`,
    details: details.map(visibleLine),
    next: problem.next ?? layoutNexts[problem.code] ?? 'have the layout made again by whatever made it',
  }
}

function configuration(multiconfig: string): string {
  return multiconfig === '' ? 'the default configuration' : `multiconfig ${multiconfig}`
}

function affects(images: readonly WantedImage[]): string[] {
  return images.length > 0 ? [`affects: all of ${nameImages(images)}`] : []
}

function neededBy(images: readonly WantedImage[]): string[] {
  return images.length > 0 ? [`needed by ${nameImages(images)}`] : []
}

/** `app linux/arm64, linux/amd64; tools linux/arm64` */
function nameImages(images: readonly WantedImage[]): string {
  const byTarget = new Map<string, string[]>()
  for (const { target, platform } of images) byTarget.set(target, [...(byTarget.get(target) ?? []), platform])
  return [...byTarget].map(([target, platforms]) => `${target} ${platforms.join(', ')}`).join('; ')
}

/** Each with its build directory, where there are two. */
function sharers({ requests }: Extract<Problem, { code: 'image-shared' }>, show: (file: string) => string): string {
  const several = new Set(requests.map(({ directory }) => directory)).size > 1
  return requests
    .map(({ request, directory }) => (several ? `${request} in ${show(directory)}` : request))
    .join(' and ')
}

function closeMatches(names: readonly string[]): string[] {
  return names.length > 0 ? [`close matches: ${names.join(', ')}`] : []
}

const shownNames = 20

function unknownName(kind: string, name: string, known: readonly string[], suggestion?: string): Wording {
  const more = known.length > shownNames ? ` (+${known.length - shownNames} more)` : ''
  const details =
    suggestion === undefined
      ? [`there are: ${known.slice(0, shownNames).join(', ')}${more}`]
      : [`did you mean "${suggestion}"?`]
  return { headline: `unknown ${kind} "${name}"`, details, next: 'mab list' }
}

function configPath(keys: readonly (string | number)[]): string {
  const text = keys
    .map((key) =>
      typeof key === 'number' ? `[${key}]` : /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`,
    )
    .join('')
  return text.replace(/^\./, '') || 'the config'
}

/** Inputs that are neither keys of the config nor variables. */
const inputNames: Readonly<Record<string, string>> = {
  index: 'image index',
  indexJson: 'index.json',
  patterns: '`sources`',
}

export function wordReason(reason: Reason, show: Show): string {
  switch (reason.code) {
    case 'never-done':
      return 'not done before'
    case 'forced':
      return 'forced'
    case 'asks-bitbake':
      return 'only BitBake knows (no `sources` declared)'
    case 'format-changed':
      return `mab's format changed: ${reason.from} -> ${reason.to}`
    case 'input-changed':
      if (reason.input === 'environment') return 'the environment of BitBake changed'
      return `${inputNames[reason.input] ?? reason.input} changed: ${brief(reason.from)} -> ${brief(reason.to)}`
    case 'platform-added':
      return `platform added: ${reason.platform}`
    case 'platform-removed':
      return `platform removed: ${reason.platform}`
    case 'platforms-reordered':
      return `platforms reordered: ${reason.from.join(', ')} -> ${reason.to.join(', ')}`
    case 'manifest-changed':
      return `manifest of ${reason.platform} changed: ${shorten(reason.from)} -> ${shorten(reason.to)}`
    case 'sources-changed': {
      const more = reason.count - reason.files.length
      if (reason.files.length === 0) return 'sources changed'
      return `sources changed: ${reason.files.join(', ')}${more > 0 ? ` (+${more} more)` : ''}`
    }
    case 'output-missing':
      return `missing: ${show(reason.file)}`
    case 'output-altered':
      return `changed since it was written: ${show(reason.file)}`
    case 'output-staged':
      return `not verified yet: ${show(reason.file)}`
    case 'image-missing':
      return `there is no image${reason.platform === undefined ? '' : ` for ${reason.platform}`} that can be taken`
    case 'source-unreadable':
      return `cannot read the source ${reason.file}: ${reason.found}`
    case 'depends':
      return `depends on ${reason.task}`
    default:
      return unreachable(reason)
  }
}

/** Of BitBake, below a notice that counts them. */
const shownWarnings = 5

export function wordNotice(notice: Notice, show: Show): string {
  switch (notice.code) {
    case 'stale-link':
      return `${show(notice.link)} points to ${notice.to}, but ${notice.newer} lies beside it: a stale link? (ln -sf on a link to a directory leaves it)`
    case 'layout-passed-over':
      return `${show(notice.place)} is no readable layout (${notice.found}): ${show(notice.taken)} is taken instead`
    case 'bitbake-silent':
      return `BitBake does not say where ${notice.recipes.join(', ')} deploys (${show(notice.log)}): looking by convention`
    case 'bitbake-warnings': {
      const shown = notice.warnings.slice(0, shownWarnings).map((warning) => `\n  ${warning}`)
      const more = notice.warnings.length - shown.length
      return `${count(notice.count, 'warning')} of BitBake, in ${show(notice.log)}${shown.join('')}${more > 0 ? `\n  and ${more} more` : ''}`
    }
    case 'bitbake-tainted':
      return `forced at some time (bitbake -f or -C), so that its hash is nobody else's: ${notice.tasks.join(', ')}; 'bitbake -c clean' of the recipe ends that, or removing the .taint file beside its stamps`
    case 'sources-match-nothing':
      return `the sources pattern "${notice.pattern}" matches no file`
    case 'waiting-for-lock':
      return `waiting for another mab (process ${notice.pid}) to finish in this project`
    case 'waiting-for-bitbake': {
      const [whose, how] = notice.detached
        ? ['a BitBake whose client is gone', 'it ends by itself']
        : ['another BitBake', 'Ctrl-C where it was started stops it']
      return `waiting for ${whose} to finish in ${show(notice.directory)} (process ${notice.pid}); ${how}`
    }
    case 'attestations-dropped':
      return `${count(notice.count, 'attestation')} of the image for ${notice.platform} left out of ${notice.target}: \`output.attestations: 'keep'\` keeps them (mab merge: --attestations keep)`
    case 'attestations-stray':
      return `${count(notice.count, 'attestation')} in ${show(notice.layout)} left out: the image that it is about is not there`
    case 'garbage-kept':
      return `blobs of earlier images stay in ${show(notice.directory)}: ${notice.found}`
    default:
      return unreachable(notice)
  }
}

/** `merge hello linux/arm64`, in the words of the plan. */
export function taskTitle(task: Task): string {
  switch (task.kind) {
    case 'bitbake':
      return `bitbake ${task.id.slice('bitbake:'.length)}`
    case 'discover':
    case 'merge': {
      if (task.platform === undefined) return `${task.kind} ${task.target} ${task.platformKey}`
      const { os, architecture, variant } = task.platform
      return `${task.kind} ${task.target} ${[os, architecture, variant].filter((part) => part !== undefined).join('/')}`
    }
    case 'index':
    case 'verify':
    case 'archive':
      return `${task.kind} ${task.target}`
    default:
      return unreachable(task)
  }
}

function brief(value: unknown): string {
  if (typeof value === 'string' && /^sha(256|512):[0-9a-f]{64,}$/.test(value)) return shorten(value)
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

function shorten(digest: string): string {
  return digest.slice(0, digest.indexOf(':') + 13)
}
