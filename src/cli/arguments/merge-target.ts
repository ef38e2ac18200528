/** From the command line of `mab merge` to the target that a config with these sources would have. */
import path from 'node:path'
import { defaultImageName } from '../../config/defaults.js'
import { formatPlatform, isPlatform } from '../../oci/platform.js'
import { isReference, isRepository, isTag, splitName } from '../../oci/reference.js'
import type { Notice } from '../../problem/notice.js'
import type { Output, Target } from '../../targets/target.js'
import { isWithin } from '../../util/fs.js'
import { ok, type Problem, type Result } from '../../problem/problem.js'
import { annotationsFor, parseAnnotations } from './annotations.js'
import type { Arguments } from './args.js'
import type { Io } from '../io.js'
import { findPlatforms } from './merge-operands.js'
import type { OptionValues } from './options.js'
import { list, text } from '../project.js'

export interface MergeTarget {
  readonly target: Target
  readonly notices: readonly Notice[]
}

export function describeTarget({ operands, options }: Arguments, io: Io): Result<MergeTarget> {
  const problems: Problem[] = []
  const add = (message: string): void => void problems.push({ code: 'usage', message, command: 'merge' })
  const output = text(options.output)
  if (output === undefined) add('where to? -o DIR says it')
  if (operands.length === 0) add('what? expected at least one layout or archive')
  const directory = path.resolve(io.cwd, output ?? '')
  const names = describeNames(directory, options, add)
  const annotations = parseAnnotations(list(options.annotation), add)
  const archive = text(options.archive)
  const archiveFile = archive === undefined ? undefined : path.resolve(io.cwd, archive)
  if (output !== undefined && archiveFile !== undefined) {
    if (isWithin(archiveFile, directory) || isWithin(directory, archiveFile)) {
      add('--archive and -o name one place, or one lies in the other: the output directory is replaced as a whole')
    }
  }
  const mediaTypes = options['media-types'] === 'docker' ? 'docker' : 'oci'
  if (mediaTypes === 'docker' && names.format === 'flat') {
    add('index.json of a flat layout is an OCI image index: --media-types docker needs --format nested')
  }
  if (mediaTypes === 'docker' && options.attestations === 'keep') {
    add('a Docker manifest list has no annotations, which attestations need: leave out --attestations keep')
  }
  if (mediaTypes === 'docker' && annotations.length > 0) {
    add('a Docker manifest list has no annotations: leave out --annotation or --media-types docker')
  }
  if (problems.length > 0) return { ok: false, problems }

  const found = findPlatforms(operands, directory, io)
  if (!found.ok) return found
  const { platforms, notices } = found.value
  for (const { platform } of annotations) {
    const known = platforms.some((one) => !platform || isPlatform(platform, one.platform))
    if (!known) add(`--annotation names ${formatPlatform(platform!)}, and no operand is of that platform`)
  }
  if (problems.length > 0) return { ok: false, problems }
  const target: Target = {
    name: path.basename(directory),
    platforms: platforms.map((one) => ({
      ...one,
      annotations: annotationsFor(annotations, 'manifest-descriptor', one.platform),
    })),
    partial: false,
    allowAbsentLayers: (text(options['allow-absent-layers']) ?? 'none') as Target['allowAbsentLayers'],
    root: io.cwd,
    output: {
      directory,
      ...names,
      mediaTypes,
      attestations: options.attestations === 'keep' ? 'keep' : 'drop',
      annotations: annotationsFor(annotations, 'index'),
      ...(archiveFile === undefined ? {} : { archive: archiveFile }),
      link: (text(options.link) ?? 'auto') as Output['link'],
    },
  }
  return ok({ target, notices })
}

type Names = Pick<Output, 'format' | 'reference' | 'references' | 'name'>

function describeNames(directory: string, options: OptionValues, add: (message: string) => void): Names {
  if (options.format === 'flat') {
    for (const option of ['tag', 'name'] as const) {
      if (options[option] !== undefined) add(`a flat layout has no entry that could carry --${option}`)
    }
    return { format: 'flat', references: [] }
  }
  const [reference = 'latest', ...references] = new Set(list(options.tag))
  const name = text(options.name) ?? defaultImageName(path.basename(directory).toLowerCase(), reference)
  const { repository, tag } = splitName(name)
  const wrong = [reference, ...references].filter((given) => !isReference(given))
  for (const given of wrong) add(`"${given}" is no reference`)
  if (wrong.length === 0 && (!isRepository(repository) || tag === undefined || !isTag(tag))) {
    add(`"${name}" is no image name: give --name, for example localhost/app:1.0`)
  }
  return { format: 'nested', reference, references, name }
}
