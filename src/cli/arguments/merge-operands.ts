/** The operands of `mab merge`: layouts and archives, and the platforms whose images they hold. */
import path from 'node:path'
import type { Notice } from '../../problem/notice.js'
import { describedPlatform } from '../../oci/image/image.js'
import { openLayout, type Layout } from '../../oci/read/layout.js'
import { judgeConfigPlatform, judgeEntryPlatform } from '../../oci/platform-problem.js'
import {
  formatPlatform,
  isUnmatchable,
  judgePlatform,
  parsePlatform,
  platformId,
  platformOfConfig,
  type Platform,
} from '../../oci/platform.js'
import { listImages, selectImage, type Listing, type SelectedImage } from '../../oci/image/select.js'
import type { TargetPlatform } from '../../targets/target.js'
import { exists, realPath } from '../../util/fs.js'
import { quote } from '../../util/shell.js'
import { ok, type LayoutProblem, type Problem, type Result } from '../../problem/problem.js'
import type { Io } from '../io.js'
import { isIncomplete, layoutOperandGrammar, splitLayoutOperand, type LayoutOperand } from './layout-operand.js'

/** Of skopeo (containers-transports(5)): places of images that are no OCI layout. */
const foreignTransports = new Set([
  'docker',
  'docker-archive',
  'docker-daemon',
  'containers-storage',
  'dir',
  'ostree',
  'sif',
  'tarball',
])

type Found = Omit<TargetPlatform, 'annotations'> & { readonly platform: Platform }

interface FoundPlatforms {
  readonly platforms: readonly Found[]
  /** What of the operands is left out. */
  readonly notices: readonly Notice[]
}

/** @param output the directory that is to be written. Absolute. */
export function findPlatforms(operands: readonly string[], output: string, io: Io): Result<FoundPlatforms> {
  const problems: Problem[] = []
  const leftOut: Notice[] = []
  const usage = (message: string): void => void problems.push({ code: 'usage', message, command: 'merge' })
  const found: { readonly entry: Found; readonly operand: string }[] = []
  for (const operand of operands) {
    const { file, reference, stated } = splitOperand(operand, io.cwd)
    if (stated !== undefined && 'error' in stated) {
      usage(`${operand}: ${stated.error}`)
      continue
    }
    if (isIncomplete({ file, ...(reference === undefined ? {} : { reference }) })) {
      usage(`"${operand}": expected ${layoutOperandGrammar}, then =PLATFORM or nothing`)
      continue
    }
    const transport = /^([a-z-]+):/.exec(file)?.[1]
    if (transport !== undefined && foreignTransports.has(transport) && !exists(path.resolve(io.cwd, file))) {
      usage(
        `${operand} is neither a layout nor an archive: skopeo copy --all ${quote(file)} oci:DIR makes a layout of it`,
      )
      continue
    }
    const location = path.resolve(io.cwd, file)
    if (realPath(location) === realPath(output)) {
      usage(`${file} is the output too: write to another directory`)
      continue
    }
    const layout = openLayout(location)
    const listing = layout.ok ? imagesOf(layout.value, reference, stated) : layout
    if (!listing.ok) {
      problems.push(...listing.problems.map((problem) => withNext(problem, file)))
      continue
    }
    const { images, absent } = listing.value
    if (absent.length > 0) leftOut.push({ code: 'manifests-absent', layout: location, absent: absent.map(nameAbsent) })
    for (const image of images) {
      const platform = stated ?? platformOf(image)
      if (isUnmatchable(judgePlatform(platform))) {
        problems.push(judgeImage(image, images, operand))
        continue
      }
      const source = {
        kind: 'layout' as const,
        path: { root: io.cwd, pattern: file },
        ...(reference === undefined ? {} : { reference }),
      }
      const twin = found.find((other) => platformId(other.entry.platform) === platformId(platform))
      if (twin === undefined) found.push({ entry: { key: formatPlatform(platform), platform, source }, operand })
      else usage(`${twin.operand} and ${operand} are both ${formatPlatform(platform)}`)
    }
  }
  if (problems.length > 0) return { ok: false, problems }
  return ok({ platforms: found.map(({ entry }) => entry), notices: leftOut })
}

/** All images of an operand, or the one of the platform that is said of it. */
function imagesOf(
  layout: Layout,
  reference: string | undefined,
  stated: Platform | undefined,
): Result<Pick<Listing, 'images' | 'absent'>, LayoutProblem> {
  if (stated === undefined) return listImages(layout, reference)
  const image = selectImage(layout, reference, stated)
  return image.ok ? ok({ images: [image.value], absent: [] }) : image
}

function nameAbsent({ descriptor: { platform, digest } }: Listing['absent'][number]): string {
  return platform === undefined ? digest : formatPlatform(platform)
}

function isDescribed({ descriptor }: SelectedImage): boolean {
  return describedPlatform(descriptor) !== undefined
}

/** As `mab run` has it for a config that names the architecture: no variant on the image's account but that of `arm`. */
function platformOf(image: SelectedImage): Platform {
  return isDescribed(image) ? image.platform : platformOfConfig(image.platform)
}

/** Says which platform no client can choose, and how to name the right one for each image of the operand. */
function judgeImage(image: SelectedImage, all: readonly SelectedImage[], operand: string): LayoutProblem {
  const where = { layout: image.layout.path, at: image.at, strict: false }
  const { platform } = image
  const [problem] = isDescribed(image)
    ? judgeEntryPlatform(where, platform)
    : judgeConfigPlatform(where, platform, false)
  if (judgePlatform(platform)?.kind !== 'unreal-variant') return problem!
  const operands = all.map((one) => quote(`${operand}=${formatPlatform(withoutUnrealVariant(platformOf(one)))}`))
  return { ...problem!, next: `name the right platform: mab merge -o DIR ${operands.join(' ')}` }
}

function withoutUnrealVariant(platform: Platform): Platform {
  const { variant: _, ...bare } = platform
  return judgePlatform(platform)?.kind === 'unreal-variant' ? bare : platform
}

/** What can be done about it here, where there is no config. */
function withNext(problem: LayoutProblem, file: string): LayoutProblem {
  if (problem.code === 'layout-unreadable' && problem.next === undefined && problem.remedy === undefined) {
    return {
      ...problem,
      next: 'name a layout or a tar of one: DIR, FILE, oci:DIR:REFERENCE or oci-archive:FILE:REFERENCE',
    }
  }
  return problem.code === 'reference-missing'
    ? {
        ...problem,
        next: `say which image is meant: oci:${file}:REFERENCE, or oci-archive:${file}:REFERENCE of an archive`,
      }
    : problem
}

interface Operand extends LayoutOperand {
  readonly stated?: Platform | { readonly error: string }
}

/** A layout, and `=PLATFORM` behind it, unless a file has that very name. */
function splitOperand(operand: string, cwd: string): Operand {
  if (exists(path.resolve(cwd, operand))) return { file: operand }
  const equals = operand.lastIndexOf('=')
  const place = equals < 0 ? operand : operand.slice(0, equals)
  const platform = equals < 0 ? {} : { stated: parsePlatform(operand.slice(equals + 1)) }
  return { ...splitLayoutOperand(place, cwd), ...platform }
}
