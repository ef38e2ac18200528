/** The wording of the reasons for which BitBake gives up: what it is, and what to do about it. */
import type { BitbakeCause } from '../../problem/bitbake-problem.js'
import { unreachable } from '../../problem/problem.js'

export interface CauseWording {
  /** One line without a period. */
  readonly headline: string
  readonly next: string
}

export function wordCause(cause: BitbakeCause, show: (file: string) => string): CauseWording {
  switch (cause.kind) {
    case 'parse-error': {
      const line = cause.line === undefined ? '' : `:${cause.line}`
      return {
        headline: `BitBake cannot parse ${show(cause.file)}${line}`,
        next: `correct it; 'bitbake -p' in the build directory parses everything and builds nothing`,
      }
    }
    case 'multiconfig-file-missing':
      return {
        headline: `there is no conf/multiconfig/${cause.multiconfig}.conf`,
        next: `write it (in the build directory's conf/multiconfig, or in a layer's), or take ${cause.multiconfig} out of BBMULTICONFIG in conf/local.conf`,
      }
    case 'layer-missing':
      return {
        headline: 'a layer is not where conf/bblayers.conf says',
        next: "correct BBLAYERS in conf/bblayers.conf; 'bitbake-layers show-layers' lists what BitBake finds",
      }
    case 'machine-unknown':
      return {
        headline: `no layer knows the machine ${cause.machine}`,
        next: `correct MACHINE in conf/multiconfig/*.conf or conf/local.conf, or add the layer with conf/machine/${cause.machine}.conf to conf/bblayers.conf`,
      }
    case 'layer-incompatible':
      return {
        headline: `the layer ${cause.layer} is for another release: it says ${cause.supports || 'none'}, and the core layer is ${cause.core}`,
        next: `check out the branch of the layer that goes with the core layer (LAYERSERIES_COMPAT_${cause.layer} in its conf/layer.conf names it)`,
      }
    case 'layer-dependency':
      return {
        headline: `the layer ${cause.layer} needs the layer ${cause.needs}, which conf/bblayers.conf does not have`,
        next: `add it ('bitbake-layers add-layer PATH'; BBFILE_COLLECTIONS of a layer's conf/layer.conf is its name), or take out ${cause.layer}`,
      }
    case 'source-missing':
      return {
        headline: `cannot fetch ${cause.url}`,
        next: 'see to the network and its proxy (https_proxy, BB_NO_NETWORK), or have the file in DL_DIR or on a mirror (SOURCE_MIRROR_URL, PREMIRRORS)',
      }
    case 'refused-configuration':
      return {
        headline: "OpenEmbedded's sanity check refuses the configuration",
        next: 'correct what it names, and run again',
      }
    case 'reported-errors':
      return {
        headline: 'every task succeeded, but BitBake reported errors',
        next: 'correct them and run again; if they do not concern the images, name them in `build.acceptErrors`',
      }
    case 'disk-full':
      return {
        headline: 'the disk is full',
        next: 'free space where TMPDIR, DL_DIR and SSTATE_DIR are (df -h; df -i for inodes), or move them; INHERIT += "rm_work" needs less. What is built already is kept',
      }
    case 'watch-limit':
      return {
        headline: 'BitBake cannot watch more files: the limit of inotify is reached',
        next: 'raise it: sudo sysctl -w fs.inotify.max_user_watches=524288',
      }
    case 'program-missing':
      return {
        headline: `not found on PATH: ${cause.programs.join(', ')}`,
        next: `install ${cause.programs.join(' ')} (Debian and Ubuntu: apt-get install ${cause.programs.join(' ')}), or correct PATH`,
      }
    case 'locale-missing':
      return {
        headline: `BitBake needs the locale ${cause.locale}, which this machine lacks`,
        next: "make it: 'localedef -i en_US -f UTF-8 en_US.UTF-8' (Debian and Ubuntu: apt-get install locales first)",
      }
    case 'refused-root':
      return {
        headline: 'OpenEmbedded does not build as root',
        next: 'run mab as an ordinary user to whom the build directory belongs; in a container: its --user option',
      }
    case 'server-died':
      return {
        headline: "BitBake's server was killed while it built",
        next: "if it was for want of memory ('dmesg | grep -i oom' says so), lower BB_NUMBER_THREADS and PARALLEL_MAKE; then run again, what is built is kept",
      }
    case 'worker-died':
      return {
        headline: 'a worker of BitBake was killed while it built',
        next: "if it was for want of memory ('dmesg | grep -i oom' says so), lower BB_NUMBER_THREADS and PARALLEL_MAKE; then run again, what is built is kept",
      }
    case 'server-unreachable':
      return {
        headline: "BitBake's server does not start, or does not answer",
        next: 'see the end of bitbake-cookerdaemon.log in the build directory; when another BitBake holds it, let that one end',
      }
    default:
      return unreachable(cause)
  }
}
