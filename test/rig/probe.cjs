/**
 * Preloaded into every Node of a command: notes which blobs are opened for reading, whether more of mab than its start
 * was needed, and every call of BitBake, in the file that PROBE names. PROBE_BOOT takes the place of the kernel's boot.
 */
const fs = require('node:fs')
const { syncBuiltinESMExports } = require('node:module')
const path = require('node:path')

const program = path.basename(process.argv[1] ?? '')
const [read, seen] = [[], new Set()]
const note = (file) => {
  if (typeof file !== 'string') return
  if (file.includes('/blobs/')) read.push(`sha256:${path.basename(file)}`)
  seen.add(path.basename(file))
}
const { openSync, readFileSync, appendFileSync } = fs
fs.openSync = (file, flags, ...rest) => {
  const isReading = typeof flags === 'number' ? (flags & 3) === fs.constants.O_RDONLY : (flags ?? 'r') === 'r'
  if (isReading) note(file)
  return openSync(file, flags, ...rest)
}
fs.readFileSync = (file, ...rest) => {
  note(file)
  if (file === '/proc/sys/kernel/random/boot_id' && process.env.PROBE_BOOT) return process.env.PROBE_BOOT
  return readFileSync(file, ...rest)
}
syncBuiltinESMExports()
process.on('exit', () => {
  // Only the whole program looks at what is verified.
  const entry = { program, whole: seen.has('verified.json'), read, argv: process.argv.slice(2) }
  appendFileSync(process.env.PROBE, `${JSON.stringify(entry)}\n`)
})
