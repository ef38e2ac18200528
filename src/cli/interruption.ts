/** Signals as two wishes: stop after what runs, and stop now. */

export class Interruption {
  readonly #stop = new AbortController()
  readonly #stopNow = new AbortController()
  #signal: NodeJS.Signals | undefined

  get stop(): AbortSignal {
    return this.#stop.signal
  }

  get stopNow(): AbortSignal {
    return this.#stopNow.signal
  }

  /** The first signal that came. */
  get signal(): NodeJS.Signals | undefined {
    return this.#signal
  }

  /** Stops everything now for another reason than a signal. */
  abort(): void {
    this.#stop.abort()
    this.#stopNow.abort()
  }

  /** SIGINT once: let the running tasks end; again, or any other signal (no one waits for long then): now. */
  receive(signal: NodeJS.Signals): void {
    const repeated = this.#signal !== undefined
    this.#signal ??= signal
    // First the stronger wish, so that nobody is told of the weaker one.
    if (repeated || signal !== 'SIGINT') this.#stopNow.abort()
    this.#stop.abort()
  }
}
