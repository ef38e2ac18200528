/** What BitBake's answers mean for the images: platforms, places that two share, file systems, modes, space. */
import fs from 'node:fs'
import path from 'node:path'
import type { Answer } from '../bitbake/query/answer.js'
import { recipeArgument, targetArgument, type BitbakeTarget } from '../bitbake/command.js'
import { expectImage } from '../discover/platform-agreement.js'
import { needsAnswer } from '../execute/tasks/bitbake/ask.js'
import { findImage } from '../discover/find-image.js'
import { findShared } from '../discover/shared-place.js'
import { formatPlatform } from '../oci/platform.js'
import type { DiscoverTask, Plan } from '../plan/task.js'
import { exists, statIfThere } from '../util/fs.js'
import { formatBytes } from '../util/format.js'
import type { Problem } from '../problem/problem.js'
import type { CheckedBuild } from './build.js'
import type { Finding } from './finding.js'

type Answers = ReadonlyMap<string, Answer>
type Checked = Pick<CheckedBuild, 'answers' | 'current' | 'queryLog'>

/** @param checked by the id of the `bitbake` task */
export async function checkImages(plan: Plan, checked: ReadonlyMap<string, Checked>): Promise<Finding[]> {
  const findings: Finding[] = []
  const ofFiles: Finding[][] = []
  const answerOf = ({ source, bitbake = '' }: DiscoverTask): Answer | undefined =>
    source.kind === 'bitbake' ? checked.get(bitbake)?.answers.get(recipeArgument(source)) : undefined
  for (const task of plan.tasks) {
    if (task.kind !== 'discover' || task.source.kind !== 'bitbake') continue
    const answer = answerOf(task)
    const { current = [], queryLog } = checked.get(task.bitbake ?? '') ?? {}
    if (answer !== undefined) {
      const found = await checkImage(plan, task, answer, current)
      findings.push(...found.filter(({ check }) => check !== 'files'))
      ofFiles.push(found.filter(({ check }) => check === 'files'))
    } else if (queryLog !== undefined && needsAnswer(task)) findings.push(noAnswer(task, task.source, queryLog))
  }
  for (const problem of findShared(plan.tasks, answerOf)) findings.push({ check: 'image', status: 'failure', problem })
  const answersOf = [...checked.values()].map(({ answers }) => answers)
  return [...findings, ...inOne(ofFiles), ...checkSpace(plan, answersOf)]
}

/** Findings of each image, once where all images have the same. */
function inOne(ofImages: readonly (readonly Finding[])[]): readonly Finding[] {
  const [first = [], ...others] = ofImages.map((findings) =>
    findings.map((finding): Finding => ({ ...finding, subject: 'every image' })),
  )
  const alike = others.length > 0 && others.every((other) => JSON.stringify(other) === JSON.stringify(first))
  return alike ? first : ofImages.flat()
}

/** BitBake would build it, but a run would have to guess where. */
function noAnswer({ target, platformKey }: DiscoverTask, source: BitbakeTarget, log: string): Finding {
  const found = `BitBake does not say where ${recipeArgument(source)} deploys (${log}): a run would look by convention`
  const fix = 'see that log; where BitBake cannot be asked, say `platform` and `layout` of the platform in the config'
  return { check: 'image', status: 'warning', subject: `${target} ${platformKey}`, found, fix }
}

