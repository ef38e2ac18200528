/** The wording of what goes wrong with BitBake. */
import path from 'node:path'
import type { BitbakeProblem, WantedImage } from '../../problem/bitbake-problem.js'
import { unreachable } from '../../problem/problem.js'
import { wordCause } from './cause-words.js'
import { nameImages, neededBy, type Show, type Wording } from './wording.js'

export function wordBitbakeProblem(problem: BitbakeProblem, show: Show): Wording {
  switch (problem.code) {
    case 'not-a-build-directory': {
      const found =
        problem.found === null ? 'no such directory' : problem.found.slice(0, 8).join(', ') || 'an empty directory'
      return {
        headline: `${show(problem.directory)} is not a BitBake build directory`,
        details: [`expected: ${problem.missing} in it`, `found: ${found}`],
        next: "set `build.directory` to the directory with conf/local.conf and conf/bblayers.conf, or make it with '. oe-init-build-env'",
      }
    }
    case 'init-failed':
      return {
        headline: `cannot set up BitBake by ${show(problem.script)}`,
        details: problem.found.split('\n'),
        next: 'correct `build.init` and `build.directory`, or run mab in a shell that was initialised by hand',
      }
    case 'build-directory-name':
      return {
        headline: `BitBake cannot build in ${problem.directory}`,
        details: ['expected: a path without spaces and colons', `found: ${problem.found}`],
        next: 'move the build directory to such a path',
      }
    case 'build-directory-not-writable':
      return {
        headline: `BitBake cannot write in ${show(problem.directory)}`,
        details: ['expected: a build directory of the user who runs mab', `found: ${problem.found}`],
        next: `run mab as the owner of the build directory (ls -ld ${show(problem.directory)}), or give it to this user`,
      }
    case 'build-directory-busy': {
      const client = problem.detached ? ', whose client is gone: it ends by itself' : ''
      return {
        headline: `another BitBake is at work in ${show(problem.directory)}`,
        details: [`its server is process ${problem.pid}${client}`],
        next: 'let it finish (--wait says how long mab waits for it), or stop it with Ctrl-C where it was started',
      }
    }
    case 'command-not-found':
      return {
        headline: `cannot start ${problem.command}: ${problem.found}`,
        details: [],
        next: `run mab in an initialised shell ('. openembedded-core/oe-init-build-env build'), or set \`build.command\` to BitBake's path`,
      }
    case 'unknown-multiconfig': {
      const { multiconfig, dependency, declared } = problem
      const localConf = show(path.join(problem.directory, 'conf/local.conf'))
      const place = declared === undefined ? undefined : `${show(declared.file)}:${declared.line}`
      const task = declared?.task === undefined ? 'a task' : declared.task
      return {
        headline: `BitBake knows no multiconfig "${multiconfig}"`,
        details: [
          ...neededBy(problem.images),
          ...(dependency === undefined
            ? []
            : [`the mcdepends of ${task} names it: ${dependency}${place === undefined ? '' : ` (${place})`}`]),
          `expected: BBMULTICONFIG contains "${multiconfig}", and a layer or the build directory has conf/multiconfig/${multiconfig}.conf`,
          ...(problem.known === undefined ? [] : [`found: BBMULTICONFIG is "${problem.known.join(' ')}"`]),
          ...(problem.log === undefined ? [] : [`log: ${show(problem.log)}`]),
        ],
        next:
          dependency === undefined
            ? `add BBMULTICONFIG += "${multiconfig}" to ${localConf}, or correct \`multiconfig\` in the config`
            : `add BBMULTICONFIG += "${multiconfig}" to ${localConf}, or correct the mcdepends ${place === undefined ? "('grep -rn mcdepends' in the layers finds it)" : `at ${place}`}`,
      }
    }
    case 'unknown-recipe': {
      const matches = closeMatches(problem.closeMatches)
      return {
        headline: `no recipe provides "${problem.recipe}"`,
        details: [
          ...neededBy(problem.images),
          ...matches,
          ...(problem.reason === undefined ? [] : [`BitBake says: ${problem.reason}`]),
          `log: ${show(problem.log)}`,
        ],
        next: /was skipped/.test(problem.reason ?? '')
          ? 'it does not take this configuration (COMPATIBLE_MACHINE, a feature): take the platform out of the target, or correct what it asks for'
          : "correct the target's `recipe`, or add the layer that has it to conf/bblayers.conf",
      }
    }
    case 'unknown-dependency': {
      const { names, chain, reason } = problem
      const quoted = names.slice(0, shownNames).map((name) => `"${name}"`)
      const more = names.length - quoted.length
      const all = `${quoted.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
      return {
        headline: `nothing provides ${all}, needed by other recipes`,
        details: [
          ...affects(problem.images),
          ...(chain === undefined ? [] : [`the way to it: ${chain.join(' -> ')}`]),
          ...closeMatches(problem.closeMatches),
          ...(reason === undefined ? [] : [`BitBake says${names.length > 1 ? ` of "${names[0]}"` : ''}: ${reason}`]),
          `log: ${show(problem.log)}`,
        ],
        next: /was skipped/.test(reason ?? '')
          ? 'see to the reason for which it is skipped, or take what needs it out of the image'
          : 'add the layer that has it to conf/bblayers.conf (the index at layers.openembedded.org finds it), or correct what masks it (BBMASK)',
      }
    }
    case 'unknown-task':
      return {
        headline: `the recipe ${problem.recipe} has no task do_${problem.task} in ${configuration(problem.multiconfig)}`,
        details: [...neededBy(problem.images), ...closeMatches(problem.closeMatches), `log: ${show(problem.log)}`],
        next: "let the recipe inherit image-oci (IMAGE_FSTYPES with 'oci'), or correct the target's `task`",
      }
    case 'bitbake-task-failed': {
      const cause = problem.cause === undefined ? undefined : wordCause(problem.cause, show)
      return {
        headline: `${problem.recipe} do_${problem.task} failed in ${configuration(problem.multiconfig)}`,
        details: [
          ...neededBy(problem.images),
          ...(cause === undefined ? [] : [cause.headline]),
          ...problem.errors.flatMap((error) => error.split('\n')),
          ...(problem.taskOutput ?? []).map((line) => `| ${line}`),
          ...(problem.taskLog === undefined ? [] : [`task log: ${show(problem.taskLog)}`]),
          `BitBake's output: ${show(problem.log)}`,
        ],
        next: cause?.next ?? 'correct it and run again: what has succeeded is not built again',
      }
    }
    case 'bitbake-failed': {
      const cause = problem.cause === undefined ? undefined : wordCause(problem.cause, show)
      const ended = `BitBake ended with ${problem.exit}`
      return {
        headline: cause?.headline ?? ended,
        details: [
          ...affects(problem.images),
          ...(cause === undefined ? [] : [ended]),
          ...problem.errors.flatMap((error) => error.split('\n')),
          `BitBake's output: ${show(problem.log)}`,
        ],
        next: cause?.next ?? 'its output begins with the call: repeat that by hand to look closer',
      }
    }
    case 'bitbake-incomplete':
      return {
        headline: 'BitBake ended with exit code 0, but did not say that it was done',
        details: [
          ...affects(problem.images),
          `expected: ${problem.expected}`,
          `BitBake's output: ${show(problem.log)}`,
        ],
        next: 'run again; a BitBake server that was stopped from outside ends like this',
      }

    default:
      return unreachable(problem)
  }
}

/** Of many names. */
const shownNames = 5

function configuration(multiconfig: string): string {
  return multiconfig === '' ? 'the default configuration' : `multiconfig ${multiconfig}`
}

function affects(images: readonly WantedImage[]): string[] {
  return images.length > 0 ? [`affects: all of ${nameImages(images)}`] : []
}

function closeMatches(names: readonly string[]): string[] {
  return names.length > 0 ? [`close matches: ${names.join(', ')}`] : []
}
