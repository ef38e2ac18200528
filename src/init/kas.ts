/** kas files, where they cannot be asked through kas: which of them stand for themselves, and what they build. */
import path from 'node:path'
import { readText } from './text-file.js'

export interface KasFiles {
  /** Those that no other includes first, as given to `readKas` otherwise. */
  readonly files: readonly string[]
  /** In their targets and their BBMULTICONFIG, and in those of the files that they include. */
  readonly multiconfigs: readonly string[]
}

/** @param candidates YAML files, relative to `root`; other files than kas's are passed over */
export function readKas(root: string, candidates: readonly string[]): KasFiles {
  const texts = new Map<string, string>()
  const included = new Set<string>()
  const add = (file: string): void => {
    const text = readText(root, file)
    if (texts.has(file) || !/^header:\s*\n\s+version:/m.test(text)) return
    texts.set(file, text)
    for (const name of includesOf(text)) {
      // Relative to the repository; to the file itself in the first versions of the format.
      for (const other of new Set([name, path.join(path.dirname(file), name)])) {
        if (other === file) continue
        included.add(other)
        add(other)
      }
    }
  }
  for (const file of candidates) add(file)
  const files = candidates.filter((file) => texts.has(file))
  const names = [...texts.values()].flatMap(multiconfigsOf)
  return {
    files: [...files.filter((file) => !included.has(file)), ...files.filter((file) => included.has(file))],
    multiconfigs: [...new Set(names)],
  }
}

/** Local ones of `header.includes`; those of other repositories are mappings. */
function includesOf(text: string): string[] {
  const header = /^header:\n((?:[ \t#].*\n|\n)*)/m.exec(`${text}\n`)?.[1] ?? ''
  const list = /^ +includes:\s*\n((?:\s*(?:-|#|\w+:).*\n)*)/m.exec(header)?.[1] ?? ''
  return [...list.matchAll(/^\s*-\s+["']?([^\s"':#]+\.ya?ml)["']?\s*(?:#.*)?$/gm)].map(([, name]) => name!)
}

function multiconfigsOf(text: string): string[] {
  const targets = [...text.matchAll(/^\s*(?:-|target:)\s+["']?(?:mc|multiconfig):([^:\s"']+):/gm)].map(
    ([, name]) => name!,
  )
  const joined = text.replaceAll(/\\\n\s*/g, ' ')
  const values = [...joined.matchAll(/^\s+BBMULTICONFIG(?::append)?\s*[?+.]*=\s*"([^"]*)"/gm)]
  return [...targets, ...values.flatMap(([, value = '']) => value.split(/\s+/))].filter((name) => name !== '')
}
