/**
 * Builds dist/: what `mab` starts (mab.cjs), all of the program in one file (main.cjs), the API in front of it, the
 * worker thread, and the types. CommonJS, because V8's compiled code can be kept of it, and because it loads quicker.
 * Dependencies are bundled, because loading them as hundreds of files costs several times the start of Node; so their
 * licences go along. esbuild stays a dependency: it compiles configs.
 */
import { execFileSync } from 'node:child_process'
import { chmod, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { build } from 'esbuild'

const { version } = JSON.parse(await readFile('package.json', 'utf8'))
const common = {
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  define: { MAB_VERSION: JSON.stringify(version) },
  logLevel: 'warning',
  metafile: true,
  legalComments: 'none',
}

await rm('dist', { recursive: true, force: true })
await build({
  ...common,
  entryPoints: { mab: 'src/cli/entry.ts' },
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
  banner: { js: '#!/usr/bin/env node' },
})
const program = await build({
  ...common,
  entryPoints: { main: 'src/cli/program.ts' },
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
  // cosmiconfig asks for `typescript` only to load configs, which it does not do here.
  external: ['esbuild', 'typescript'],
  define: { ...common.define, 'import.meta.url': 'MAB_URL' },
  banner: { js: "const MAB_URL = require('node:url').pathToFileURL(__filename).href;" },
})
// What esbuild leaves in comments and regular expressions: text of ASCII alone is read quicker, and takes half the memory.
const escape = (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
await writeFile('dist/main.cjs', (await readFile('dist/main.cjs', 'utf8')).replaceAll(/[^\0-\x7f]/g, escape))
const { main: _, ...api } = createRequire(import.meta.url)('../dist/main.cjs')
// `import` would first read all of it for the names of its exports.
await writeFile(
  'dist/index.js',
  `import { createRequire } from 'node:module'

export const { ${Object.keys(api).toSorted().join(', ')} } = createRequire(import.meta.url)('./main.cjs')
`,
)
const worker = await build({
  ...common,
  entryPoints: { worker: 'src/oci/jobs/worker.ts' },
  outdir: 'dist',
  format: 'esm',
  splitting: true,
  chunkNames: 'chunk-[hash]',
  // Bundled CommonJS calls `require` for Node's own modules.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
})
// Bundled into every config, so it stands alone and does nothing else.
await build({ ...common, entryPoints: { define: 'src/config/define.ts' }, outdir: 'dist', format: 'esm' })
await chmod('dist/mab.cjs', 0o755)
const inputs = { ...program.metafile.inputs, ...worker.metafile.inputs }
await writeFile('dist/THIRD-PARTY-LICENSES.txt', await licences(Object.keys(inputs)))
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' })

async function licences(files) {
  const directories = new Set()
  for (const input of files) {
    const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)
    if (found) directories.add(found[1])
  }
  const texts = []
  for (const directory of [...directories].toSorted((a, b) => (a < b ? -1 : 1))) {
    const manifest = JSON.parse(await readFile(path.join(directory, 'package.json'), 'utf8'))
    const names = ['LICENSE', 'LICENSE.md', 'LICENCE', 'license', 'license.md', 'LICENSE.txt', 'License']
    let text
    for (const name of names) text ??= await readFile(path.join(directory, name), 'utf8').catch(() => undefined)
    texts.push(
      `${manifest.name} ${manifest.version} (${manifest.license})\n\n${(text ?? `Licensed under ${manifest.license}.`).trim()}\n`,
    )
  }
  return `Third-party software in this package\n\n${texts.join(`\n${'-'.repeat(80)}\n\n`)}`
}
