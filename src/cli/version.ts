/** The package's version: put in when the package is built. */
declare const MAB_VERSION: string

export const version: string = typeof MAB_VERSION === 'string' ? MAB_VERSION : 'development'
