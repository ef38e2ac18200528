/**
 * Why BitBake gave up, when it is one of the reasons that have a remedy of their own. The texts were recorded from real
 * runs (test/transcripts); those of OpenEmbedded's sanity checks too.
 */
import type { BitbakeCause } from '../util/bitbake-problem.js'

type Finder = (text: string) => BitbakeCause | undefined

/** In this order: the disk that is full also breaks what is said further down. */
const finders: readonly Finder[] = [
  when(/No space left on device|Disk quota exceeded|database or disk is full|disk space monitor action/, () => ({
    kind: 'disk-full',
  })),
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
  when(/env: .([\w.+-]+).: No such file or directory/, ([, program]) => ({
    kind: 'program-missing',
    programs: [program!],
  })),
  when(/FileNotFoundError: \[Errno 2\] No such file or directory: '([\w.+-]+)'/, ([, program]) => ({
    kind: 'program-missing',
    programs: [program!],
  })),
  when(/bitbake-server might have died or been forcibly stopped/, () => ({ kind: 'server-died' })),
  when(/Worker process \(\d+\) exited unexpectedly/, () => ({ kind: 'worker-died' })),
  when(/Unable to (?:start bitbake server|connect to bitbake server)/, () => ({ kind: 'server-unreachable' })),
  when(/include required file conf\/multiconfig\/([^/\s]+)\.conf/, ([, multiconfig]) => ({
    kind: 'multiconfig-file-missing',
    multiconfig: multiconfig!,
  })),
  when(/ParseError at (\S+?)(?::(\d+))?: /, ([, file, line]) => ({
    kind: 'parse-error',
    file: file!,
    ...(line === undefined ? {} : { line: Number(line) }),
  })),
  when(/(?:ExpansionError during parsing|Unable to parse) (\S+)/, ([, file]) => ({ kind: 'parse-error', file: file! })),
  when(/layer directories do not exist/, () => ({ kind: 'layer-missing' })),
  when(
    /Layer (\S+) is not compatible with the core layer which only supports these series: (.+?) \(layer is compatible with (.*)\)/,
    ([, layer, core, supports]) => ({ kind: 'layer-incompatible', layer: layer!, core: core!, supports: supports! }),
  ),
  when(
    /Layer '([^']+)' depends on (?:version \S+ of )?layer '([^']+)'.*but this layer is not enabled/,
    ([, layer, needs]) => ({
      kind: 'layer-dependency',
      layer: layer!,
      needs: needs!,
    }),
  ),
  when(/config sanity checker detected a potential misconfiguration/, () => ({ kind: 'refused-configuration' })),
  when(/Bitbake Fetcher Error: \w+\(.*?'([a-z+]+:\/\/[^';]+)/, ([, url]) => ({ kind: 'source-missing', url: url! })),
]

/** @param texts errors and other last words, the most telling first */
export function findCause(texts: readonly string[]): BitbakeCause | undefined {
  for (const find of finders) {
    for (const text of texts) {
      const cause = find(text)
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

function when(pattern: RegExp, make: (match: RegExpExecArray) => BitbakeCause): Finder {
  return (text) => {
    const match = pattern.exec(text)
    return match === null ? undefined : make(match)
  }
}
