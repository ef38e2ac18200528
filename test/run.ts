/**
 * Runs the test files, each in a process of its own, and closes what uvu leaves open: a hook that throws, a forgotten
 * `test.run()` and an empty file all exit 0 there, and an open handle hangs for ever. Ends with
 * `N passed, N failed, N skipped`.
 */
import { spawn } from 'node:child_process'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'uvu/parse'

/** ms for one file. */
const timeLimit = Number(process.env['TEST_TIME_LIMIT'] ?? 420_000)
const jobs = Number(process.env['TEST_JOBS'] ?? os.availableParallelism())

interface FileResult {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly reasons: readonly string[]
}

async function runFile(file: string, name: string): Promise<FileResult> {
  const child = spawn(process.execPath, ['--enable-source-maps', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
  })
  const chunks: string[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk.toString()))
  let late = false
  const timer = setTimeout(() => {
    late = true
    child.kill('SIGKILL')
  }, timeLimit)
  const exit = await new Promise<string>((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? String(code)))
  })
  clearTimeout(timer)

  const output = chunks.join('').replaceAll(/\x1b\[[0-9;]*m/g, '')
  const counted = (key: string): number | undefined => {
    const found = [...output.matchAll(new RegExp(`^ {2}${key}:\\s+(\\d+)$`, 'gm'))].at(-1)
    return found === undefined ? undefined : Number(found[1])
  }
  const [total, passed = 0, skipped = 0] = [counted('Total'), counted('Passed'), counted('Skipped')]
  const reasons = [...output.matchAll(/^SKIP (.*)$/gm)].map((match) => match[1]!)
  let failed = (total ?? 0) - passed
  let why = ''
  const fault = (reason: string): void => {
    why = reason
    failed = Math.max(1, failed)
  }
  if (total === undefined) fault('no closing lines')
  else if (total + skipped === 0) fault('no test ran: is .run() missing?')
  else if (failed > 0 && exit === '0') fault('exit 0 though not all passed: did a hook throw?')
  else if (skipped !== reasons.length) fault(`${skipped} tests skipped, ${reasons.length} reasons given`)
  if (late) fault(`still running after ${timeLimit} ms: an open handle?`)
  else if (exit !== '0' && failed === 0) fault(`exit ${exit}`)
  const mark = failed > 0 ? 'FAIL' : 'ok  '
  console.log(`${mark} ${name}: ${passed} of ${total ?? '?'}${why === '' ? '' : ` (${why})`}`)
  for (const reason of reasons) console.log(`     skipped: ${reason}`)
  if (failed > 0) console.log(output)
  return { passed, failed, skipped, reasons }
}

const directory = path.dirname(fileURLToPath(import.meta.url))
/** Parts of names; none: all. */
const patterns = process.argv.slice(2)
const { suites } = await parse(directory, '\\.test\\.js$')
const unknown = patterns.filter((pattern) => !suites.some(({ name }) => name.includes(pattern)))
const chosen = suites
  .filter(({ name }) => patterns.length === 0 || patterns.some((pattern) => name.includes(pattern)))
  .toSorted((a, b) => (a.name < b.name ? -1 : 1))
const results: FileResult[] = []
const queue = [...chosen]
const worker = async (): Promise<void> => {
  for (let suite = queue.shift(); suite !== undefined; suite = queue.shift()) {
    results.push(await runFile(suite.file, suite.name))
  }
}
await Promise.all(Array.from({ length: jobs }, worker))
const sum = (key: 'passed' | 'failed' | 'skipped'): number => results.reduce((total, result) => total + result[key], 0)
// No test at all is a failure, too.
const failed = sum('failed') + Math.max(unknown.length, suites.length === 0 ? 1 : 0)
for (const pattern of unknown) console.log(`no test file matches "${pattern}"`)
console.log(`${sum('passed')} passed, ${failed} failed, ${sum('skipped')} skipped`)
process.exitCode = failed > 0 ? 1 : 0
