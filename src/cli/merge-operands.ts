/** The operands of `mab merge`: layouts and archives, and the platforms whose images they hold. */
import path from 'node:path'
import { openLayout } from '../oci/layout.js'
import { formatPlatform, matchKey, parsePlatform, reconcilePlatform, type Platform } from '../oci/platform.js'
import { listImages } from '../oci/select.js'
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

/** @param output the directory that is to be written. Absolute. */
export function findPlatforms(operands: readonly string[], output: string, io: Io): Result<readonly Found[]> {
  const problems: Problem[] = []
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
    const images = layout.ok ? listImages(layout.value, reference) : layout
    if (!images.ok) {
      problems.push(...images.problems.map((problem) => withNext(problem, file)))
      continue
    }
    if (stated !== undefined && images.value.length !== 1) {
      const platforms = images.value.map(({ platform }) => formatPlatform(platform)).join(', ')
      usage(`${operand}: a platform can be said of one image, and there are several (${platforms})`)
      continue
    }
    for (const image of images.value) {
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
  return problems.length > 0 ? { ok: false, problems } : ok(found.map(({ entry }) => entry))
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
