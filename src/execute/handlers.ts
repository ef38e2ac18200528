/** The handler of each kind of task. */
import type { Task, TaskKind } from '../plan/task.js'
import type { Handler } from './handler.js'
import { archive } from './tasks/archive.js'
import { bitbake } from './tasks/bitbake/task.js'
import { discover } from './tasks/discover.js'
import { index } from './tasks/index-task.js'
import { merge } from './tasks/merge.js'
import { verify } from './tasks/verify.js'

const handlers: { readonly [K in TaskKind]: Handler<K> } = { bitbake, discover, merge, index, verify, archive }

/** TypeScript cannot see that a task and the handler of its kind fit each other. */
export function handlerOf(task: Task): Handler<Task['kind']> {
  return handlers[task.kind] as unknown as Handler<Task['kind']>
}
