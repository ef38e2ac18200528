/**
 * Why BitBake gave up, when it is one of the reasons that have a remedy of their own. The texts were recorded from real
 * runs (test/transcripts); those of OpenEmbedded's sanity checks too.
 */
import type { BitbakeCause } from '../../problem/bitbake-problem.js'

type Finder = (text: string) => BitbakeCause | undefined

/**
 * ENOSPC and EDQUOT as libc, Go (lower case), Python and Rust word them, and Node, which has no text for EDQUOT; SQLite;
 * rpm and dnf before they install; BitBake's disk monitor. `Disk full` alone is what mtools says of an image that is too
 * small.
 */
const fullDisk =
  /no space left on device|disk quota exceeded|\[Errno (?:28|122)\]|\((?:ENOSPC|EDQUOT)\)|\(os error (?:28|122)\)|Unknown system error -122|database or disk is full|more space (?:needed )?on the \S+ filesystem|disk space monitor action/i
const scheme = String.raw`[a-z][a-z0-9+.-]*:\/\/`

/** What a task can fail of, too. In this order: a full disk also breaks what is reported further down. */
const ofMachine: readonly Finder[] = [
  // BitBake 2.0 reports it as "No space left on device or exceeds fs.inotify.max_user_watches?".
  when(/fs\.inotify\.max_user_watches/, () => ({ kind: 'watch-limit' })),
  when(fullDisk, () => ({ kind: 'disk-full' })),
  when(/env: (?:can't execute )?.([\w.+-]+).: No such file or directory/, ([, program]) => ({
    kind: 'program-missing',
    programs: [program!],
  })),
  when(new RegExp(`Bitbake Fetcher Error: \\w+\\(.*?'(${scheme}[^';]+)`), source),
  when(new RegExp(`Fetcher failure for URL: '(${scheme}[^';]+)`), source),
  when(new RegExp(`Network access disabled through BB_NO_NETWORK .*\\(for url (${scheme}[^);\\s]+)`), source),
  // The command is text, or a list of words (2.19).
  when(new RegExp(`Fetcher failure: Fetch command .*\\bls-remote['", ]+(${scheme}[^\\s"';]+)`), source),
]

const ofBitbake: readonly Finder[] = [
  when(/Please make sure locale '([^']+)' is available/, ([, locale]) => ({
    kind: 'locale-missing',
    locale: locale!,
  })),
  when(/Please use a locale setting which supports UTF-8/, () => ({ kind: 'locale-missing', locale: 'en_US.UTF-8' })),
  when(/MACHINE=(\S+) is invalid/, ([, machine]) => ({ kind: 'machine-unknown', machine: machine! })),
  when(/Do not use Bitbake as root/, () => ({ kind: 'refused-root' })),
  when(/required tools \(as specified by HOSTTOOLS\) appear to be unavailable[^\n]*\n\s*([\w. +-]+)/, ([, tools]) => ({
    kind: 'program-missing',
    programs: tools!.trim().split(/\s+/),
  })),
  when(/bitbake-server might have died or been forcibly stopped/, () => ({ kind: 'server-died' })),
  when(/(?:Worker|Fakeroot) process \(\d+\) exited unexpectedly|parser thread killed\/died\?/, () => ({
    kind: 'worker-died',
  })),
  when(
    /Unable to (?:start bitbake server|connect to bitbake server)|Timeout while waiting for a reply from the bitbake server/,
    () => ({ kind: 'server-unreachable' }),
  ),
  when(/include required file conf\/multiconfig\/([^/\s]+)\.conf/, ([, multiconfig]) => ({
    kind: 'multiconfig-file-missing',
    multiconfig: multiconfig!,
  })),
  // `at` with a line, `in` without (`ParseError` of bb/parse); then "None" stands for no file.
  when(/ParseError (?:at|in) (\/\S+?)(?::(\d+))?: /, ([, file, line]) => ({
    kind: 'parse-error',
    file: file!,
    ...(line === undefined ? {} : { line: Number(line) }),
  })),
  when(/(?:ExpansionError during parsing|Unable to parse) (\/\S+?):?(?:\s|$)/, ([, file]) => ({
    kind: 'parse-error',
    file: file!,
  })),
  when(/layer directories do not exist/, () => ({ kind: 'layer-missing' })),
  when(
    /Layer (\S+) is not compatible with the core layer which only supports these series: (.+?) \(layer is compatible with (.*)\)/,
    ([, layer, core, supports]) => ({ kind: 'layer-incompatible', layer: layer!, core: core!, supports: supports! }),
  ),
  when(/Layer '([^']+)' depends on layer '([^']+)', but this layer is not enabled/, ([, layer, needs]) => ({
    kind: 'layer-dependency',
    layer: layer!,
    needs: needs!,
  })),
  when(/config sanity checker detected a potential misconfiguration/, () => ({ kind: 'refused-configuration' })),
]

/** @param texts errors and other last lines of BitBake, the most important first */
export function findCause(texts: readonly string[]): BitbakeCause | undefined {
  return find([...ofMachine, ...ofBitbake], texts)
}

/** @param texts of a task, whose own words may be like BitBake's ("Unable to parse …") */
export function findTaskCause(texts: readonly string[]): BitbakeCause | undefined {
  return find(ofMachine, texts)
}

function find(finders: readonly Finder[], texts: readonly string[]): BitbakeCause | undefined {
  for (const finder of finders) {
    for (const text of texts) {
      const cause = finder(text)
      if (cause !== undefined) return cause
    }
  }
  return undefined
}

/** When parsing was given up: most errors of a recipe's own say nothing but where they are. */
export function findBadRecipe(errors: readonly string[]): BitbakeCause | undefined {
  for (const text of errors) {
    const file = /^(?:[a-z][\w-]*:)*(\/\S+\.\w+): /.exec(text)?.[1]
    if (file === undefined) continue
    const lines = [...text.matchAll(/^File: '([^']*)', lineno: (\d+)/gm)]
    const line = lines.findLast((match) => match[1] === file)?.[2]
    return { kind: 'parse-error', file, ...(line === undefined ? {} : { line: Number(line) }) }
  }
  return undefined
}

function source([, url]: RegExpExecArray): BitbakeCause {
  return { kind: 'source-missing', url: url! }
}

function when(pattern: RegExp, make: (match: RegExpExecArray) => BitbakeCause): Finder {
  return (text) => {
    const match = pattern.exec(text)
    return match === null ? undefined : make(match)
  }
}
