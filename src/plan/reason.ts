/** Why a task is not fresh, as data; `report/` has the words. */
import type { Json } from '../util/json.js'
import type { TaskId } from './task.js'

export type Reason =
  | { readonly code: 'never-done' }
  | { readonly code: 'forced' }
  /** No `sources`: only BitBake knows whether something changed. */
  | { readonly code: 'asks-bitbake' }
  | { readonly code: 'format-changed'; readonly from: number; readonly to: number }
  | { readonly code: 'input-changed'; readonly input: string; readonly from: Json; readonly to: Json }
  | { readonly code: 'platform-added'; readonly platform: string }
  | { readonly code: 'platform-removed'; readonly platform: string }
  | { readonly code: 'platforms-reordered'; readonly from: readonly string[]; readonly to: readonly string[] }
  | { readonly code: 'manifest-changed'; readonly platform: string; readonly from: string; readonly to: string }
  /** Of `count` files that were changed, added or removed, the first few. */
  | { readonly code: 'sources-changed'; readonly files: readonly string[]; readonly count: number }
  | { readonly code: 'output-missing'; readonly file: string }
  | { readonly code: 'output-altered'; readonly file: string }
  /** An image was written, but not verified and put in place. */
  | { readonly code: 'output-staged'; readonly file: string }
  /** There is no layout with the image, or none that can be taken. */
  | { readonly code: 'image-missing'; readonly platform?: string }
  | { readonly code: 'source-unreadable'; readonly file: string; readonly found: string }
  /** What the task would see depends on a task that is not fresh. */
  | { readonly code: 'depends'; readonly task: TaskId }
