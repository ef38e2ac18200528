/** Quantities for people. */

/** `1 blob`, `3 blobs`. */
export function count(quantity: number, noun: string): string {
  return `${quantity} ${noun}${quantity === 1 ? '' : 's'}`
}

/** Binary units, one decimal below 10. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let [value, unit] = [bytes, 0]
  // By the rounded value, so that there is no `1024 KiB` and no `10.0 KiB`.
  while (Math.round(value) >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1]
  return `${unit === 0 || value >= 9.95 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}

/** @param duration in ms */
export function formatDuration(duration: number): string {
  if (duration < 999.5) return `${Math.round(duration)} ms`
  if (duration < 59_950) return `${(duration / 1000).toFixed(1)} s`
  const seconds = Math.round(duration / 1000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}
