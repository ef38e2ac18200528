/** What `mab doctor` found, for people and for programs. */
import type { Finding, FindingStatus } from '../doctor/finding.js'
import type { Style, Tone } from './style.js'
import { pathShower, visible } from './words/wording.js'
import { wordProblem } from './words/words.js'

const marks: Readonly<Record<FindingStatus, readonly [mark: string, tone: Tone]>> = {
  ok: ['ok  ', 'dim'],
  warning: ['warn', 'warn'],
  failure: ['FAIL', 'bad'],
}

export interface FindingRecord {
  readonly check: string
  readonly status: FindingStatus
  readonly subject?: string
  readonly found: string
  readonly details: readonly string[]
  readonly fix?: string
  /** Of the problem, where one was found. */
  readonly code?: string
}

export function recordFinding(finding: Finding, cwd: string): FindingRecord {
  const { check, status } = finding
  const common = { check, status, ...(finding.subject === undefined ? {} : { subject: finding.subject }) }
  if (!('problem' in finding)) {
    const { found, fix } = finding
    return { ...common, found, details: [], ...(fix === undefined ? {} : { fix }) }
  }
  const { headline, details, next } = wordProblem(finding.problem, pathShower(cwd))
  const fix = next === undefined ? {} : { fix: next }
  return { ...common, found: headline, details, ...fix, code: finding.problem.code }
}

/** What to do next is said once of what it mends several times. */
export function formatFindings(findings: readonly Finding[], cwd: string, style: Style): string {
  const show = pathShower(cwd)
  const rows = findings.map((finding) => recordFinding(finding, cwd))
  const name = ({ check, subject }: FindingRecord): string =>
    subject === undefined ? check : `${check} ${show(subject)}`
  const width = Math.max(...rows.map((row) => name(row).length))
  const indent = ' '.repeat(width + 7)
  const told = new Set<string>()
  return rows
    .map((row) => {
      const fix = row.fix === undefined || told.has(row.fix) ? undefined : row.fix
      if (fix !== undefined) told.add(fix)
      const [mark, tone] = marks[row.status]
      const lines = [
        `${style(tone, mark)} ${visible(name(row).padEnd(width))}  ${visible(row.found)}`,
        ...row.details.map((detail) => `${indent}${visible(detail)}`),
        ...(fix === undefined ? [] : [`${indent}${style('strong', 'next:')} ${visible(fix)}`]),
      ]
      return lines.map((line) => `${line}\n`).join('')
    })
    .join('')
}
