import { formatPlatform } from '../oci/platform.js'
import type { Task } from '../plan/task.js'
import { unreachable } from '../problem/problem.js'

/** `merge hello linux/arm64`, in the words of the plan. */
export function taskTitle(task: Task): string {
  switch (task.kind) {
    case 'bitbake':
      return `bitbake ${task.id.slice('bitbake:'.length)}`
    case 'discover':
    case 'merge': {
      const platform = task.platform === undefined ? task.platformKey : formatPlatform(task.platform)
      return `${task.kind} ${task.target} ${platform}`
    }
    case 'index':
    case 'verify':
    case 'archive':
      return `${task.kind} ${task.target}`
    default:
      return unreachable(task)
  }
}
