/** What of mab's environment decides what BitBake builds, as an input of a fingerprint. */
import path from 'node:path'
import { sha256, shortDigest } from '../../../oci/digest.js'
import type { Build } from '../../../targets/target.js'
import { bitbakeVariables } from '../../../util/environment.js'
import { canonicalJson } from '../../../util/json.js'
import type { TaskContext } from '../../handler.js'

/** Whose home it is says nothing of what is built: OE-core leaves both out of its hashes. */
const personal = new Set(['HOME', 'USER'])

/** npm adds these for each script that it runs. */
const ofNpm = /\/(node_modules\/\.bin|node-gyp-bin)$/

/** One digest: the values may be secrets. Variables that the config sets are an input of their own. */
export function environmentOf({ environment: declared }: Build, { options, state }: TaskContext): string {
  const additions = declared['BB_ENV_PASSTHROUGH_ADDITIONS']
  const reaching = Object.entries(bitbakeVariables(options.environment, additions)).filter(
    ([name, value]) => value !== undefined && !personal.has(name) && !Object.hasOwn(declared, name),
  )
  const places = (list: string): string[] =>
    list
      .split(path.delimiter)
      .filter((place) => !ofNpm.test(place))
      .map((place) => state.relative(place))
  const described = reaching.map(([name, value = '']) => [name, /^(BB)?PATH$/.test(name) ? places(value) : value])
  return shortDigest(sha256(canonicalJson(Object.fromEntries(described))))
}
