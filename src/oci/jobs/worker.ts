/** The other end of `crew.ts`: a thread that does jobs, one after the other, in the order in which they come. */
import { errorCode } from '../../util/fs.js'
import { parentPort } from 'node:worker_threads'
import { performJob, type Job, type JobResults } from './job.js'

/** Errors lose all but their message on the way to another thread. */
export interface SentError {
  readonly message: string
  readonly name: string
  readonly code?: string
  readonly syscall?: string
  readonly path?: string
}

export type Answer = { readonly result: JobResults[keyof JobResults] } | { readonly error: SentError }

let last: Promise<void> = Promise.resolve()

parentPort?.on('message', (job: Job) => {
  last = last.then(async () => parentPort?.postMessage(await answer(job)))
})

async function answer(job: Job): Promise<Answer> {
  try {
    return { result: await performJob(job) }
  } catch (error) {
    if (!(error instanceof Error)) return { error: { name: 'Error', message: String(error) } }
    const code = errorCode(error)
    const { name, message, syscall, path } = error as NodeJS.ErrnoException
    return {
      error: {
        name,
        message,
        ...(code === undefined ? {} : { code }),
        ...(syscall === undefined ? {} : { syscall }),
        ...(path === undefined ? {} : { path }),
      },
    }
  }
}
