/** The grammars of names: a layout's references and a registry's repositories. */

/** `org.opencontainers.image.ref.name` (image spec, annotations.md "Pre-Defined Annotation Keys"). */
const component = '[A-Za-z0-9]+(?:(?:[-._:@+]|--)[A-Za-z0-9]+)*'
const referencePattern = new RegExp(`^${component}(?:/${component})*$`)

/** A tag of the distribution spec; what `:REF` can address in every client. */
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/

/** `[host[:port]/]path` of the distribution reference grammar: lower case, no scheme. */
const label = '[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?'
const host = `(?:${label}(?:\\.${label})*(?::[0-9]+)?/)?`
const pathComponent = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const repositoryPattern = new RegExp(`^${host}${pathComponent}(?:/${pathComponent})*$`)

export function isReference(text: string): boolean {
  return referencePattern.test(text)
}

export function isTag(text: string): boolean {
  return tagPattern.test(text)
}

export function isRepository(text: string): boolean {
  return repositoryPattern.test(text)
}

/** Splits `repository:tag`; the tag is absent when there is none (a port's colon is not one). */
export function splitName(name: string): { readonly repository: string; readonly tag?: string } {
  const colon = name.lastIndexOf(':')
  return colon > name.lastIndexOf('/')
    ? { repository: name.slice(0, colon), tag: name.slice(colon + 1) }
    : { repository: name }
}
