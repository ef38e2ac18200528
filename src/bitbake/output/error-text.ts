/** From an `ERROR:` message of BitBake, tracebacks and all, to the lines that say what is wrong and where. */

const maximumLines = 12
const tracebackBegins = /^Traceback \(most recent call last\):/
const anotherFollows = /^(During handling of the above exception|The above exception was the direct cause)/
/** BitBake's own form: `File: '<file>', lineno: …`, then numbered lines of the file. */
const frame = /^File: '([^']*)', lineno: \d+/
const frameDetail = /^(The stack trace of python calls|\s*(\*\*\* )?\d{4}:)/
const metadata = /\.(bb|bbappend|bbclass|inc|conf)$/

/** OpenEmbedded's sanity check says it before every complaint. */
const preamble = /^\s*(Either fix the cause of this error or|Following is the list of potential problems)/

/** @param lines the message without its prefix, and what followed it */
export function errorText(lines: readonly string[]): string {
  const [first = '', ...rest] = withoutTracebacks(lines).filter(
    (line) => line.trim() !== '' && !frameDetail.test(line) && !preamble.test(line),
  )
  const frames = rest.filter((line) => frame.test(line))
  const place = frames.findLast((line) => metadata.test(frame.exec(line)![1]!)) ?? frames.at(-1)
  const told = rest.filter((line) => line === place || !frame.test(line)).map(withoutModule)
  // The file that it names is BitBake's; the one at fault is in the exception.
  const kept = told.length > 0 && /^Unable to parse \S+\.py$/.test(first) ? told : [first, ...told]
  return kept.slice(0, maximumLines).join('\n').trimStart()
}

/** Of a chain of exceptions the last one is left: it says what the earlier ones meant. */
function withoutTracebacks(lines: readonly string[]): string[] {
  const kept: string[] = []
  let inside = false
  for (const line of lines) {
    if (anotherFollows.test(line)) kept.pop()
    else if (tracebackBegins.test(line)) inside = true
    else if (!inside || /^\S/.test(line)) {
      inside = false
      if (line.trim() !== '') kept.push(line)
    }
  }
  return kept
}

/** `bb.parse.ParseError: ParseError at …` says it twice. */
function withoutModule(line: string): string {
  return line
    .replace(/^bb\.parse\.ParseError: (?=ParseError at )/, '')
    .replace(/^(?:\w+\.)+(?=\w+(?:Error|Exception): )/, '')
}

/** Lines of a stack trace that may be between the start of a program and the exception. */
const framesBetween = 12

/**
 * The program that Python could not start. The same exception is raised for a file that is missing; only the frame of
 * subprocess.py tells them apart.
 */
export function missingProgram(lines: readonly string[]): string | undefined {
  const end = lines.findLastIndex((line) =>
    /FileNotFoundError: \[Errno 2\] No such file or directory: '[^'/]+'/.test(line),
  )
  const starts = lines.slice(Math.max(0, end - framesBetween), end).some((line) => line.includes('_execute_child'))
  return starts ? /'([^'/]+)'/.exec(lines[end]!)?.[1] : undefined
}
