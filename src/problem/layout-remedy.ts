/** What can be done about a layout, as data: `report/` words it with paths as the user would type them. Paths are absolute. */
export type LayoutRemedy =
  /** The layout, or what is in it, may not be read. */
  | { readonly kind: 'let-read'; readonly path: string; readonly isDirectory: boolean }
  /** A directory above it may not be searched. */
  | { readonly kind: 'let-search'; readonly directory: string }
  /** The system refuses for a reason that has nothing to do with the layout. */
  | { readonly kind: 'system'; readonly code: string }
  /** With `output` the program writes to its standard output, as it does not know the ending of the name. */
  | { readonly kind: 'decompress'; readonly command: string; readonly file: string; readonly output?: string }
  /** It is what skopeo calls so. `source`: which of its images. */
  | {
      readonly kind: 'convert'
      readonly transport: 'dir' | 'docker-archive'
      readonly path: string
      readonly source?: string
    }
  /** Its links lead out: a copy has files instead. */
  | { readonly kind: 'copy'; readonly directory: string }
  /** A blob has another place than the one that its digest says. */
  | { readonly kind: 'move'; readonly from: string; readonly to: string }
  /** The same in an archive. `directory`: where it can be unpacked; `from` and `to` are inside of that. */
  | {
      readonly kind: 'move-unpacked'
      readonly archive: string
      readonly directory: string
      readonly from: string
      readonly to: string
    }
