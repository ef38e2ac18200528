/** What is common to all that is worded. */
import path from 'node:path'
import type { WantedImage } from '../../problem/bitbake-problem.js'
import { quote } from '../../util/shell.js'

export interface Wording {
  /** One line without a period. */
  readonly headline: string
  readonly details: readonly string[]
  /** What to do about it. */
  readonly next?: string
}

/** Shows a path as a user in `cwd` would type it. */
export function pathShower(cwd: string): (file: string) => string {
  return (file) => {
    // From the root a relative path is the absolute one without its slash.
    if (!path.isAbsolute(file) || cwd === path.sep) return file
    const relative = path.relative(cwd, file)
    return relative === '' ? '.' : relative.startsWith('../../..') ? file : relative
  }
}

/** A command of mab's that finds the same config from where the user is. `config`: as `--config` named it. */
export function commandFor(words: string, config: string | undefined): string {
  return config === undefined ? `mab ${words}` : `mab ${words} -c ${quote(config)}`
}

export type Show = (file: string) => string

/**
 * Text from images and programs, without what a terminal would take for a command, and without characters that change
 * how the others are shown and are not seen themselves: those of direction, of no width, and tags (Unicode's category
 * Cf), other ends of lines, and halves of surrogate pairs. Backslashes stay, as they are part of commands to type.
 */
export function visible(text: string): string {
  return text.replaceAll(/(?![\t\n])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => {
    const code = character.codePointAt(0)!.toString(16)
    return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u{${code}}`
  })
}

/** As `visible`, and without what would begin a line of its own. */
export function visibleLine(text: string): string {
  return visible(text).replaceAll('\n', '\\n')
}

export function neededBy(images: readonly WantedImage[]): string[] {
  return images.length > 0 ? [`needed by ${nameImages(images)}`] : []
}

/** `app linux/arm64, linux/amd64; tools linux/arm64` */
export function nameImages(images: readonly WantedImage[]): string {
  const byTarget = new Map<string, string[]>()
  for (const { target, platform } of images) byTarget.set(target, [...(byTarget.get(target) ?? []), platform])
  return [...byTarget].map(([target, platforms]) => `${target} ${platforms.join(', ')}`).join('; ')
}
