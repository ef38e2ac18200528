/** The wording of what goes wrong with finding an image. */
import { unreachable, type DiscoverProblem } from '../../problem/problem.js'
import { neededBy, type Show, type Wording } from './wording.js'

export function wordDiscoverProblem(problem: DiscoverProblem, show: Show): Wording {
  switch (problem.code) {
    case 'layout-not-found':
      return {
        headline: `no OCI layout of ${problem.target} for ${problem.platform}`,
        details: problem.looked.map(({ place, found }) => `${show(place)}: ${found}`),
        next: nextForMissingLayout(problem),
      }
    case 'image-shared':
      return {
        headline: `${sharers(problem, show)} have one ${problem.place}: each overwrites what the other makes`,
        details: neededBy(problem.images),
        next: 'give each multiconfig of each build directory a TMPDIR of its own, and no deploy directory outside of it: TMPDIR = "${TOPDIR}/tmp-${BB_CURRENT_MC}" in its conf/multiconfig/*.conf',
      }
    case 'no-oci-type':
      return {
        headline: `${problem.target}: BitBake makes no OCI image for "${problem.platformKey}"`,
        details: [
          `expected: 'oci' in IMAGE_FSTYPES of ${problem.recipe}`,
          `found: IMAGE_FSTYPES is "${problem.types}"`,
        ],
        next: `set IMAGE_FSTYPES = "container oci" in the recipe, before it inherits image and image-oci (meta-virtualization), or in a bbappend; if another class makes the layout, name it in the config: the platform's \`layout\``,
      }
    case 'layout-outdated':
      return wordOutdatedLayout(problem, show)
    case 'layout-ambiguous':
      return {
        headline: `several OCI layouts of ${problem.target} for ${problem.platform}`,
        details: problem.candidates.map(show),
        next: "say which: set the target's `reference` or the platform's `machine` or `layout`",
      }
    case 'platform-disagrees': {
      const [who, says] = problem.config === undefined ? ['image config', problem.image] : ['config', problem.config]
      return {
        headline: `${problem.target}: the ${who} says ${says} for "${problem.platformKey}", and BitBake ${problem.machine}`,
        details: [`BitBake: ${problem.by}`],
        next:
          problem.config === undefined
            ? 'correct OCI_IMAGE_ARCH and OCI_IMAGE_SUBARCH of the recipe, or the MACHINE of the multiconfig'
            : "correct the platform's `platform` or `multiconfig` in the config, or MACHINE in the multiconfig",
      }
    }
    case 'platform-refused':
      return {
        headline: `${problem.target}: the image of "${problem.platformKey}" cannot go into an index: ${problem.reason}`,
        details: [`BitBake: ${problem.by}`],
        next: 'build it for another tune (DEFAULTTUNE), or leave the platform out of the target',
      }
    case 'platform-unknown':
      return {
        headline: `${problem.target}: nothing says the platform of "${problem.platformKey}"`,
        details: [`found: ${problem.reason}`],
        next: `set \`platform\` of "${problem.platformKey}" in the config, for example 'linux/arm/v7'`,
      }

    default:
      return unreachable(problem)
  }
}

function nextForMissingLayout({
  request,
  asked,
  answer,
}: Extract<DiscoverProblem, { code: 'layout-not-found' }>): string {
  if (request === undefined) return 'make the layout first, or correct `source.path`'
  const { multiconfig, recipe, task } = request
  const name = multiconfig === '' ? recipe : `mc:${multiconfig}:${recipe}`
  const elsewhere = `if it deploys to another place (bitbake-getvar -r ${name} DEPLOY_DIR_IMAGE), set the platform's \`machine\`, \`deployDirectory\` or \`layout\``
  if (!asked) return `run without --no-build, so that BitBake makes it; ${elsewhere}`
  if (task !== 'image_complete')
    return `do_${task} may not deploy: leave out \`task\` (image_complete does); ${elsewhere}`
  const clean = `'bitbake -c cleansstate ${name}'`
  if (answer !== undefined) {
    return `BitBake takes do_${task} for done, but the image is not in ${answer.deployDirectory}: it was deleted, or a build was interrupted that had removed it to deploy another one. Have it made again with 'rm ${answer.stamp}.do_*' (OpenEmbedded also has ${clean}), and run again`
  }
  return `BitBake takes do_${task} for done: if its deploy directory was deleted or a build was interrupted, ${clean} and run again; ${elsewhere}`
}

function wordOutdatedLayout(
  { target, platform, link, to, newer, asked, tag }: Extract<DiscoverProblem, { code: 'layout-outdated' }>,
  show: Show,
): Wording {
  const says = tag === undefined ? '' : ` (BitBake says OCI_IMAGE_TAG "${tag}")`
  const layout = `ln -sfn ${newer} ${show(link)}`
  return {
    headline: `${target}: the layout for ${platform} is not the newest one in its directory`,
    details: [`expected: ${show(link)} points to ${newer}${says}`, `found: it points to ${to}`],
    next: `${asked ? '' : 'run without --no-build, so that BitBake says which one is meant; or '}if ${newer} is the image, run '${layout}'; if ${to} is, name it in the config: the platform's \`layout\``,
  }
}

/** Each with its build directory, where there are two. */
function sharers({ requests }: Extract<DiscoverProblem, { code: 'image-shared' }>, show: Show): string {
  const several = new Set(requests.map(({ directory }) => directory)).size > 1
  return requests
    .map(({ request, directory }) => (several ? `${request} in ${show(directory)}` : request))
    .join(' and ')
}
