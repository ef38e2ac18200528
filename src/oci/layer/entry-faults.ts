/** What can be wrong with an entry of a layer. docs/verify.md has a table of what each container engine does with it. */

export interface EntryFault {
  readonly code: 'layer-entry-escapes' | 'layer-entry-refused' | 'layer-entry-repeated' | 'layer-entry-unportable'
  readonly expected: string
  readonly found: string
}

export function escapes(found: string): EntryFault {
  return { code: 'layer-entry-escapes', expected: 'an entry inside the root of the image', found }
}

export function refused(found: string): EntryFault {
  return { code: 'layer-entry-refused', expected: 'an entry that container engines unpack', found }
}

export function unportable(found: string): EntryFault {
  return { code: 'layer-entry-unportable', expected: 'an entry that all container engines unpack alike', found }
}

export const belowOther = refused('an entry below something that is not a directory')

export const repeatedFault: EntryFault = {
  code: 'layer-entry-repeated',
  expected: 'each path once in a layer',
  found: 'an entry with the path of an earlier one',
}
