/**
 * Which platform an image has, by all who know it, in the order of trust: the config, the image config, BitBake. None
 * may contradict another; what an earlier one leaves out, a later one fills in.
 */
import type { Answer } from '../bitbake/query/answer.js'
import { recipeArgument } from '../bitbake/command.js'
import type { SelectedImage } from '../oci/image/select.js'
import { formatPlatform, type Platform } from '../oci/platform.js'
import { agreePlatform, describeMachine } from './yocto-platform.js'
import type { DiscoverTask } from '../plan/task.js'
import type { WantedImage } from '../problem/bitbake-problem.js'
import { fail, ok, type DiscoverProblem, type Result } from '../problem/problem.js'

export interface ExpectedPlatform {
  /** Absent when only the image can say it. */
  readonly platform?: Platform
  /** What to look for in the layout: without a variant when the image config may say which. */
  readonly searched?: Platform
  /** The variants that BitBake allows, when the config does not say one. */
  readonly variants: readonly string[]
}

/** Returns what config and BitBake say together, before any image is looked at: whether there will be one, and for what. */
export function expectImage(task: DiscoverTask, answer: Answer | undefined): Result<ExpectedPlatform, DiscoverProblem> {
  const { source, target, platformKey } = task
  // Where the config names the layout, another class may make it of any type.
  const isNamed = source.kind !== 'bitbake' || source.layout !== undefined
  const types = isNamed ? [] : (answer?.IMAGE_FSTYPES ?? '').split(/\s+/).filter((type) => type !== '')
  if (isNamed || types.length === 0 || types.some((type) => /^oci\b/.test(type))) return expectPlatform(task, answer)
  return fail({ code: 'no-oci-type', target, platformKey, recipe: recipeArgument(source), types: types.join(' ') })
}

function expectPlatform(task: DiscoverTask, answer: Answer | undefined): Result<ExpectedPlatform, DiscoverProblem> {
  const { platform: wanted } = task
  if (answer === undefined || task.source.kind !== 'bitbake') {
    return ok({ variants: [], ...(wanted === undefined ? {} : { platform: wanted, searched: wanted }) })
  }
  const agreed = agreePlatform(wanted, answer)
  const by = describeAnswer(task, answer)
  const { target, platformKey } = task
  if (agreed.ok) {
    const { platform, variants } = agreed
    const { variant: _, ...bare } = platform
    const searched = variants.length > 0 ? bare : platform
    return ok({ platform, searched, variants })
  }
  switch (agreed.why) {
    case 'refused':
      return fail({ code: 'platform-refused', target, platformKey, reason: agreed.reason, by })
    case 'unnamed':
      return fail({ ...unknownPlatform(task), reason: agreed.reason })
    case 'contradiction': {
      const config = formatPlatform(wanted!)
      return fail({ code: 'platform-disagrees', target, platformKey, config, machine: agreed.reason, by })
    }
  }
}

/** By what is known already, right or not. */
export function knownPlatform(task: DiscoverTask, answer: Answer | undefined): Platform | undefined {
  const expected = expectPlatform(task, answer)
  return (expected.ok ? expected.value.platform : undefined) ?? task.platform
}

export function wantedImage(task: DiscoverTask, answer: Answer | undefined): WantedImage {
  const platform = knownPlatform(task, answer)
  return { target: task.target, platform: platform === undefined ? task.platformKey : formatPlatform(platform) }
}

/** The image with the platform that all agree on. */
export function completePlatform(
  image: SelectedImage,
  {
    task,
    answer,
    platform,
    variants,
  }: ExpectedPlatform & { readonly task: DiscoverTask; readonly answer: Answer | undefined },
): Result<SelectedImage, DiscoverProblem> {
  const { architecture, variant } = image.platform
  if (platform === undefined && architecture === 'arm' && variant === undefined) {
    return fail({ ...unknownPlatform(task), reason: 'the image config says arm without a variant' })
  }
  if (variants.length === 0 || platform === undefined) return ok(image)
  if (variant === undefined) return ok({ ...image, platform: { ...image.platform, ...platform } })
  if (variants.includes(variant)) return ok(image)
  const { target, platformKey } = task
  return fail({
    code: 'platform-disagrees',
    target,
    platformKey,
    image: formatPlatform(image.platform),
    machine: formatPlatform(platform),
    by: describeAnswer(task, answer!),
  })
}

export function unknownPlatform({ target, platformKey }: DiscoverTask): {
  readonly code: 'platform-unknown'
  readonly target: string
  readonly platformKey: string
} {
  return { code: 'platform-unknown', target, platformKey }
}

function describeAnswer({ source }: DiscoverTask, answer: Answer): string {
  return source.kind === 'bitbake'
    ? `${recipeArgument(source)}: MACHINE ${answer.MACHINE}, ${describeMachine(answer)}`
    : ''
}