async function checkImage(
  plan: Plan,
  task: DiscoverTask,
  answer: Answer,
  current: Checked['current'],
): Promise<Finding[]> {
  const { source } = task
  if (source.kind !== 'bitbake') return []
  const subject = `${task.target} ${task.platformKey}`
  const failures = (problems: readonly Problem[]): Finding[] =>
    problems.map((problem) => ({ check: 'image', status: 'failure', subject, problem }))
  const expected = expectImage(task, answer)
  if (!expected.ok) return failures(expected.problems)
  const image = await findImage(task, answer)
  // What BitBake does not make again must be there, and be an image.
  if (!image.ok && current.some((target) => targetArgument(target) === targetArgument(source))) {
    return failures(image.problems)
  }
  const platform =
    expected.value.platform === undefined ? 'of unknown platform' : formatPlatform(expected.value.platform)
  const deploy = source.deployDirectory ?? answer.DEPLOY_DIR_IMAGE
  const place = `in ${deploy}${image.ok ? '' : ' (to be built)'}`
  const found = `${recipeArgument(source)}: MACHINE ${answer.MACHINE}, ${platform}, ${place}`
  const findings: Finding[] = [{ check: 'image', status: 'ok', subject, found }]
  const output = plan.targets.find((target) => target.name === task.target)?.directory
  if (deploy !== undefined && output !== undefined) findings.push(...checkFiles(subject, deploy, output))
  return findings
}

function checkFiles(subject: string, deploy: string, output: string): Finding[] {
  const [from, to] = [existing(deploy), existing(output)]
  const same = statIfThere(from)?.dev === statIfThere(to)?.dev
  const linked = same ? 'blobs are linked: one file system' : 'blobs are copied: the output is on another file system'
  const findings: Finding[] = [{ check: 'files', status: 'ok', subject, found: linked }]
  const blob = firstBlob(deploy)
  if (blob === undefined) return findings
  try {
    fs.accessSync(blob, fs.constants.R_OK)
  } catch {
    const fix = 'run mab as the user who built it, or have it made readable'
    return [...findings, { check: 'files', status: 'failure', subject, found: `${blob} cannot be read`, fix }]
  }
  const mode = Number(statIfThere(blob)?.mode ?? 0n) & 0o777
  if (same && (mode & 0o004) === 0) {
    findings.push({
      check: 'files',
      status: 'warning',
      subject,
      found: `blobs have the mode ${mode.toString(8).padStart(4, '0')} (umoci writes so), which hard links keep: other users cannot read the image`,
      fix: "set `output.link: 'copy'`, if others are to read it",
    })
  }
  try {
    fs.accessSync(to, fs.constants.W_OK)
  } catch {
    const fix = 'set `output.directory` to a place that you may write to'
    findings.push({ check: 'files', status: 'failure', subject, found: `${to} is not writable`, fix })
  }
  return findings
}

/** Of any layout that lies there. */
function firstBlob(deploy: string): string | undefined {
  for (const name of list(deploy)) {
    const blobs = path.join(deploy, name, 'blobs', 'sha256')
    const [first] = name.endsWith('-oci') ? list(blobs) : []
    if (first !== undefined) return path.join(blobs, first)
  }
  return undefined
}

function list(directory: string): string[] {
  try {
    return fs.readdirSync(directory)
  } catch {
    return []
  }
}

/** The path, or the nearest directory above it that is there. */
function existing(file: string): string {
  return exists(file) || path.dirname(file) === file ? file : existing(path.dirname(file))
}

/** OE stops a build when less is left. */
const neededSpace = 1024 ** 3

function checkSpace(plan: Plan, answersOf: readonly Answers[]): Finding[] {
  const tmpdirs = answersOf.flatMap((answers) => [...answers.values()].flatMap(({ TMPDIR }) => TMPDIR ?? []))
  const places = new Map<string, string>()
  for (const place of [...plan.targets.map(({ directory }) => directory), ...tmpdirs].map(existing)) {
    places.set(String(statIfThere(place)?.dev), place)
  }
  return [...places.values()].map((place): Finding => {
    const { bavail, bsize } = fs.statfsSync(place)
    const free = bavail * bsize
    const common = { check: 'space', subject: place } as const
    return free < neededSpace
      ? {
          ...common,
          status: 'warning',
          found: `${formatBytes(free)} free`,
          fix: 'make room: BitBake needs at least 1 GiB',
        }
      : { ...common, status: 'ok', found: `${formatBytes(free)} free` }
  })
}
