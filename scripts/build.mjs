/**
 * Builds dist/: what `mab` starts (mab.cjs), the program and the API as ES modules that share chunks, and the types.
 * Dependencies are bundled, because loading them as hundreds of files costs several times the start of Node; so their
 * licences go along. esbuild stays a dependency: it compiles configs.
 */
import { execFileSync } from 'node:child_process'
import { chmod, readFile, rm, writeFile } from 'node:fs/promises'
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
  external: ['./main.js'],
  banner: { js: '#!/usr/bin/env node' },
})
const bundle = await build({
  ...common,
  entryPoints: {
    main: 'src/cli/main.ts',
    index: 'src/index.ts',
    worker: 'src/oci/worker.ts',
  },
  outdir: 'dist',
  format: 'esm',
  splitting: true,
  chunkNames: 'chunk-[hash]',
  // cosmiconfig asks for `typescript` only to load configs, which it does not do here.
  external: ['esbuild', 'typescript'],
  // Bundled CommonJS calls `require` for Node's own modules.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
})
// Bundled into every config, so it stands alone and does nothing else.
await build({ ...common, entryPoints: { define: 'src/config/define.ts' }, outdir: 'dist', format: 'esm' })
await chmod('dist/mab.cjs', 0o755)
await writeFile('dist/THIRD-PARTY-LICENSES.txt', await licences(Object.keys(bundle.metafile.inputs)))
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' })

async function licences(inputs) {
  const directories = new Set()
  for (const input of inputs) {
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
