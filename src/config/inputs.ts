/** Which files a bundled config hangs on, from what esbuild says of how it found each. */
import path from 'node:path'
import type { Bundle } from './bundle.js'

/** A config that can be evaluated again without being compiled again. */
export interface ReusableConfig {
  readonly code?: string
  /** Every file that `code` depends on, also those that were looked for in vain. Absolute. */
  readonly inputs?: readonly string[]
}

/** The code and its inputs, unless some of them cannot be told. */
export function reusable({ code, report }: Bundle, file: string): ReusableConfig {
  const inputs = inputsOf(report)
  // `import('./targets/*.ts')`: what esbuild finds for a pattern is not in the report. Nor is anything in that of
  // another version which words it otherwise.
  if (code.includes('__glob(') || !inputs.has(file)) return {}
  // Lines of errors are told by compiling anew.
  return { code: code.replace(/\/\/# sourceMappingURL=\S*\s*$/, ''), inputs: [...inputs] }
}

function inputsOf(report: string): Set<string> {
  const inputs = new Set<string>()
  let directory = ''
  for (const line of report.split('\n')) {
    const [, said = '', quoted = '', how = ''] = /^ +([A-Z][A-Za-z0-9 ]*?) ("(?:[^"\\]|\\.)*")(.*)$/.exec(line) ?? []
    if (quoted === '') continue
    const name = unquote(quoted)
    if (said === 'Attempting to load') {
      directory = how === ' as a directory' ? name : path.dirname(name)
      inputs.add(name)
    } else if (said === 'Checking for file') inputs.add(path.join(directory, name))
    else if (/^Read \d+ entries for directory$/.test(said)) {
      for (const ruling of ['package.json', 'tsconfig.json']) inputs.add(path.join(name, ruling))
    } else if (path.isAbsolute(name)) inputs.add(name)
  }
  return inputs
}

/** As Go quotes it, which is as JSON does but for what hardly any name holds. */
function unquote(text: string): string {
  try {
    return JSON.parse(text) as string
  } catch {
    return ''
  }
}
