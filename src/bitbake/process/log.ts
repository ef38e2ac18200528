/** The log of a BitBake invocation: it grows line by line while BitBake runs. */
import { promises as fs } from 'node:fs'
import path from 'node:path'
import { finished } from 'node:stream/promises'

export interface Log {
  readonly file: string
  line(line: string): void
  /** Throws what kept a line from being written: a build goes on without its log, but not unnoticed. */
  close(): Promise<void>
}

export const silentLog: Log = { file: '/dev/null', line: () => {}, close: async () => {} }

/** Makes missing directories; throws when the file exists. */
export async function openLog(file: string): Promise<Log> {
  await fs.mkdir(path.dirname(file), { recursive: true })
  const stream = (await fs.open(file, 'wx')).createWriteStream()
  let failure: Error | undefined
  stream.on('error', (error) => {
    failure ??= Object.assign(error, { path: file })
  })
  return {
    file,
    line: (line) => void (failure === undefined && stream.write(`${line}\n`)),
    close: async () => {
      await finished(stream.end()).catch(() => {})
      if (failure !== undefined) throw failure
    },
  }
}
