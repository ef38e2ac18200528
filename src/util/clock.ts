/** Times of files. */

/**
 * ms within which two changes may have the same time: kernels count in ticks of up to 10 ms, and file systems without
 * fractions of a second in steps of up to 2 s.
 */
export function granularity(time: number): number {
  return time % 1000 === 0 ? 2000 : 20
}
