/** Grammars of texts in documents that the image spec takes from RFCs. */

/** RFC 6838, section 4.2, as the pattern of image-spec's `schema/defs-descriptor.json` has it. */
const restrictedName = '[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}'
const mediaType = new RegExp(`^${restrictedName}/${restrictedName}$`)

export function isMediaType(text: string): boolean {
  return mediaType.test(text)
}

// RFC 3986, appendix A. No two alternatives begin with the same character, so a text is read in one pass.
const escaped = '%[0-9A-Fa-f]{2}'
const plain = "-A-Za-z0-9._~!$&'()*+,;="
const segment = `(?:[${plain}:@]|${escaped})`
const userinfo = `(?:[${plain}:]|${escaped})*@`
const host = `(?:\\[[0-9A-Fa-f:.]+\\]|\\[v[0-9A-Fa-f]+\\.[${plain}:]+\\]|(?:[${plain}]|${escaped})*)`
const authority = `(?:${userinfo})?${host}(?::[0-9]*)?`
const path = `(?://${authority}(?:/${segment}*)*|/?(?:${segment}+(?:/${segment}*)*)?)`
const uri = new RegExp(`^[A-Za-z][A-Za-z0-9+.-]*:${path}(?:\\?(?:${segment}|[/?])*)?(?:#(?:${segment}|[/?])*)?$`)

/** A URI with its scheme, not a relative reference. */
export function isUri(text: string): boolean {
  return uri.test(text)
}

const dateTime = /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/

/**
 * Whether the text is a date and time of RFC 3339, section 5.6, that readers in Go take: they refuse the lower-case `t`
 * and `z` and the leap second that the RFC allows (skopeo 1.9.3: `cannot parse "t03:04:05Z" as "T"`).
 */
export function isDateTime(text: string): boolean {
  const [, year, month, day] = (dateTime.exec(text) ?? []).map(Number)
  if (year === undefined || month === undefined || day === undefined) return false
  const isLeapYear = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  const lengths = [31, isLeapYear ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
  return day >= 1 && day <= (lengths[month - 1] ?? 0)
}

const port = '(?:[1-9][0-9]{0,4})'
const exposedPort = new RegExp(`^(${port})(?:-(${port}))?(?:/(?:tcp|udp|sctp))?$`, 'i')

/**
 * config.md names `port`, `port/tcp` and `port/udp`. Engines also take a range, SCTP and capitals; podman creates no
 * container from an image with any other key.
 */
export function isExposedPort(text: string): boolean {
  const [, first, last = first] = exposedPort.exec(text) ?? []
  return first !== undefined && Number(first) <= Number(last) && Number(last) <= 65_535
}

/** `VARNAME=VARVALUE`. umoci and podman refuse an empty name, and umoci also an entry without `=`. */
export function isVariable(text: string): boolean {
  return text.indexOf('=') > 0
}
