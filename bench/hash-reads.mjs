/** hash-reads.mjs FILE BYTES [COPY]: hashes a file in reads of so many bytes, and writes them to COPY on the way. */
import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync, writeSync } from 'node:fs'

const [file, bytes, copy] = process.argv.slice(2)
const source = openSync(file)
const target = copy === undefined ? undefined : openSync(copy, 'w')
const hash = createHash('sha256')
const buffer = Buffer.allocUnsafe(Number(bytes))
for (;;) {
  const read = readSync(source, buffer, 0, buffer.length, null)
  if (read === 0) break
  const chunk = buffer.subarray(0, read)
  hash.update(chunk)
  if (target !== undefined) writeSync(target, chunk)
}
closeSync(source)
if (target !== undefined) closeSync(target)
console.log(hash.digest('hex'))
