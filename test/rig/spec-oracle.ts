/**
 * What image-spec requires of each property, written down from its text (main of 2026-05) and, where the text is silent,
 * from `schema/*.json`. Nothing of `src/` is used: it is what mab's verdicts are compared with.
 */
export interface Rule {
  readonly type: 'string' | 'integer' | 'boolean' | 'array' | 'map' | 'object'
  readonly isRequired?: boolean
  /** Of a string, or of the keys of a map. */
  readonly grammar?: Grammar
  readonly values?: readonly unknown[]
  /** Of an integer. */
  readonly minimum?: number
  /** Of an array or a map. */
  readonly items?: Rule
  /** Of an object. */
  readonly properties?: Readonly<Record<string, Rule>>
  /** config.md: "Any OPTIONAL field MAY also be set to null, which is equivalent to being absent". */
  readonly mayBeNull?: boolean
}

export interface Grammar {
  readonly matches: (text: string) => boolean
  /** Some texts that match and some that do not. */
  readonly samples: readonly string[]
}

/** manifest.md, "Guidance for an Empty Descriptor". */
export const emptyObject = {
  mediaType: 'application/vnd.oci.empty.v1+json',
  digest: 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
  size: 2,
  data: 'e30=',
}

const hex64 = '0123456789abcdef'.repeat(4)

