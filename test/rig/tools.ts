/** Programs that a test needs and a machine may lack: then the test is skipped, with the reason. */
import { spawnSync } from 'node:child_process'
import type { Test } from 'uvu'

/** Whether the program can be started with `--version`. */
export function hasTool(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0
}

/** Adds the test, or counts it as skipped and says why. */
export function testWith<T>(
  suite: Test<T>,
  missing: string | undefined,
  name: string,
  body: Parameters<Test<T>>[1],
): void {
  if (missing === undefined) suite(name, body)
  else {
    suite.skip(name)
    console.log(`SKIP ${name}: ${missing}`)
  }
}

/** For `testWith`: the first program of the list that is not there. */
export function missingTool(...programs: readonly string[]): string | undefined {
  const program = programs.find((candidate) => !hasTool(candidate))
  return program === undefined ? undefined : `${program} is not installed`
}
