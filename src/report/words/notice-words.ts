/** The wording of what is worth knowing, though nothing failed. */
import type { Notice } from '../../problem/notice.js'
import { count } from '../../util/format.js'
import { unreachable } from '../../problem/problem.js'
import { wordWaiting } from './lock-words.js'
import type { Show } from './wording.js'

/** Of BitBake, below a notice that counts them. */
const shownWarnings = 5
/** Characters of each: the log has it whole. */
const shownLength = 240

function cut(text: string): string {
  return text.length > shownLength ? `${text.slice(0, shownLength)}…` : text
}

export function wordNotice(notice: Notice, show: Show): string {
  switch (notice.code) {
    case 'layout-passed-over':
      return `${show(notice.place)} is no readable layout (${notice.found}): ${show(notice.taken)} is taken instead`
    case 'bitbake-silent':
      return `BitBake does not say where ${notice.recipes.join(', ')} deploys (${show(notice.log)}): looking by convention`
    case 'bitbake-warnings': {
      const shown = notice.warnings.slice(0, shownWarnings).map((warning) => `\n  ${cut(warning)}`)
      const more = notice.warnings.length - shown.length
      return `${count(notice.count, 'warning')} of BitBake, in ${show(notice.log)}${shown.join('')}${more > 0 ? `\n  and ${more} more` : ''}`
    }
    case 'bitbake-errors-accepted': {
      const shown = notice.errors.map((error) => `\n  ${cut(error)}`)
      return `all tasks succeeded, and BitBake reported what \`build.acceptErrors\` accepts (${show(notice.log)}):${shown.join('')}`
    }
    case 'bitbake-tainted':
      return `forced at some time (bitbake -f or -C), so that its hash is nobody else's: ${notice.tasks.join(', ')}; 'bitbake -c clean' of the recipe ends that, or removing the .taint file beside its stamps`
    case 'sources-match-nothing':
      return `the sources pattern "${notice.pattern}" matches no file`
    case 'waiting-for-lock':
      return wordWaiting(notice, show)
    case 'waiting-for-bitbake': {
      const [whose, how] = notice.detached
        ? ['a BitBake whose client is gone', 'it ends by itself']
        : ['another BitBake', 'Ctrl-C where it was started stops it']
      return `waiting for ${whose} to finish in ${show(notice.directory)} (process ${notice.pid}); ${how}`
    }
    case 'attestations-dropped':
      return `${count(notice.count, 'attestation')} of the image for ${notice.platform} left out of ${notice.target}: \`output.attestations: 'keep'\` keeps them (mab merge: --attestations keep)`
    case 'attestations-stray':
      return `${count(notice.count, 'attestation')} in ${show(notice.layout)} left out: the image that it describes is not in the layout`
    case 'manifests-absent':
      return `${show(notice.layout)} lists ${notice.absent.join(', ')}, and the blob is absent: left out`
    case 'garbage-kept':
      return `blobs of earlier images stay in ${show(notice.directory)}: ${notice.found}`
    default:
      return unreachable(notice)
  }
}
