/**
 * Writes what is made from schemas: schemas/*.schema.json, and of the config's src/config/types.ts and docs/config.md.
 * `--check` compares instead and exits 1 where a file is not what would be written.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { build } from 'esbuild'
import { compile } from 'json-schema-to-typescript'
import { format, resolveConfig } from 'prettier'

/** Imports a TypeScript module of the sources. */
const load = async (file) => {
  const options = { entryPoints: [file], bundle: true, write: false, format: 'esm', platform: 'node' }
  const { outputFiles } = await build(options)
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`)
}
const { jsonSchema } = await load('src/config/json-schema.ts')
const { inspectJsonSchema } = await load('src/oci/image/inspect-schema.ts')
const { verifyJsonSchema } = await load('src/oci/verify/verify-schema.ts')

const style = await resolveConfig('src/index.ts')
const types = async (io, name) => {
  const schema = jsonSchema(io)
  delete schema.$schema
  const options = { bannerComment: '', additionalProperties: false, format: false, ignoreMinAndMaxItems: true }
  const code = await compile({ ...schema, title: name }, name, options)
  // So that constants of the user's (`as const`) fit.
  return code.replaceAll('string[]', 'readonly string[]')
}

const files = {
  'schemas/config.schema.json': `${JSON.stringify(jsonSchema('input'), null, 2)}\n`,
  'schemas/inspect.schema.json': `${JSON.stringify(inspectJsonSchema(), null, 2)}\n`,
  'schemas/verify-report.schema.json': `${JSON.stringify(verifyJsonSchema(), null, 2)}\n`,
  'src/config/types.ts': await format(
    `/* Generated from schema.ts by \`npm run generate\`: do not edit. */\n\n${await types('input', 'UserConfig')}\n${await types('output', 'Config')}`,
    { ...style, parser: 'typescript' },
  ),
  'docs/config.md': await format(reference(jsonSchema('input')), { ...style, parser: 'markdown' }),
}

const check = process.argv.includes('--check')
let stale = 0
for (const [file, wanted] of Object.entries(files)) {
  const present = await readFile(file, 'utf8').catch(() => '')
  if (present === wanted) continue
  stale++
  if (check) console.error(`${file} is not what the schema in src/ gives: run \`npm run generate\``)
  else {
    await writeFile(file, wanted)
    console.log(`wrote ${file}`)
  }
}
if (check && stale > 0) process.exitCode = 1

/** The reference page: one row a key, nested keys with their path. */
function reference(schema) {
  const rows = []
  const visit = (node, path) => {
    for (const [key, value] of Object.entries(node.properties ?? {})) {
      if (key === '$schema') continue
      const name = path === '' ? key : `${path}.${key}`
      rows.push(`| \`${name}\` | ${typeOf(value)} | ${defaultOf(value)} | ${cell(value.description ?? '')} |`)
      visit(value, name)
      if (typeof value.additionalProperties === 'object') visit(value.additionalProperties, `${name}.<name>`)
    }
  }
  visit(schema, '')
  return [
    '# Config reference',
    '',
    '<!-- Generated from src/config/schema.ts by `npm run generate`: do not edit. -->',
    '',
    '`mab` looks for `multiarch.config.{ts,mts,js,mjs,json,yaml,yml}` in the working directory and above, up to the first',
    'directory that holds `.git`. `-c/--config` names another file. TypeScript and JavaScript files export the config as',
    'their default: an object, a promise of one, or a function of `{ env }`. JSON and YAML files can name',
    '`schemas/config.schema.json` of the package in `$schema`.',
    '',
    'An unknown key is an error. All paths are relative to the directory of the config file.',
    '',
    '| key | type | default | meaning |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n')
}

function typeOf(value) {
  if (value.enum) return value.enum.map((option) => `\`${option}\``).join(', ')
  if (value.const !== undefined) return `\`${value.const}\``
  if (value.anyOf) return value.anyOf.map(typeOf).join(' or ')
  if (value.type === 'array')
    return value.items.type === 'string' && !value.items.enum ? 'list of strings' : `list of ${typeOf(value.items)}`
  if (value.type === 'object' && typeof value.additionalProperties === 'object') {
    return `map of ${typeOf(value.additionalProperties)}`
  }
  return value.type
}

function defaultOf(value) {
  return value.default === undefined || typeof value.default === 'object' ? '' : `\`${JSON.stringify(value.default)}\``
}

function cell(text) {
  return text.replaceAll('|', '\\|')
}
