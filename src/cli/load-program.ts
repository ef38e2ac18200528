/**
 * Loading the program with the code that V8 made of it when the same command ran before, which saves a sixth of what a
 * command takes (docs/performance.md). It is kept beside the program: who may write there may change the program.
 */
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Script } from 'node:vm'
import { writeFileAtomic } from '../util/fs.js'
import type * as Program from './program.js'

export interface LoadedProgram {
  readonly program: typeof Program
  /** To be called when the command has done its work, and so has compiled what it needs: keeps that for the next one. */
  keep(): void
}

/** As Node has them for CommonJS. `import()` of a script that comes with compiled code fails on Node 20, so the program gets one from outside. */
const parameters = 'exports, require, module, __filename, __dirname, MAB_IMPORT'

/**
 * @param file the bundle; ASCII
 * @param command each has its own, since each needs other parts
 */
export function loadProgram(file: string, command = ''): LoadedProgram {
  const source = fs.readFileSync(file)
  // A word that is no command never comes to `keep`; no other text becomes a name.
  const name = /^[a-z]+$/.exec(command)?.[0] ?? 'none'
  const kept = join(dirname(file), 'compiled', `${name}-${process.version}-${process.arch}`)
  const cachedData = readCompiled(kept, source, fs.statSync(file).uid)
  const script = new Script(`(function (${parameters}) {${source.toString('latin1')}\n})`, {
    filename: file,
    ...(cachedData && { cachedData }),
  })
  const module = { exports: {} as typeof Program }
  const run = script.runInThisContext() as (...given: readonly unknown[]) => void
  run(module.exports, createRequire(file), module, file, dirname(file), (url: string) => import(url))
  const program = module.exports
  if (cachedData !== undefined && script.cachedDataRejected !== true) return { program, keep: () => {} }
  return {
    program,
    keep: () => {
      try {
        const compiled = script.createCachedData()
        writeFileAtomic(kept, Buffer.concat([digestOf(source, compiled), compiled]))
      } catch {
        // It would only save time.
      }
    },
  }
}

const digestLength = 32

/** V8 itself does not look whether it is damaged or belongs to other code of that length, and crashes. */
function digestOf(source: Buffer, compiled: Buffer): Buffer {
  return createHash('sha256').update(source).update(compiled).digest()
}

/** @param owner of the program */
function readCompiled(file: string, source: Buffer, owner: number): Buffer | undefined {
  try {
    const descriptor = fs.openSync(file, 'r')
    try {
      const { mode, uid } = fs.fstatSync(descriptor)
      if ((mode & 0o022) !== 0 || (uid !== owner && uid !== process.getuid?.())) return undefined
      const bytes = fs.readFileSync(descriptor)
      const compiled = bytes.subarray(digestLength)
      return digestOf(source, compiled).equals(bytes.subarray(0, digestLength)) ? compiled : undefined
    } finally {
      fs.closeSync(descriptor)
    }
  } catch {
    return undefined
  }
}
