/**
 * What `mab` starts: CommonJS, because that starts quicker, and small, because all else waits behind an `import()`. The
 * start of `mab run` is in the same file, and runs only when it is asked for.
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
  // Node 22 and later keep compiled code between runs.
  const { enableCompileCache } = process.getBuiltinModule('node:module') as { enableCompileCache?: () => void }
  enableCompileCache?.()
  const { main } = await import('./main.js')
  await main(argv, evaluated)
}
