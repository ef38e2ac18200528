/** Writing without `process.stdout`, which takes as long to make as the rest of the start. */
import { writeSync } from 'node:fs'

export function say(stream: 1 | 2, text: string): void {
  const bytes = Buffer.from(text)
  try {
    for (let written = 0; written < bytes.length;) {
      try {
        written += writeSync(stream, bytes, written)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
        // A pipe that is full and does not block: Node waits for it.
        const rest = bytes.subarray(written)
        const open = stream === 1 ? process.stdout : process.stderr
        open.on('error', (late) => fail(stream, late)).write(rest)
        return
      }
    }
  } catch (error) {
    fail(stream, error as Error)
  }
}

/** A reader that went away is no failure; anything else is, since what was asked for does not arrive. */
function fail(stream: 1 | 2, error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') return
  process.exitCode = 1
  if (stream === 1) say(2, `error: cannot write: ${error.message.replace(/, \w+$/, '')}\n`)
}