/** RFC 6838, section 4.2. */
const mediaType: Grammar = {
  matches: (text) => {
    const names = text.split('/')
    return (
      names.length === 2 && names.every((name) => /^[a-z0-9][a-z0-9!#$&\-^_.+]*$/i.test(name) && name.length <= 127)
    )
  },
  samples: [
    'x',
    'a/b',
    'a/b/c',
    'a/ b',
    '/b',
    '-a/b',
    'application/x; charset=utf-8',
    'application/vnd.a-b.c_d+json',
    `a/${'b'.repeat(127)}`,
    `a/${'b'.repeat(128)}`,
    'a/ä',
  ],
}

/** descriptor.md, "Digests" and "Registered algorithms". */
const digest: Grammar = {
  matches: (text) => {
    const [algorithm = '', encoded = '', ...more] = text.split(':')
    const isGeneral = /^[a-z0-9]+([+._-][a-z0-9]+)*$/.test(algorithm) && /^[a-zA-Z0-9=_-]+$/.test(encoded)
    if (!isGeneral || more.length > 0) return false
    if (algorithm === 'sha256' || algorithm === 'blake3') return /^[a-f0-9]{64}$/.test(encoded)
    return algorithm === 'sha512' ? /^[a-f0-9]{128}$/.test(encoded) : true
  },
  samples: [
    'x',
    `sha256:${hex64.toUpperCase()}`,
    `sha256:${hex64.slice(1)}`,
    `sha512:${hex64}`,
    `blake3:${hex64}`,
    `blake3:${hex64.slice(1)}`,
    'multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8',
    'sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564',
    `SHA256:${hex64}`,
    'a:b:c',
    '../x:y',
  ],
}

/** RFC 3986, by the parsing of its appendix B and the characters of its appendix A. */
const uri: Grammar = {
  matches: (text) => {
    const [, scheme, authority = '', path = '', query = '', fragment = ''] =
      /^(?:([^:/?#]+):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(text) ?? []
    const only = (part: string, more: string): boolean =>
      Array.from(part.replaceAll(/%[0-9a-f]{2}/gi, '')).every(
        (one) => /[a-z0-9]/i.test(one) || "-._~!$&'()*+,;=:@".includes(one) || more.includes(one),
      )
    return (
      scheme !== undefined &&
      /^[a-z][a-z0-9+.-]*$/i.test(scheme) &&
      only(authority.replace(/\[[0-9a-f:.]+\](:\d*)?$/i, ''), '') &&
      only(path, '/') &&
      only(query, '/?') &&
      only(fragment, '/?')
    )
  },
  samples: [
    'https://example.com/layer',
    'http://u:p@[::1]:8080/a%20b;c?d=/e?#f',
    'urn:isbn:0451450523',
    'not a URI',
    '/relative',
    '//host/path',
    'http://a b',
    'http://x/%zz',
    'http://x/#a#b',
    '1http://x',
    'http://x/ä',
  ],
}

/** RFC 3339, section 5.6. */
const dateTime: Grammar = {
  matches: (text) => {
    const parts = /^(\d{4})-(\d\d)-(\d\d)t(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:z|[+-](\d\d):(\d\d))$/i.exec(text)
    const [, year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, zoneHour = 0, zoneMinute = 0] = (
      parts ?? []
    ).map((part: string | undefined) => Number(part ?? 0))
    if (parts === null || month < 1 || month > 12 || day < 1) return false
    const lastDay = new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate()
    return day <= lastDay && hour <= 23 && minute <= 59 && second <= 60 && zoneHour <= 23 && zoneMinute <= 59
  },
  samples: [
    '2026-01-31T12:00:00Z',
    '2024-02-29T23:59:59.123456789+05:30',
    '2023-02-29T00:00:00Z',
    '2026-01-31t12:00:00z',
    '2016-12-31T23:59:60Z',
    '2026-01-31 12:00:00Z',
    '2026-01-31T12:00:00',
    '2026-01-31T24:00:00Z',
    '2026-01-31T12:00:00,5Z',
    '2026-13-01T12:00:00Z',
    '2026-01-31',
    '1970-01-01T00:00:00+0000',
  ],
}

/** config.md: `VARNAME=VARVALUE`. */
const variable: Grammar = {
  matches: (text) => /^[^=]+=/.test(text),
  samples: ['A=', 'A=b=c', 'A=b\nc', 'A', '=b', '='],
}

/** config.md: `port/tcp`, `port/udp`, `port`. */
const port: Grammar = {
  matches: (text) => {
    const [, number = '0'] = /^(\d+)(?:\/(?:tcp|udp))?$/.exec(text) ?? []
    return Number(number) >= 1 && Number(number) <= 65_535
  },
  samples: [
    '80',
    '80/tcp',
    '53/udp',
    '65535',
    '80/sctp',
    '80/TCP',
    '80-90/tcp',
    '90-80',
    '0',
    '65536',
    'http',
    '80/icmp',
    '',
  ],
}

const string: Rule = { type: 'string' }
const strings: Rule = { type: 'array', items: string }
const integer: Rule = { type: 'integer' }
const annotations: Rule = { type: 'map', items: string }
const needed = (rule: Rule): Rule => ({ ...rule, isRequired: true })
const like = (grammar: Grammar): Rule => ({ type: 'string', grammar })

const platform: Rule = {
  type: 'object',
  properties: {
    architecture: needed(string),
    os: needed(string),
    'os.version': string,
    'os.features': strings,
    variant: string,
    features: strings,
  },
}

/** @param data what `data` may be: the blob in base64, "identical to the referenced content". */
const descriptorWith = (...data: readonly string[]): Rule => ({
  type: 'object',
  properties: {
    mediaType: needed(like(mediaType)),
    digest: needed(like(digest)),
    size: { type: 'integer', isRequired: true, minimum: 0, ...(data.length > 0 && { values: [emptyObject.size] }) },
    urls: { type: 'array', items: like(uri) },
    annotations,
    data: { type: 'string', values: data },
    artifactType: like(mediaType),
    platform,
  },
})
const descriptor = descriptorWith()

const emptyObjects = (grammar?: Grammar): Rule => ({
  type: 'map',
  items: { type: 'object', properties: {} },
  ...(grammar && { grammar }),
})

function document(type: string, properties: Readonly<Record<string, Rule>>): Rule {
  return {
    type: 'object',
    properties: {
      schemaVersion: { type: 'integer', isRequired: true, values: [2] },
      mediaType: { type: 'string', values: [`application/vnd.oci.image.${type}.v1+json`] },
      artifactType: like(mediaType),
      subject: descriptorWith(emptyObject.data),
      annotations,
      ...properties,
    },
  }
}

function nullable(rule: Rule): Rule {
  const { isRequired = false, items, properties = {} } = rule
  const inner = Object.entries(properties).map(([name, property]): [string, Rule] => [name, nullable(property)])
  return {
    ...rule,
    mayBeNull: !isRequired,
    ...(items && { items: { ...nullable(items), mayBeNull: false } }),
    ...(rule.properties && { properties: Object.fromEntries(inner) }),
  }
}

export const oracle: Readonly<Record<'oci-layout' | 'index.json' | 'index' | 'manifest' | 'config', Rule>> = {
  'oci-layout': {
    type: 'object',
    properties: { imageLayoutVersion: { type: 'string', isRequired: true, values: ['1.0.0'] } },
  },
  'index.json': document('index', { manifests: needed({ type: 'array', items: descriptor }) }),
  index: document('index', { manifests: needed({ type: 'array', items: descriptor }) }),
  manifest: document('manifest', {
    config: needed(descriptor),
    layers: needed({ type: 'array', items: descriptor }),
  }),
  config: nullable({
    type: 'object',
    properties: {
      created: like(dateTime),
      author: string,
      architecture: needed(string),
      os: needed(string),
      'os.version': string,
      'os.features': strings,
      variant: string,
      config: {
        type: 'object',
        properties: {
          User: string,
          ExposedPorts: emptyObjects(port),
          Env: { type: 'array', items: like(variable) },
          Entrypoint: strings,
          Cmd: strings,
          Volumes: emptyObjects(),
          WorkingDir: string,
          Labels: annotations,
          StopSignal: string,
          ArgsEscaped: { type: 'boolean' },
          Memory: integer,
          MemorySwap: integer,
          CpuShares: integer,
          Healthcheck: { type: 'object', properties: {} },
        },
      },
      rootfs: needed({
        type: 'object',
        properties: {
          type: needed({ type: 'string', values: ['layers'] }),
          diff_ids: needed({ type: 'array', items: like(digest) }),
        },
      }),
      history: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            created: like(dateTime),
            author: string,
            created_by: string,
            comment: string,
            empty_layer: { type: 'boolean' },
          },
        },
      },
    },
  }),
}

/** @param value undefined when the property is absent. */
export function isAllowed(rule: Rule, value: unknown): boolean {
  const { type, isRequired = false, mayBeNull = false, grammar, values, items, properties = {} } = rule
  const { minimum = -Infinity } = rule
  if (value === undefined) return !isRequired
  if (value === null) return mayBeNull
  if (values !== undefined && !values.includes(value)) return false
  switch (type) {
    case 'string':
      return typeof value === 'string' && (grammar === undefined || grammar.matches(value))
    case 'boolean':
      return typeof value === 'boolean'
    case 'integer':
      return Number.isInteger(value) && (value as number) >= minimum
    case 'array':
      return Array.isArray(value) && value.every((item) => isAllowed(needed(items!), item))
    case 'map':
    case 'object': {
      if (typeof value !== 'object' || Array.isArray(value)) return false
      const entries = Object.entries(value)
      if (type === 'map') {
        return entries.every(([key, item]) => (grammar?.matches(key) ?? true) && isAllowed(needed(items!), item))
      }
      return Object.entries(properties).every(([name, inner]) =>
        isAllowed(inner, Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined),
      )
    }
  }
}
