/** Signals as two wishes: stop after what runs, and stop now. */

export class Interruption {
  readonly #stop = new AbortController()
  readonly #stopNow = new AbortController()
  #signal: NodeJS.Signals | undefined
  #expired = false

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

  /** Whether the time that the run was given is over. */
  get expired(): boolean {
    return this.#expired
  }

  /** The time is over: stops everything now. Nothing when a signal came before. */
  expire(): void {
    if (this.#signal !== undefined) return
    this.#expired = true
    this.abort()
  }

  /** Stops everything now for another reason than a signal. */
  abort(): void {
    // First the stronger wish, so that nobody is told of the weaker one.
    this.#stopNow.abort()
    this.#stop.abort()
  }

  /** SIGINT once: let the running tasks end; again, or any other signal (no one waits for long then): now. */
  receive(signal: NodeJS.Signals): void {
    const repeated = this.#signal !== undefined
    this.#signal ??= signal
    if (repeated || signal !== 'SIGINT') this.#stopNow.abort()
    this.#stop.abort()
  }
}
