/** The part of it that is used. The package has no types. */
declare module 'micromatch' {
  const micromatch: {
    matcher(pattern: string, options: { readonly dot: boolean }): (text: string) => boolean
  }
  export default micromatch
}
