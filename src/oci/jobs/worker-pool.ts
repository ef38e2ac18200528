/**
 * Doing jobs in several threads: this one, and workers as soon as there is enough to do for them. A worker takes 40 ms
 * to begin, in which this thread hashes 50 MiB (docs/performance.md).
 */
import os from 'node:os'
import { Worker } from 'node:worker_threads'
import { performJob, sizeOf, type Job, type JobResults, type ResultOf } from './job.js'
import type { Answer } from './worker.js'

const MiB = 1024 * 1024

/** Bytes that must be waiting for one more worker to be started. */
const worthAWorker = 64 * MiB
/** Bytes that a worker is given ahead, so that it need not wait until this thread has a turn for it. */
const ahead = 16 * MiB
/** More threads than this wait for the memory's bandwidth. */
const maximumThreads = 4

interface Assignment {
  readonly job: Job
  readonly signal: AbortSignal | undefined
  resolve(result: JobResults[keyof JobResults]): void
  reject(error: unknown): void
}

interface Hand {
  readonly worker: Worker
  /** In the order in which they were sent and will be answered. */
  readonly assigned: Assignment[]
}

const queue: Assignment[] = []
const hands: Hand[] = []
let maximumHands = Math.min(os.availableParallelism(), maximumThreads) - 1
const watched = new WeakSet<AbortSignal>()
let scheduled = false
let busy = false

/**
 * Does the job, in whatever thread has time first.
 * @throws what the job throws; AbortError when `signal` is aborted before it is done.
 */
export function assign<J extends Job>(job: J, signal?: AbortSignal): Promise<ResultOf<J>> {
  if (signal !== undefined) watch(signal)
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason)
    const assignment: Assignment = { job, signal, resolve: resolve as Assignment['resolve'], reject }
    queue.push(assignment)
    if (scheduled) return
    scheduled = true
    // Not at once: whoever has one job for us may have more.
    setImmediate(() => {
      scheduled = false
      distribute()
    })
  })
}

/** One listener, however many jobs: Node warns of more than ten. */
function watch(signal: AbortSignal): void {
  if (watched.has(signal)) return
  watched.add(signal)
  signal.addEventListener('abort', () => drop(signal), { once: true })
}

function distribute(): void {
  const waiting = queue.reduce((sum, { job }) => sum + sizeOf(job), 0)
  for (let worth = Math.floor(waiting / worthAWorker); worth > 0 && hands.length < maximumHands; worth--) hire()
  for (const hand of hands) {
    while (queue.length > 0 && hand.assigned.reduce((sum, { job }) => sum + sizeOf(job), 0) < ahead) {
      send(hand, queue.shift()!)
    }
  }
  if (busy) return
  const own = queue.shift()
  if (own === undefined) return
  busy = true
  void performJob(own.job, own.signal)
    .then(own.resolve, own.reject)
    .finally(() => {
      busy = false
      distribute()
    })
}

function hire(): void {
  const hand: Hand = { worker: new Worker(new URL('./worker.js', import.meta.url)), assigned: [] }
  const { worker } = hand
  worker.unref()
  worker.on('message', (answer: Answer) => {
    const assignment = hand.assigned.shift()
    if (hand.assigned.length === 0) worker.unref()
    if ('result' in answer) assignment?.resolve(answer.result)
    else assignment?.reject(Object.assign(new Error(answer.error.message), answer.error))
    distribute()
  })
  worker.on('error', () => {
    // It could not be started, or has no memory left: what it was to do is done without it.
    maximumHands = 0
    dismiss(hand)
    distribute()
  })
  hands.push(hand)
}

function send(hand: Hand, assignment: Assignment): void {
  hand.worker.ref()
  hand.assigned.push(assignment)
  hand.worker.postMessage(assignment.job)
}

/** What it had to do goes back to the others. */
function dismiss(hand: Hand): void {
  if (!hands.includes(hand)) return
  hands.splice(hands.indexOf(hand), 1)
  queue.unshift(...hand.assigned.splice(0))
  void hand.worker.terminate()
}

/** Ends all that is done for `signal`: with a thread that is at it, as nothing else stops it. */
function drop(signal: AbortSignal): void {
  const at = hands.filter(({ assigned }) => assigned.some((assignment) => assignment.signal === signal))
  for (const hand of at) dismiss(hand)
  const dropped = queue.filter((assignment) => assignment.signal === signal)
  queue.splice(0, Infinity, ...queue.filter((assignment) => assignment.signal !== signal))
  for (const assignment of dropped) assignment.reject(signal.reason)
  distribute()
}
