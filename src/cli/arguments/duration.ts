/** Durations on the command line. */

const units = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
/** ms. What a timer of Node can count to, in whole days. */
const longest = 24 * units.d

export const durationSyntax = 'seconds, or a number with s, m, h or d (90s, 30m, 1h30m)'

/** @returns ms; `undefined` for what is no duration, or one beyond 24 days. */
export function parseDuration(text: string): number | undefined {
  if (/^\d+$/.test(text)) return within(Number(text) * units.s)
  if (!/^(\d+[smhd])+$/.test(text)) return undefined
  const parts = [...text.matchAll(/(\d+)([smhd])/g)]
  return within(parts.reduce((sum, [, number, unit]) => sum + Number(number) * units[unit as keyof typeof units], 0))
}

function within(duration: number): number | undefined {
  return duration <= longest ? duration : undefined
}
