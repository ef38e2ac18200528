/** A config is a program, and may end the process: that must not look like success. */
import { writeSync } from 'node:fs'

/** @returns what is to be called when mab itself comes to its end. */
export function guardExit(exitCode: number): () => void {
  const onExit = (): void => {
    writeSync(2, 'error: mab was ended from within: does the config end the process?\n')
    process.exitCode = exitCode
  }
  process.once('exit', onExit)
  return () => void process.off('exit', onExit)
}
