/** Work that keeps the thread, and still lets others have their turn. */

/** Milliseconds: a view that comes so much later, or a Ctrl-C, is not felt. */
const longest = 20

let since = performance.now()

/** Gives signals, timers and the view their turn, when they have had none for some time; costs nothing else. */
export function breathe(): Promise<void> | undefined {
  if (performance.now() - since < longest) return undefined
  return new Promise((resolve) => {
    setImmediate(() => {
      since = performance.now()
      resolve()
    })
  })
}
