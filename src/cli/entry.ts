/**
 * What `mab` starts: CommonJS, because that starts quicker, and small, because all else waits behind an `import()`.
 */
import { writeSync } from 'node:fs'
import module from 'node:module'
import { version } from './version.js'

const argv = process.argv.slice(2)
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
  try {
    // Not process.stdout, which takes as long to make as the rest of the start.
    writeSync(1, `${version}\n`)
  } catch {
    process.exitCode = 1
  }
} else {
  // Node 22 and later keep compiled code between runs.
  const { enableCompileCache } = module as { enableCompileCache?: () => void }
  enableCompileCache?.()
  void import('./main.js').then(({ main }) => main(argv))
}
