/** Colour, where it is wanted. */
import { styleText } from 'node:util'

export type Tone = 'good' | 'bad' | 'warn' | 'dim' | 'strong'

export type Style = (tone: Tone, text: string) => string

const formats = { good: 'green', bad: 'red', warn: 'yellow', dim: 'gray', strong: 'bold' } as const

export function makeStyle(color: boolean): Style {
  return (tone, text) => (color ? styleText(formats[tone], text, { validateStream: false }) : text)
}
