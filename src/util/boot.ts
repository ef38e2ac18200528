/** Which boot of the kernel this is: what a power failure takes away shows only after the next one. */
import fs from 'node:fs'

let known: string | null | undefined

/** Returns a random text that the kernel makes at each boot (random(4)), or null where it has none: only Linux does. */
export function bootId(): string | null {
  if (known === undefined) {
    try {
      known = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
    } catch {
      known = null
    }
  }
  return known
}
