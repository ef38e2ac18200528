/** The operands of `mab merge`: layouts and archives, and the platforms whose images they hold. */
import path from 'node:path'
import type { Notice } from '../execute/event.js'
import { openLayout, type Layout } from '../oci/layout.js'
import { formatPlatform, matchKey, parsePlatform, reconcilePlatform, type Platform } from '../oci/platform.js'
import { listImages, selectImage, type Listing } from '../oci/select.js'
import type { TargetPlatform } from '../targets/target.js'
import { exists, realPath } from '../util/fs.js'
import { quote } from '../util/shell.js'
import { ok, type LayoutProblem, type Problem, type Result } from '../util/problem.js'
import type { Io } from './io.js'
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
      const platform = stated ?? describedPlatform(image.platform, image.descriptor.platform)
      const parsed = parsePlatform(formatPlatform(platform))
      if ('error' in parsed) {
        const what = `the image config says ${formatPlatform(platform)}`
        usage(`${operand}: ${what}, and ${parsed.error}; LAYOUT=PLATFORM says another spelling of it`)
        continue
      }
      const source = {
        kind: 'layout' as const,
        path: { root: io.cwd, pattern: file },
        ...(reference === undefined ? {} : { reference }),
      }
      const twin = found.find((other) => matchKey(other.entry.platform) === matchKey(platform))
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

/** What can be done about it here, where there is no config. */
function withNext(problem: LayoutProblem, file: string): LayoutProblem {
  if (problem.code === 'layout-unreadable' && problem.next === undefined) {
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

/** As `mab run` has it for a config that names the architecture: no variant on the image's account but that of `arm`. */
function describedPlatform(image: Platform, described: Platform | undefined): Platform {
  const { variant: _, ...bare } = image
  return described === undefined ? (reconcilePlatform(bare, image) ?? image) : image
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
