/** `mab verify`: check images that are written, mab's or anybody's. */
import { isIndexType, type AbsentLayers } from '../../oci/documents.js'
import { verifyLayout } from '../../oci/verify/verify.js'
import { shortDigest } from '../../oci/digest.js'
import type { VerifyReport } from '../../oci/verify/verify-report.js'
import { nextOf } from '../../report/words/layout-words.js'
import { formatProblems } from '../../report/words/problems.js'
import { commandFor, pathShower, visibleLine } from '../../report/words/wording.js'
import { count, formatBytes } from '../../util/format.js'
import { malformedImageGlob } from '../../util/glob.js'
import { fail, ok, type LayoutProblem, type Result } from '../../problem/problem.js'
import type { Arguments } from '../arguments/args.js'
import { quote } from '../../util/shell.js'
import type { Command } from '../command.js'
import { exitCodes } from '../exit-code.js'
import type { Io } from '../io.js'
import { reportProblems, styleFor, text } from '../project.js'
import { findSubjects } from '../arguments/subjects.js'

export const verify: Command = {
  name: 'verify',
  summary: "check images: targets' outputs, or any OCI layout or archive",
  usage: '[TARGET|LAYOUT|oci:LAYOUT:REFERENCE…] [OPTION…]',
  description: [
    'Reads an image from its index.json down to the last byte and checks structure, every size and digest, that image',
    'configs say what descriptors say, and that no platform is there twice. Of a target it also checks that exactly its',
    'platforms are there. All problems are reported. Without operands: every target that is not manual.',
    '--deep also unpacks each layer: its diff ID, entries that container engines refuse, and programs and libraries that',
    'cannot run on its platform. --strict also wants nothing in a layout that no image of it needs.',
  ],
  options: ['config', 'deep', 'strict', 'allow-absent-layers', 'allow-foreign', 'format'],
  operands: 'any',
  format: { choices: ['text', 'json'], help: 'how to print it' },
  examples: [
    ['mab verify', 'the outputs of all targets'],
    ['mab verify app', "one target's output"],
    ['mab verify ./some-oci image.tar', 'layouts and archives of whatever origin'],
    ['mab verify oci:some-oci:1.0', 'what one reference of a layout leads to'],
    ['mab verify --deep image.tar', 'the content of layers as well'],
    ["mab verify --deep --allow-foreign 'usr/local/go/**' image.tar", 'with test data for other platforms'],
  ],

  async run(args, io) {
    const { options } = args
    const allowed = allowedForeign(options)
    if (!allowed.ok) return reportProblems(allowed.problems, options, io)
    const subjects = await findSubjects('verify', args, io)
    if (!subjects.ok) return reportProblems(subjects.problems, options, io)
    const levels = { deep: options.deep === true, strict: options.strict === true }
    const reports: VerifyReport[] = []
    const given = text(options['allow-absent-layers']) as AbsentLayers | undefined
    for (const subject of subjects.value) {
      const { location, reference, platforms, target, allowAbsentLayers = 'none', allowForeign = [] } = subject
      const report = await verifyLayout(location, {
        ...levels,
        signal: io.interruption.stop,
        ...(platforms ? { platforms } : {}),
        complete: target !== undefined,
        ...(reference === undefined ? {} : { reference }),
        allowAbsentLayers: given ?? allowAbsentLayers,
        allowForeign: levels.deep ? [...new Set([...allowForeign, ...allowed.value])] : [],
      })
      const found = report.ok ? report.value : noLayout(location, levels, report.problems)
      reports.push(
        target === undefined
          ? found
          : { ...found, problems: found.problems.map(mendedBy(target, text(options.config))) },
      )
    }
    if (options.format === 'json') io.stdout.write(`${JSON.stringify(reports.map(worded(io.cwd)), null, 2)}\n`)
    else for (const [index, report] of reports.entries()) writeText(report, subjects.value[index]!.target, args, io)
    return reports.every(({ problems }) => problems.length === 0) ? exitCodes.done : exitCodes.failed
  },
}

type Levels = Pick<VerifyReport, 'deep' | 'strict'>

function allowedForeign({ deep, 'allow-foreign': given = [] }: Arguments['options']): Result<readonly string[]> {
  const patterns = [given].flat().map(String)
  const faults = patterns.flatMap((pattern) => {
    const fault = malformedImageGlob(pattern)
    return fault === undefined ? [] : `--allow-foreign "${pattern}" is malformed: ${fault}`
  })
  if (patterns.length > 0 && deep !== true) faults.push('--allow-foreign has an effect with --deep only: add --deep')
  if (faults.length === 0) return ok(patterns)
  return fail(...faults.map((message) => ({ code: 'usage' as const, message, command: 'verify' })))
}

/** Of a target's output, mab itself is whatever made it. */
function mendedBy(target: string, config: string | undefined): (problem: LayoutProblem) => LayoutProblem {
  return (problem) => {
    const { kind } = problem.remedy ?? {}
    return kind === 'let-read' || kind === 'let-search' || kind === 'system'
      ? problem
      : { ...problem, next: commandFor(`run ${target}`, config) }
  }
}

