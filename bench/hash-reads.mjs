/** hash-reads.mjs FILE BYTES [COPY]: hashes a file in reads of so many bytes, and writes them to COPY on the way. */
import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'

const [file, bytes, copy] = process.argv.slice(2)
const source = await open(file)
const target = copy === undefined ? undefined : await open(copy, 'w')
const hash = createHash('sha256')
const buffer = Buffer.allocUnsafe(Number(bytes))
for (;;) {
  const { bytesRead } = await source.read(buffer, 0, buffer.length)
  if (bytesRead === 0) break
  const chunk = buffer.subarray(0, bytesRead)
  hash.update(chunk)
  await target?.write(chunk)
}
await source.close()
await target?.close()
console.log(hash.digest('hex'))
