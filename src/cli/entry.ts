/**
 * What `mab` starts: CommonJS, because that starts quicker, and small, because all else waits until it is asked for.
 * The start of `mab run` is in the same file, and so is the loading of the program.
 */
import { say } from '../start/say.js'
import { version } from './version.js'

void start(process.argv.slice(2))

async function start(argv: readonly string[]): Promise<void> {
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) return say(1, `${version}\n`)
  let evaluated
  if (argv[0] === 'run') {
    const { tryStart } = await import('../start/start.js')
    const started = await tryStart(argv, version)
    if (started === 'done') return
    evaluated = started
  }
  const { loadProgram } = await import('./load-program.js')
  const { program, keep } = loadProgram(`${__dirname}/main.cjs`, argv[0])
  await program.main(argv, evaluated)
  if (process.exitCode === 0) keep()
}
