/** Calling esbuild's own program, which costs less to start than its JavaScript API, and reading its errors. */
import { spawnSync } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { createRequire, SourceMap, type SourceMapPayload, type SourceMapping } from 'node:module'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { errorText } from '../util/fs.js'
import { fail, ok, type ConfigProblem, type Result } from '../problem/problem.js'

const require = createRequire(import.meta.url)

/** Returns the path of esbuild's own program, or undefined if this installation has none for the machine. */
export function esbuildBinary(): string | undefined {
  // As esbuild itself has it: where its packages are elsewhere (Nix, Bazel).
  if (process.env['ESBUILD_BINARY_PATH'] !== undefined) return process.env['ESBUILD_BINARY_PATH']
  const name = process.platform === 'win32' ? 'esbuild.exe' : 'bin/esbuild'
  try {
    // The platform packages are dependencies of esbuild, and need not be visible from here.
    return createRequire(require.resolve('esbuild')).resolve(`@esbuild/${process.platform}-${process.arch}/${name}`)
  } catch {
    return undefined
  }
}

/** Stands for `import.meta` in a bundle, until `separateMetas` gives each file its own: a name of the same length. */
function metaName(position: number): string {
  return `__mab_import_meta_${String(position).padStart(4, '0')}`
}

const metaBanner = '/* import.meta */'

export interface Bundle {
  readonly code: string
  /** What esbuild says of how it found each file. */
  readonly report: string
}

/** Bundles a config and all that it imports by path into one text. Packages stay outside. */
export function bundle(
  binary: string,
  file: string,
  format: 'cjs' | 'esm',
  logLevel: 'verbose' | 'warning' = 'verbose',
): Result<Bundle, ConfigProblem> {
  // esbuild names files relative to the real path of where it works.
  const directory = realpathSync(path.dirname(file))
  const result = spawnSync(
    binary,
    [
      path.basename(file),
      '--bundle',
      `--format=${format}`,
      '--platform=node',
      `--target=node${process.versions.node.split('.')[0]}`,
      '--packages=external',
      `--alias:multiarch-build=${fileURLToPath(new URL('define.js', import.meta.url))}`,
      `--define:import.meta=${metaName(0)}`,
      `--banner:js=${metaBanner}`,
      '--sourcemap=inline',
      `--source-root=${pathToFileURL(directory + path.sep).href}`,
      '--sources-content=false',
      `--log-level=${logLevel}`,
      '--color=false',
    ],
    { cwd: directory, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 },
  )
  if (result.error !== undefined || result.status === null) {
    const found = result.error === undefined ? `ended by ${result.signal}` : errorText(result.error)
    const chosen = process.env['ESBUILD_BINARY_PATH'] === binary
    return fail({ code: 'compiler-unusable', file, program: binary, found, chosen })
  }
  if (result.status !== 0) {
    // Without what esbuild says of all that is well.
    if (logLevel === 'verbose') return bundle(binary, file, format, 'warning')
    const problems = esbuildProblems(result.stderr, file, directory)
    return { ok: false, problems }
  }
  return ok({ code: separateMetas(result.stdout, directory), report: result.stderr })
}

/** `import.meta` of each bundled file as it would be unbundled; the source map knows which file a name comes from. */
function separateMetas(code: string, directory: string): string {
  if (!code.includes(metaName(0))) return code
  const encoded = code.slice(code.lastIndexOf(';base64,') + ';base64,'.length)
  const map = new SourceMap(JSON.parse(Buffer.from(encoded, 'base64').toString('utf8')) as SourceMapPayload)
  const files: string[] = []
  const separate = code.split('\n').map((text, line) =>
    text.replaceAll(metaName(0), (_name, column: number) => {
      const { originalSource } = map.findEntry(line, column) as SourceMapping
      if (!files.includes(originalSource)) files.push(originalSource)
      return metaName(1 + files.indexOf(originalSource))
    }),
  )
  const metas = files.map((source, position) => {
    const filename = path.resolve(directory, source)
    const meta = { url: pathToFileURL(filename).href, filename, dirname: path.dirname(filename) }
    return `${metaName(1 + position)} = ${JSON.stringify(meta)}`
  })
  return separate.join('\n').replace(metaBanner, () => `var ${metas.join(', ')};`)
}

/** esbuild's own report: `✘ [ERROR] message`, a blank line, `    file:line:column:`, the code frame. */
function esbuildProblems(report: string, file: string, directory: string): ConfigProblem[] {
  const pattern = /^✘ \[ERROR\] (.*)\n\n {4}(.+?):(\d+):(\d+):\n((?: {6}.*\n?)*)/gm
  const problems = [...report.matchAll(pattern)].map(
    ([, message = '', where = '', line, column, frame = '']): ConfigProblem => ({
      code: 'config-broken',
      file: path.resolve(directory, where),
      line: Number(line),
      // esbuild counts columns from 0, editors from 1.
      column: Number(column) + 1,
      message,
      frame: frame.trimEnd().replaceAll(/^ {6}/gm, ''),
    }),
  )
  return problems.length > 0 ? problems : [{ code: 'config-broken', file, message: report.trim() }]
}
