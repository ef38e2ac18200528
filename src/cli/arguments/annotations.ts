/** `--annotation [index:|manifest-descriptor[PLATFORM]:]KEY=VALUE`, with the prefixes that buildx has. */
import { isPlatform, parsePlatform, type Platform } from '../../oci/platform.js'

interface Annotation {
  readonly of: 'index' | 'manifest-descriptor'
  /** The one platform that is meant; all when absent. */
  readonly platform?: Platform
  readonly key: string
  readonly value: string
}

export function parseAnnotations(texts: readonly string[], add: (message: string) => void): Annotation[] {
  return texts.flatMap((text): Annotation[] => {
    const [, prefix, platform, assignment = ''] = /^(?:([a-z-]+)(?:\[([^\]]*)\])?:)?(.*)$/s.exec(text) ?? []
    const equals = assignment.indexOf('=')
    if (equals < 1) {
      add(`--annotation is KEY=VALUE, index:KEY=VALUE or manifest-descriptor[PLATFORM]:KEY=VALUE; found "${text}"`)
      return []
    }
    const pair = { key: assignment.slice(0, equals), value: assignment.slice(equals + 1) }
    if (platform === undefined && (prefix === undefined || prefix === 'index')) return [{ of: 'index', ...pair }]
    if (prefix !== 'manifest-descriptor') {
      add(
        platform === undefined
          ? `--annotation "${text}": only index: and manifest-descriptor: can be annotated, since images are taken as they are`
          : `--annotation "${text}": a platform in brackets must follow manifest-descriptor`,
      )
      return []
    }
    if (platform === undefined) return [{ of: prefix, ...pair }]
    const parsed = parsePlatform(platform)
    if ('error' in parsed) add(`--annotation "${text}": ${parsed.error}`)
    return 'error' in parsed ? [] : [{ of: prefix, platform: parsed, ...pair }]
  })
}

/** Those of one place; the last of one key counts. */
export function annotationsFor(
  annotations: readonly Annotation[],
  of: Annotation['of'],
  platform?: Platform,
): Readonly<Record<string, string>> {
  const own = annotations.filter(
    (one) => one.of === of && (!one.platform || (platform && isPlatform(one.platform, platform))),
  )
  return Object.fromEntries(own.map(({ key, value }) => [key, value]))
}
