/** The wording of the reasons for which a task is not fresh. */
import type { Reason } from '../../plan/reason.js'
import { unreachable } from '../../problem/problem.js'
import type { Show } from './wording.js'

/** Inputs that are neither keys of the config nor variables. */
const inputNames: Readonly<Record<string, string>> = {
  index: 'image index',
  indexJson: 'index.json',
  patterns: '`sources`',
}

export function wordReason(reason: Reason, show: Show): string {
  switch (reason.code) {
    case 'never-done':
      return 'not done before'
    case 'forced':
      return 'forced'
    case 'asks-bitbake':
      return 'only BitBake knows (no `sources` declared)'
    case 'format-changed':
      return `mab's format changed: ${reason.from} -> ${reason.to}`
    case 'input-changed':
      if (reason.input === 'environment') return 'the environment of BitBake changed'
      return `${inputNames[reason.input] ?? reason.input} changed: ${brief(reason.from)} -> ${brief(reason.to)}`
    case 'platform-added':
      return `platform added: ${reason.platform}`
    case 'platform-removed':
      return `platform removed: ${reason.platform}`
    case 'platforms-reordered':
      return `platforms reordered: ${reason.from.join(', ')} -> ${reason.to.join(', ')}`
    case 'manifest-changed':
      return `manifest of ${reason.platform} changed: ${shorten(reason.from)} -> ${shorten(reason.to)}`
    case 'sources-changed': {
      const more = reason.count - reason.files.length
      if (reason.files.length === 0) return 'sources changed'
      return `sources changed: ${reason.files.join(', ')}${more > 0 ? ` (+${more} more)` : ''}`
    }
    case 'output-missing':
      return `missing: ${show(reason.file)}`
    case 'output-altered':
      return `changed since it was written: ${show(reason.file)}`
    case 'output-staged':
      return `not verified yet: ${show(reason.file)}`
    case 'image-missing':
      return `there is no image${reason.platform === undefined ? '' : ` for ${reason.platform}`} that can be taken`
    case 'source-unreadable':
      return `cannot read the source ${reason.file}: ${reason.found}`
    case 'depends':
      return `depends on ${reason.task}`
    default:
      return unreachable(reason)
  }
}

function brief(value: unknown): string {
  if (typeof value === 'string' && /^sha(256|512):[0-9a-f]{64,}$/.test(value)) return shorten(value)
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

function shorten(digest: string): string {
  return digest.slice(0, digest.indexOf(':') + 13)
}
