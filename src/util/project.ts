/** Names that make a directory a project. */

/** What mab remembers of a project; may be deleted at any time. */
export const stateDirectoryName = '.mab'

export const configExtensions = ['ts', 'mts', 'js', 'mjs', 'json', 'yaml', 'yml'] as const

export const configNames = configExtensions.map((extension) => `multiarch.config.${extension}`)
