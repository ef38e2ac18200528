/** What every view of a run is. */
import type { Event } from '../execute/event.js'

export interface Renderer {
  handle(event: Event): void
  /** After the last event: resolves when all is shown. */
  end(): Promise<void>
}