/** The report with each next step in words. */
function worded(cwd: string): (report: VerifyReport) => VerifyReport {
  const show = pathShower(cwd)
  return (report) => {
    const problems = report.problems.map(({ remedy, ...problem }) => {
      const next = remedy === undefined ? undefined : nextOf({ remedy, ...problem }, show)
      return next === undefined ? problem : { ...problem, next }
    })
    return { ...report, problems }
  }
}

function noLayout(layout: string, levels: Levels, problems: readonly LayoutProblem[]): VerifyReport {
  const nothing = {
    entries: [],
    images: [],
    artifacts: [],
    absentEntries: [],
    blobs: [],
    bytes: 0,
    absent: [],
    allowedForeign: [],
    ownerOnly: 0,
    unread: [],
    limited: [],
  }
  return { layout, kind: 'directory', ...levels, ...nothing, problems }
}

function writeText(report: VerifyReport, target: string | undefined, { options }: Arguments, io: Io): void {
  const style = styleFor(io.stdout, options, io)
  const show = pathShower(io.cwd)
  const good = report.problems.length === 0
  const verdict = good ? style('good', 'ok') : style('bad', count(report.problems.length, 'problem'))
  const lines = [`${show(report.layout)}: ${verdict}`]
  lines.push(...describeEntries(report))
  if (report.blobs.length > 0) lines.push(`  ${count(report.blobs.length, 'blob')}, ${formatBytes(report.bytes)}`)
  for (const { digest, mediaType } of report.unread) {
    lines.push(
      `  ${style('warn', 'note:')} ${visibleLine(shortDigest(digest))} was not read${report.deep ? ' through' : ''}: ${visibleLine(mediaType)}`,
    )
  }
  for (const { digest, unchecked } of report.limited) {
    lines.push(
      `  ${style('warn', 'note:')} ${visibleLine(shortDigest(digest))} was not checked completely: ${unchecked}`,
    )
  }
  if (good && report.absentEntries.length > 0) {
    const those = count(report.absentEntries.length, 'listed manifest')
    lines.push(`  ${style('warn', 'note:')} ${those} absent: the layout is sparse (--strict makes this an error)`)
  }
  if (report.absent.length > 0) {
    lines.push(`  ${style('warn', 'note:')} ${count(report.absent.length, 'layer')} absent, as is allowed`)
  }
  for (const { pattern, files } of report.allowedForeign) {
    const verb = files === 0 ? 'matches no file' : `allows ${count(files, 'file')}`
    lines.push(`  ${style('warn', 'note:')} "${visibleLine(pattern)}" ${verb} for other platforms`)
  }
  if (report.ownerOnly > 0) {
    const those = `only their owner can read ${count(report.ownerOnly, 'blob')}`
    const why = target === undefined ? '' : " (hard links keep the modes; `link: 'copy'` gives copies)"
    const command = `chmod -R a+rX ${quote(show(report.layout).replace(/^-/, './-'))}`
    lines.push(`  ${style('warn', 'note:')} ${those}: ${command}${why}`)
  }
  io.stdout.write(`${lines.join('\n')}\n`)
  if (!good) io.stdout.write(formatProblems(report.problems, io.cwd, style))
}

/** Each image and index of `index.json`, and the references that lead to it. */
function describeEntries({ entries, images, artifacts, absentEntries }: VerifyReport): string[] {
  const references = new Map<string, string[]>()
  for (const { digest, reference } of entries) {
    const known = references.get(digest) ?? []
    references.set(digest, reference === undefined ? known : [...known, reference])
  }
  const named = (digests: readonly string[]): string => {
    const names = digests.flatMap((digest) => references.get(digest) ?? [])
    return names.length === 0 ? '' : ` (${visibleLine(shorten(names).join(', '))})`
  }
  const indexes = new Set(entries.flatMap(({ mediaType, digest }) => (isIndexType(mediaType) ? digest : [])))
  const lines = shorten([...indexes].map((digest) => `  index ${digest}${named([digest])}`))
  // With one entry in all, its names are in the line above.
  const below = (digests: readonly string[]): string =>
    indexes.size === 1 && references.size === 1 ? '' : named(digests)
  const described = shorten(images).map((image) => {
    if (typeof image === 'string') return `  ${image}`
    const { platform, digest, layers, size, programs } = image
    const code = programs === undefined ? '' : `, ${count(programs, 'ELF file')}`
    return `  ${visibleLine(platform)} ${digest}: ${count(layers, 'layer')}, ${formatBytes(size)}${code}${below(image.entries)}`
  })
  const others = shorten(artifacts).map((artifact) =>
    typeof artifact === 'string'
      ? `  ${artifact}`
      : `  artifact ${visibleLine(artifact.digest)}: ${visibleLine(artifact.type)}${below(artifact.entries)}`,
  )
  const absent = shorten(absentEntries).map((entry) =>
    typeof entry === 'string'
      ? `  ${entry}`
      : `  ${visibleLine(entry.platform ?? entry.mediaType)} ${visibleLine(entry.digest)}: absent${below(entry.entries)}`,
  )
  return [...lines, ...described, ...others, ...absent]
}

/** Of one kind. */
const shownItems = 50

function shorten<T>(items: readonly T[]): (T | string)[] {
  const more = items.length - shownItems
  return more <= 0 ? [...items] : [...items.slice(0, shownItems), `and ${more} more`]
}
