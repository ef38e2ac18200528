/** Programs of other platforms that an image holds on purpose, by patterns of their paths. */
export interface AllowedPattern {
  readonly pattern: string
  /** Number of files for other platforms that it matches, in all images. */
  readonly files: number
}

interface Counted {
  readonly pattern: string
  readonly matches: (place: string) => boolean
  files: number
}

/** Counts what each pattern matches. Patterns are those of `sources` in the config, from the root of the image. */
export class AllowedForeign {
  readonly #patterns: readonly Counted[]

  private constructor(patterns: readonly Counted[]) {
    this.#patterns = patterns
  }

  /** @returns `undefined` if there are none. */
  static async of(patterns: readonly string[] = []): Promise<AllowedForeign | undefined> {
    if (patterns.length === 0) return undefined
    const { default: micromatch } = await import('micromatch')
    const made = patterns.map((pattern) => {
      const matches = micromatch.matcher(pattern.replace(/^\/+/, ''), { dot: true })
      return { pattern, matches, files: 0 }
    })
    return new AllowedForeign(made)
  }

  /** Counts a file. @returns the first of its names that no pattern matches. */
  count(names: readonly string[]): string | undefined {
    for (const pattern of this.#patterns) if (names.some(pattern.matches)) pattern.files++
    return names.find((name) => !this.#patterns.some(({ matches }) => matches(name)))
  }

  report(): AllowedPattern[] {
    return this.#patterns.map(({ pattern, files }) => ({ pattern, files }))
  }
}
